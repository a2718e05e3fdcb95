#!/bin/bash
# sigsafe.sh - what the core and the preload call from libc is on a list of functions that neither allocate
# nor lock; the core, which also runs in the timer thread that libc does not know, keeps to the shorter one.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"

# Pure functions of memory and strings.
pure='memcpy memset memcmp memchr memmove strlen strncpy strstr strspn sigfillset __popcountdi2 strcmp strncmp strchr strrchr strnlen
__cmsg_nxthdr gnu_dev_makedev'
# In the constructor, or where the function is ready for it.
once='pthread_key_create pthread_getspecific pthread_setspecific pthread_self pthread_getcpuclockid at_quick_exit on_exit gnu_get_libc_version
__libc_current_sigrtmin __libc_current_sigrtmax getauxval program_invocation_name __libc_single_threaded dlsym dlerror dlvsym dladdr dl_iterate_phdr _r_debug environ __environ __errno_location'
# In the host of a plug-in, a process of its own that only shares the object file.
once+=' dlopen'
# Behind pthread_cleanup_push() and pop(), around functions that may be cancelled.
once+=' __sigsetjmp __pthread_register_cancel __pthread_unregister_cancel __pthread_unwind_next'
ours=$(nm "$build"/shim/core/*.o "$build"/shim/preload/*.o 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | sort -u)

# shellcheck disable=SC2086 # lists of words
# Undefined symbols of object $1 that are neither ours nor in the list $2.
foreign() {
	nm -u "$1" | awk '{ print $NF }' | sed 's/@.*//' | grep -vxF "$ours" |
		grep -vxF "$(printf '%s\n' $2)" | grep -vxE '_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|_DYNAMIC'
}

# What objects of the folder $1 call beyond the list $2, a line for each object.
calls_beyond() {
	local object extra
	for object in "$build/shim/$1"/*.o; do
		extra=$(foreign "$object" "$2" | tr '\n' ' ')
		[ -z "$extra" ] || echo "$object: $extra"
	done
}

rule "the_core_calls_pure_functions_only" "$(calls_beyond core "$pure")"
rule "the_preload_calls_nothing_that_allocates_or_locks" "$(calls_beyond preload "$pure $once")"
exit "$failed"
