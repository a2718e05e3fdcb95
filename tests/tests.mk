# tests.mk - builds and runs the tests; included by the Makefile.
#
#   check       unit, preload and shell tests, and a quick look at real programs
#   check-long  the same with every real program, over longer
#   bench       figures against bare and against peers
#   demo        real programs at each limit
#   deps        installs what the tests need and this machine lacks
#   static      formatting and linters
T := $(B)/tests

UNIT_BIN := $(patsubst tests/%.c,$(T)/%,$(wildcard tests/unit/test_*.c))
PRELOAD_BIN := $(patsubst tests/%.c,$(T)/%,$(wildcard tests/preload/test_*.c))
SUBJECT_LIB := $(patsubst tests/%.c,$(T)/%.so,$(wildcard tests/subjects/lib*.c))
SUBJECT_BIN := $(patsubst tests/%.c,$(T)/%,$(filter-out tests/subjects/lib%,$(wildcard tests/subjects/*.c))) \
	$(patsubst tests/%.cc,$(T)/%,$(wildcard tests/subjects/*.cc)) \
	$(patsubst tests/%.c,$(T)/%,$(wildcard tests/collisions/*.c))
HARNESS_OBJ := $(patsubst %.c,$(B)/%.o,$(wildcard tests/harness/*.c))
PLUGIN_LIB := $(patsubst conf/%.c,$(T)/%.so,$(wildcard conf/plugins/*.c))
TEST_BIN := $(UNIT_BIN) $(PRELOAD_BIN) $(SUBJECT_BIN) $(SUBJECT_LIB) $(PLUGIN_LIB)

# Subjects must make the calls that they spell out, so nothing is built in.
RL_DEP = -MMD -MP -MF $@.d -MT $@
RL_TEST := -std=gnu11 -O2 $(RL_WARN) $(RL_CPP) -Ishim -Itests/harness -I.
RL_SUBJECT := -fno-builtin -Wno-unused-result -Wno-infinite-recursion -Wno-clobbered -Wno-restrict \
	-Wno-use-after-free -Wno-unknown-warning-option

check: deps
	@$(MAKE) --no-print-directory all tests
	@BUILD=$(abspath $(B)) CC='$(CC)' tests/run $(TESTS)

check-long: deps
	@$(MAKE) --no-print-directory all tests
	@BUILD=$(abspath $(B)) CC='$(CC)' RL_LONG=1 tests/run $(TESTS)

# What its group "exact" runs.
BENCH_TESTS := $(T)/preload/test_crash $(T)/preload/test_spawn $(T)/subjects/libpidfdspawn.so \
	$(addprefix $(T)/subjects/,churn_at_budget churn_under_kills make_processes)

bench: deps
	@$(MAKE) --no-print-directory all bench-tests
	@BUILD=$(abspath $(B)) tests/bench/run

demo:
	@tests/deps --programs
	@$(MAKE) --no-print-directory all
	@BUILD=$(abspath $(B)) tests/demo

deps:
	@tests/deps

static: deps $(B)/generated/syscall_names.def
	@BUILD=$(abspath $(B)) tests/checks/static.sh

tests: $(TEST_BIN)

bench-tests: $(BENCH_TESTS)

# What a unit test needs of the tools stands before this rule, as prerequisites of its own.
$(T)/unit/test_keeper: $(B)/tools/keeper.c.o
$(T)/unit/test_descendants: $(B)/tools/descendants.c.o
$(T)/unit/test_stamper: $(B)/tools/stamper.c.o
$(T)/unit/test_cgroup: $(B)/tools/cgroup.c.o $(B)/tools/cgroup_find.c.o
$(T)/unit/test_gauges: $(patsubst %,$(B)/tools/%.c.o,gauges_line usage)
$(T)/unit/test_leash: $(B)/tools/supervisor_leash.c.o
$(T)/unit/test_usage: $(B)/tools/usage.c.o
$(T)/unit/test_capture: $(patsubst %,$(B)/tools/%.c.o,capture capture_open keeper stamper cli)

$(T)/unit/%: tests/unit/%.c $(CORE_OBJ) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_TEST) $(RL_DEP) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(filter %.o,$^) $(LDFLAGS) -lcmocka -lpthread

# The core once more, for the sanitizer to see into; that it knows no fences is said in the test.
TSAN_OBJ := $(patsubst %,$(B)/tsan/%.o,$(filter %.c,$(CORE_SRC)))
RL_TSAN := -fsanitize=thread -Wno-tsan -Wno-unknown-warning-option
$(B)/tsan/%.c.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_C) $(RL_CPP) -Ishim -I$(B)/generated $(RL_TSAN) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(B)/tsan/shim/core/syscall_names.c.o: $(B)/generated/syscall_names.def

$(T)/unit/test_races: tests/unit/test_races.c $(TSAN_OBJ) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_TEST) $(RL_DEP) $(RL_TSAN) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(TSAN_OBJ) $(LDFLAGS) -lcmocka

$(T)/preload/%: tests/preload/%.c $(HARNESS_OBJ) $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_TEST) $(RL_DEP) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(HARNESS_OBJ) $(LDFLAGS) -lcmocka -ljansson

$(B)/tests/harness/%.o: tests/harness/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_TEST) $(RL_DEP) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(T)/subjects/start_with_early_library: RL_LIBS = -L$(@D) -learly -Wl,-rpath,'$$ORIGIN'
$(T)/subjects/start_with_early_library: $(T)/subjects/libearly.so

# At a fixed place, and with the table of symbols that some linkers still make alone.
$(T)/subjects/take_address: RL_LIBS = -fno-pie -no-pie -Wl,--hash-style=sysv

$(T)/subjects/wait_unguarded: RL_LIBS = -static

$(T)/subjects/libaway.so: RL_PLACE = -Wl,-Ttext-segment=0x10000000

$(T)/subjects/%.so: tests/subjects/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_TEST) $(RL_SUBJECT) $(RL_DEP) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $< $(LDFLAGS) $(RL_PLACE)

# As their authors build them, warnings apart.
$(T)/plugins/%.so: conf/plugins/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_WARN) $(RL_DEP) -Ishim/api $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $< $(LDFLAGS)

$(T)/subjects/%: tests/subjects/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_TEST) $(RL_SUBJECT) $(RL_DEP) $(CPPFLAGS) $(CFLAGS) -O1 -o $@ $< $(LDFLAGS) $(RL_LIBS)

$(T)/subjects/%: tests/subjects/%.cc $(B)/flags
	@mkdir -p $(@D)
	$(CXX) -std=gnu++17 -Wall -Wextra $(RL_DEP) $(CPPFLAGS) -O0 -g -o $@ $< $(LDFLAGS)

# Every symbol that our objects share with each other, but for what the library exports.
$(T)/collisions/names.h: $(SHIM_OBJ) $(B)/exports.map
	@mkdir -p $(@D)
	nm --defined-only $(SHIM_OBJ) | awk 'NF == 3 && $$2 ~ /[A-Z]/ { print $$3 }' | sort -u | \
	  grep -vxF "$$(sed -n 's/^\t\(.*\);/\1/p' $(B)/exports.map)" | grep -v '^reslimit_' | sed 's/.*/NAME(&)/' >$@

$(T)/collisions/%: tests/collisions/%.c $(T)/collisions/names.h $(B)/flags
	@mkdir -p $(@D)
	$(CC) -I$(@D) $(RL_TEST) $(RL_SUBJECT) $(RL_DEP) $(CPPFLAGS) $(CFLAGS) -rdynamic -o $@ $< $(LDFLAGS)

.PHONY: tests bench-tests
