#!/bin/bash
# java.sh - a virtual machine that handles SIGSEGV itself and maps its heap in advance; only in long runs.
#
# SPDX-License-Identifier: MIT
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
if ! long || ! command -v java >/dev/null || ! command -v javac >/dev/null; then
	echo "ok java_is_left_to_long_runs_where_it_is_installed"
	exit 0
fi
cat >"$scratch/T.java" <<'JAVA'
public class T {
	public static void main(String[] a) throws Exception {
		if (a.length > 0 && a[0].equals("fill")) for (var l = new java.util.ArrayList<byte[]>();;) l.add(new byte[1000000]);
		if (a.length > 0) { for (;;) { } }
		long s = 0;
		Object n = null;
		for (int i = 0; i < 1000000; i++) s += i;
		try { n.toString(); } catch (NullPointerException e) { System.out.println("npe"); }
		Thread t = new Thread(() -> System.out.println("thread"));
		t.start(); t.join();
		System.out.println(s);
		System.exit(3);
	}
}
JAVA
javac -d "$scratch" "$scratch/T.java" || exit 1
same java_works java -cp "$scratch" T
stops java_reports_what_memory_it_lacks 1 mem 'insufficient memory|OutOfMemoryError' --mem 200M -- \
	java "-XX:ErrorFile=$scratch/error" -cp "$scratch" T fill
stops java_reports_what_threads_it_lacks 1 threads 'EAGAIN' --threads 5 -- java -cp "$scratch" T
stops java_is_stopped_in_time 124 wall '' --wall 1s -- java -cp "$scratch" T spin
stops java_uses_up_its_processor_time any cpu '' --cpu 2s -- java -cp "$scratch" T spin
exit "$failed"
