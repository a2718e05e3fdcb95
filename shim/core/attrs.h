/*
 * attrs.h - attributes used everywhere; nothing here has behaviour.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_ATTRS_H
#define RL_CORE_ATTRS_H

#define RL_EXPORT __attribute__((visibility("default")))
/* For variables of another file: reached directly, without a detour over the GOT. */
#define RL_HIDDEN	      __attribute__((visibility("hidden")))
#define RL_LIKELY(x)	      __builtin_expect(!!(x), 1)
#define RL_UNLIKELY(x)	      __builtin_expect(!!(x), 0)
#define RL_COLD		      __attribute__((cold, noinline))
#define RL_HOT		      __attribute__((hot))
#define RL_INLINE	      static inline __attribute__((always_inline))
#define RL_NORETURN	      __attribute__((noreturn))
#define RL_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))

/* Another name of a function, with all that the compiler knows of it. */
#if __has_attribute(copy)
#define RL_ALIAS(of) __attribute__((alias(#of), copy(of)))
#else
#define RL_ALIAS(of) __attribute__((alias(#of)))
#endif

/*
 * For large variables that most processes never touch: behind all others, so
 * that what every start writes lies together, on the page that the loader has
 * touched already. A page more is 3 us more. See --sort-section in the Makefile.
 */
#define RL_SELDOM __attribute__((section(".bss.seldom")))

/* A few words per thread in the static TLS block: no allocation, no call. */
#define RL_THREAD_LOCAL __thread __attribute__((tls_model("initial-exec")))

#define RL_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
