/*
 * do_nothing.c - linked statically: what exec costs when nothing is loaded, and so nothing guarded, behind
 * it.
 *
 * SPDX-License-Identifier: MIT
 */
int main(void)
{
	return 0;
}
