/*
 * wait_unguarded.c - linked statically, so that no preload reaches it: waits to be killed.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(void)
{
	return pause();
}
