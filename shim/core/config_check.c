/*
 * config_check.c - settings that contradict each other; see config.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <errno.h>

enum { LEAST_TICK_NS = 1000000 };

static int disagree(struct fmt *why, const char *what)
{
	fmt_str(why, CONFIG_PREFIX);
	fmt_str(why, what);
	return -EINVAL;
}

static int check_spikes(const struct config *config, struct fmt *why)
{
	bool has_grace = config->mem_grace_ns != CONFIG_UNSET;
	bool has_hard = config->mem_hard != RL_UNLIMITED;

	if (has_grace && config->limit[RL_MEM] == RL_UNLIMITED)
		return disagree(why, "MEM_GRACE: there is no RESLIMIT_MEM that it could lift; give that too");
	if (has_grace && !has_hard)
		return disagree(why, "MEM_GRACE: has no ceiling; give RESLIMIT_MEM_HARD too");
	if (has_hard && !has_grace)
		return disagree(why,
				"MEM_HARD: without a time would never be used; give RESLIMIT_MEM_GRACE too");
	if (!has_hard || config->mem_hard >= config->limit[RL_MEM])
		return 0;
	disagree(why, "MEM_HARD=");
	fmt_int(why, config->mem_hard);
	fmt_str(why, ": less than RESLIMIT_MEM, which is ");
	fmt_int(why, config->limit[RL_MEM]);
	fmt_str(why, " bytes; give at least as much");
	return -EINVAL;
}

int config_check(const struct config *config, struct fmt *why)
{
	if (check_spikes(config, why))
		return -EINVAL;
	if (config->reserve && config->limit[RL_MEM] == RL_UNLIMITED &&
	    config->limit[RL_MEM_GROWTH] == RL_UNLIMITED)
		return disagree(
			why,
			"RESERVE: nothing is ever refused without a limit; give RESLIMIT_MEM or MEM_GROWTH");
	if (config->rss_grace_ns != CONFIG_UNSET && config->limit[RL_RSS] == RL_UNLIMITED &&
	    config->limit[RL_RSS_GROWTH] == RL_UNLIMITED)
		return disagree(
			why,
			"RSS_GRACE: there is no limit that it could lift; give RESLIMIT_RSS or RSS_GROWTH");
	if (config->tick_ns < LEAST_TICK_NS) {
		disagree(why, "TICK=");
		fmt_int(why, config->tick_ns);
		fmt_str(why, "ns: looking would be all that is done; give 1ms or more");
		return -EINVAL;
	}
	return 0;
}
