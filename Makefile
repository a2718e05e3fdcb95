# reslimit: builds, tests and installs. The user's CC, CFLAGS, CPPFLAGS,
# LDFLAGS, prefix and DESTDIR come last and win; ours are RL_*.
prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
# make's own default is cc; a CC of the user's still wins.
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -g
B ?= build

VERSION := $(shell cat VERSION)
RL_WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(WERROR),-Werror)
RL_CPP := -D_GNU_SOURCE -DRL_VERSION='"$(VERSION)"'
RL_C := -std=gnu11 $(RL_WARN) -MMD -MP
# The shim: hidden symbols, initial-exec TLS, no builtin may turn a wrapper into a call of itself, no stack
# protector because the timer thread has no libc TLS to keep a canary in.
RL_SHIM := -fPIC -fvisibility=hidden -ftls-model=initial-exec -fno-builtin -fno-stack-protector \
	-U_FORTIFY_SOURCE -Ishim -I$(B)/generated
# Most of the shim is resident in each guarded process, and little of it runs often: that little is made fast.
RL_SMALL := -Os
RL_FAST := -O2
# Intel processors from Skylake to Cascade Lake decode a jump anew each time when it crosses or ends a block of 32
# bytes: left to chance, that costs malloc and free a tenth. An assembler that cannot help is left alone.
RL_FAST += $(shell for option in -Wa,-mbranches-within-32B-boundaries -mbranches-within-32B-boundaries; do \
	$(CC) $$option -x c -c -o /dev/null /dev/null 2>/dev/null && echo $$option && break; done)
RL_SHIM_LD := -shared -Wl,-soname,libreslimit_preload.so -Wl,-z,defs,-z,relro,-z,now,-z,nodelete,-z,noseparate-code \
	-Wl,--sort-section=name -Wl,--version-script=$(B)/exports.map -Wl,-T,$(B)/seldom.ld
# What only the tools need besides libc, and only its headers: it is loaded where it is used (tables.c). One that is
# missing says so there.
RL_PC = $(shell pkg-config $(1) smartcols 2>/dev/null)
RL_TOOL := -Ishim -Wfatal-errors $(call RL_PC,--cflags)
RL_TOOL_LIBS := -lpthread -ldl

CORE_SRC := $(wildcard shim/core/*.c) $(wildcard shim/core/*.S)
PRELOAD_SRC := $(wildcard shim/preload/*.c) $(wildcard shim/preload/*.S)
API_SRC := $(wildcard shim/api/*.c)
TOOL_SRC := $(wildcard tools/*.c)
# What each fork and exit runs lies together: the kernel maps a file's pages anew in each child, 64 KiB at a fault.
FORK_SRC := $(patsubst %,shim/%.c,preload/interpose_exec core/ledger_file preload/exec_mark preload/environment \
	preload/lifecycle preload/interpose_process preload/forkguard preload/newborn preload/member core/ledger_lock core/slots \
	core/slots_reach core/trace preload/own_leash preload/interpose_thread preload/timer_thread core/watchdog \
	preload/late_start preload/kernel_timer preload/backstop core/stacks core/breach core/leader \
	preload/raw_threads preload/progress_word preload/environment_loan preload/callback preload/seccomp \
	core/step_signals core/accounts core/tree core/sweep core/procfs core/grades core/progress core/record \
	preload/interpose_exit preload/memory core/stops core/nap core/schedule core/meter_time core/procread core/procfile \
	core/private_files core/stacks_process core/approach core/fmt core/actions core/time_namespace)
# What few starts run lies behind the rest, with its constants, the likelier first: around a page that is touched the
# kernel maps others, up to 64 KiB of them, and they count as resident.
SELDOM_SRC := $(patsubst %,shim/%.c,core/glob core/conditions core/procstatus core/record_text core/record_verdict \
	core/fmt_json preload/interpose_remap preload/interpose_segment preload/interpose_clone preload/interpose_syscall \
	preload/interpose_daemon preload/interpose_identity preload/resume_call preload/view_list preload/serving \
	core/denial preload/callsite preload/shared_objects core/tasks core/seize core/signal_state core/accounts_mend \
	core/filter_program core/leash_socket core/ledger_users core/meter_plugin preload/plugin_loop preload/plugin_sample \
	core/modules core/peek core/stacks_walk core/stacks_text core/unwind core/cfi core/cfi_find \
	core/cfi_expression core/syscall_names)
SHIM_SRC := $(CORE_SRC) $(PRELOAD_SRC) $(API_SRC)
SHIM_OBJ := $(patsubst %,$(B)/%.o,$(FORK_SRC) $(filter-out $(FORK_SRC),$(SHIM_SRC)))
CORE_OBJ := $(patsubst %,$(B)/%.o,$(CORE_SRC))
TOOL_OBJ := $(patsubst %,$(B)/%.o,$(TOOL_SRC))
LIB := $(B)/libreslimit_preload.so

all: $(LIB) $(B)/reslimit $(B)/reslimit-env

$(LIB): $(SHIM_OBJ) $(B)/exports.map $(B)/seldom.ld
	$(CC) $(RL_SHIM_LD) $(CFLAGS) $(LDFLAGS) -o $@.tmp $(SHIM_OBJ) -lc && mv $@.tmp $@

$(B)/reslimit: $(TOOL_OBJ) $(CORE_OBJ)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(RL_TOOL_LIBS)

$(B)/reslimit-env: tools/reslimit-env
	install -m 755 $< $@

# The system calls that this machine's kernel headers know.
$(B)/generated/syscall_names.def: $(B)/flags
	@mkdir -p $(@D)
	echo '#include <sys/syscall.h>' | $(CC) $(CPPFLAGS) -E -dM - | \
	  sed -n 's/^#define SYS_\([a-z0-9_]*\) .*/RL_SYSCALL(\1)/p' | sort >$@
$(B)/shim/core/syscall_names.c.o: $(B)/generated/syscall_names.def

# Every hook in interpose.def is exported, the API's names too, and nothing else.
$(B)/exports.map: shim/preload/interpose.def $(wildcard shim/api/*.h) Makefile $(B)/flags
	{ echo '{ global:'; sed -n 's/^RL_[A-Z]*HOOK(\([A-Za-z0-9_]*\).*/\t\1;/p' shim/preload/interpose.def; \
	  echo '	reslimit_*;'; echo 'local: *; };'; } >$@

# Goes into the linker's own script, so that constants of files that often run stay beside their code.
$(B)/seldom.ld: $(SELDOM_SRC) Makefile $(B)/flags
	{ echo 'SECTIONS { .text.seldom : {'; for file in $(filter %.c,$^); do \
	  echo "*/$$file.o(.rodata .rodata.* .text .text.*)"; done; echo '} } INSERT AFTER .rodata;'; } >$@

$(addprefix $(B)/shim/,core/cells.c.o preload/heap.c.o preload/interpose_heap.c.o preload/mappings.c.o): RL_SMALL := $(RL_FAST)
$(B)/shim/%.c.o: shim/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_C) $(RL_CPP) $(RL_SHIM) $(RL_SMALL) $(CPPFLAGS) $(CFLAGS) -fno-stack-protector -c -o $@ $<
$(B)/shim/%.S.o: shim/%.S $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_SHIM) $(CPPFLAGS) -c -o $@ $<
# The one that knows where things are installed.
$(B)/tools/library.c.o: $(B)/libdir
$(B)/tools/library.c.o: RL_TOOL += -DRL_LIBDIR='"$(libdir)"'
$(B)/tools/%.c.o: tools/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(RL_C) $(RL_CPP) $(RL_TOOL) -O2 $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# Written only when they change, so that a rebuild is silent otherwise.
$(B)/flags: RL_NOW = $(CC) $(CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(RL_WARN) $(RL_SHIM) $(RL_SMALL) $(RL_FAST) $(VERSION)
$(B)/libdir: RL_NOW = $(libdir)
$(B)/flags $(B)/libdir: FORCE
	@mkdir -p $(B)
	@echo '$(RL_NOW)' | cmp -s - $@ || echo '$(RL_NOW)' >$@

include tests/tests.mk

install: all
	install -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir) $(DESTDIR)$(datadir)/reslimit/profiles \
		$(DESTDIR)$(datadir)/reslimit/plugins $(DESTDIR)$(includedir) $(DESTDIR)$(mandir)/man1 $(DESTDIR)$(mandir)/man7
	for f in reslimit reslimit-env; do install -m 755 $(B)/$$f $(DESTDIR)$(bindir)/.$$f.new && \
		mv $(DESTDIR)$(bindir)/.$$f.new $(DESTDIR)$(bindir)/$$f || exit 1; done
	install -m 755 $(LIB) $(DESTDIR)$(libdir)/.libreslimit_preload.so.new
	mv $(DESTDIR)$(libdir)/.libreslimit_preload.so.new $(DESTDIR)$(libdir)/libreslimit_preload.so
	install -m 644 conf/profiles/* $(DESTDIR)$(datadir)/reslimit/profiles
	install -m 644 conf/plugins/* $(DESTDIR)$(datadir)/reslimit/plugins
	install -m 644 shim/api/reslimit.h $(DESTDIR)$(includedir)
	for f in tools/*.1; do install -m 644 $$f $(DESTDIR)$(mandir)/man1 || exit 1; done
	for f in tools/*.7; do install -m 644 $$f $(DESTDIR)$(mandir)/man7 || exit 1; done

uninstall:
	rm -f $(DESTDIR)$(bindir)/reslimit $(DESTDIR)$(bindir)/reslimit-env $(DESTDIR)$(libdir)/libreslimit_preload.so
	rm -f $(patsubst tools/%,$(DESTDIR)$(mandir)/man1/%,$(wildcard tools/*.1))
	rm -f $(patsubst tools/%,$(DESTDIR)$(mandir)/man7/%,$(wildcard tools/*.7))
	rm -f $(DESTDIR)$(includedir)/reslimit.h
	rm -rf $(DESTDIR)$(datadir)/reslimit

clean:
	rm -rf $(B)

FORCE:
.PHONY: all install uninstall clean FORCE check check-long bench demo deps static
.DELETE_ON_ERROR:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
