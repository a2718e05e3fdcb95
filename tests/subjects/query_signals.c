/*
 * query_signals.c - says what every signal does, before and after handlers of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

static void handle(int sig)
{
	(void)sig;
}

static void handle_too(int sig)
{
	(void)sig;
}

static const char *name(void (*handler)(int))
{
	return handler == SIG_DFL      ? "DFL"
	       : handler == SIG_IGN    ? "IGN"
	       : handler == handle     ? "own"
	       : handler == handle_too ? "other"
				       : "foreign";
}

int main(void)
{
	struct sigaction action;
	stack_t stack;

	sigaltstack(NULL, &stack);
	say("altstack flags=%d\n", stack.ss_flags);
	for (int sig = 1; sig < 65; sig++) {
		if (sig == 32 || sig == 33 || sigaction(sig, NULL, &action))
			continue;
		say("%d %s flags=%x", sig, name(action.sa_handler), (unsigned int)action.sa_flags);
		if (sig == SIGKILL || sig == SIGSTOP) {
			say("\n");
			continue;
		}
		say(" first=%s", name(signal(sig, handle)));
		say(" second=%s", name(signal(sig, SIG_DFL)));
		say(" third=%s", name(signal(sig, SIG_IGN)));
		memset(&action, 0, sizeof(action));
		action.sa_handler = handle;
		action.sa_flags = SA_RESTART;
		sigaction(sig, &action, &action);
		say(" fourth=%s", name(action.sa_handler));
		sigaction(sig, NULL, &action);
		say(" fifth=%s flags=%x", name(action.sa_handler),
		    (unsigned int)action.sa_flags & SA_RESTART);
		action.sa_handler = handle_too;
		action.sa_flags = (int)SA_RESETHAND;
		sigaction(sig, &action, NULL);
		action.sa_handler = handle;
		sigaction(sig, &action, &action);
		say(" sixth=%s", name(action.sa_handler));
		sigaction(sig, NULL, &action);
		say(" seventh=%s flags=%x\n", name(action.sa_handler),
		    (unsigned int)action.sa_flags & (unsigned int)SA_RESETHAND);
	}
	return 0;
}
