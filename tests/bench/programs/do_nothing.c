/*
 * do_nothing.c - linked statically: what exec costs when nothing is loaded behind it, nor guarded.
 *
 * SPDX-License-Identifier: MIT
 */
int main(void)
{
	return 0;
}
