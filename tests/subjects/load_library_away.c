/*
 * load_library_away.c - loads LIBRARY, is refused memory in it, and says where its function stands in the
 * file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dlfcn.h>
#include <link.h>
#include <stdint.h>

int main(int argc, char **argv)
{
	void *library = dlopen(argv[argc - 1], RTLD_NOW);
	void *symbol = library ? dlsym(library, "refused_away") : NULL;
	int (*refused_away)(size_t);
	struct link_map *map;

	if (!symbol || dlinfo(library, RTLD_DI_LINKMAP, &map))
		return 1;
	*(void **)&refused_away = symbol;
	say("symbol=%lu\n", (unsigned long)((uintptr_t)symbol - map->l_addr));
	say("refused=%d\n", refused_away(1 << 30));
	return 0;
}
