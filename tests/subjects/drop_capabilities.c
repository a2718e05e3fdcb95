/*
 * drop_capabilities.c - gives up its capabilities and says how many threads still have some.
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/capability.h>

#include "subject.h"

int capset(void *header, const void *data); /* libc exports it and declares it nowhere */

int main(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
	long all, without;

	if (capset(&header, none))
		return 77;
	without = count_threads_with("\nCapEff:\t0000000000000000", &all);
	say("with=%ld\nwithout=%ld\n", all - without, without);
	return 0;
}
