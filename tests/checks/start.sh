#!/bin/bash
# start.sh - what a guarded start asks of the kernel, and how much of the library it, and a fork, touches.
#
# Times depend on the machine; calls and pages are what they are made of.
#
# SPDX-License-Identifier: MIT
# shellcheck source=tests/harness/rules.sh
. "$(dirname "$0")/../harness/rules.sh"
build=$(realpath "$build") || exit 1
library=$build/libreslimit_preload.so
count=$build/tests/subjects/count_calls
[ -e "$library" ] && [ -x "$count" ] || exit 77
unset LD_PRELOAD

# A /dev/shm of its own: others' ledgers would be looked at, and may be anybody's.
alone() {
	unshare -rm sh -c 'mount -t tmpfs none /dev/shm && exec "$@"' sh "$@"
}
alone true 2>/dev/null || {
	echo "skip: nothing may be mounted here"
	exit 77
}

bare=$(alone "$count" /bin/true | sed -n 's/^calls //p')
# A timer thread that had to wait long for a processor also asks why: one start of some that had none to wait for.
for _ in {1..20}; do
	guarded=$(alone "$count" "LD_PRELOAD=$library" RESLIMIT_MEM=1G RESLIMIT_PROCS=9 RESLIMIT_WALL=1h /bin/true)
	opened=$(echo "$guarded" | sed -n 's/^open //p' | grep -E '^/(proc|dev)' | sed 's/reslimit-.*/ledger/')
	[ "$opened" = /dev/shm/ledger ] && break
done
report a_start_opens_its_ledger_and_nothing_else "$opened" /dev/shm/ledger
calls=$(($(echo "$guarded" | sed -n 's/^calls //p') - bare))
few=no
[ "$calls" -gt 20 ] && [ "$calls" -le 110 ] && few=yes
report a_start_makes_few_calls "$few" yes
[ "$few" = yes ] || echo "# $calls beside the program's own"

# The loader writes to the page where .bss begins; each further page costs a fault, and again in each forked child.
bytes=$(find "$build/shim" -name '*.o' -exec size -A -d {} + | awk '$1 == ".data" || $1 == ".bss" { n += $2 } END { print n }')
fits=no
[ "$bytes" -gt 1000 ] && [ "$bytes" -le 3800 ] && fits=yes
report what_each_start_writes_to_fits_a_page "$fits" yes
[ "$fits" = yes ] || echo "# $bytes bytes in .data and .bss: mark large variables that few processes need as RL_SELDOM"
# A variable that asks for a page of its own asks it for all of .bss.
page_of() {
	printf '%d' $((0x$(objdump -h "$library" | awk -v name="$1" '$2 == name { print $4 }') / 4096))
}
report what_each_start_writes_to_is_one_page "$(page_of .bss)" "$(page_of .data)"

# The ledger too, and what the loader has behind our variables. Where the library lies against the kernel's windows
# differs from start to start.
resident() {
	alone env "LD_PRELOAD=$library" RESLIMIT_MEM=1G RESLIMIT_THREADS=9 RESLIMIT_PROCS=9 RESLIMIT_WALL=1h RESLIMIT_CPU=1h \
		RESLIMIT_IDLE=1h RESLIMIT_RSS=1G 'RESLIMIT_WATCH=fds<=99' RESLIMIT_STATUS_FILE=/dev/null cat /proc/self/smaps |
		awk -v library="$library" '
		/^[0-9a-f]+-/ {
			ours = $6 == library || $6 ~ "^/dev/shm/reslimit-" || (is_library && NF == 5)
			is_library = $6 == library
		}
		ours && $1 == "Rss:" { n += $2 }
		END { print n }'
}
most=$(for _ in {1..20}; do resident; done | sort -n | tail -1)
fits=no
[ "$most" -gt 50 ] && [ "$most" -le 256 ] && fits=yes
report a_guarded_process_has_at_most_256_KiB_more_resident "$fits" yes
[ "$fits" = yes ] || echo "# $most KiB: see SELDOM_SRC in the Makefile"

# How a page lies against the windows makes 3 faults more or less, also without us: the mean of many starts, rounded.
fork_faults() {
	for _ in {1..40}; do
		env "$@" "$build/tests/subjects/count_fork_faults" 25
	done | awk -F= '{ n += $2 } END { print n }'
}
more=$((($(fork_faults "LD_PRELOAD=$library" RESLIMIT_MEM=1G) - $(fork_faults A=1) + 20) / 40))
few=no
[ "$more" -le 6 ] && few=yes
report a_fork_touches_few_pages_more "$few" yes
[ "$few" = yes ] || echo "# $more pages"
exit "$failed"
