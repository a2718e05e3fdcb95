#!/bin/bash
# sqlite3.sh - a database under limits: equal results, and a clean error when memory ends.
#
# SPDX-License-Identifier: MIT
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/real/common.sh
. tests/real/common.sh
need sqlite3

rows=20000
if long; then rows=1000000; fi
same sqlite3_computes_the_same sqlite3 :memory: "create table t as with recursive c(x) as (select 1 union all select x + 1 from c
	where x < $rows) select x, hex(x * 7919 % 10007) as h from c; create index i on t(h); select count(distinct h), sum(x) from t;
	select h, count(*) from t group by h order by 2 desc, 1 limit 5;"
stops sqlite3_reports_out_of_memory any mem 'out of memory' --mem 32M -- \
	sqlite3 :memory: 'select length(hex(zeroblob(20000000)))'
stops sqlite3_is_stopped_in_time 124 wall '' --wall 300ms -- \
	sqlite3 :memory: 'with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c'
exit "$failed"
