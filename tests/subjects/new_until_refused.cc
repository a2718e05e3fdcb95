/*
 * new_until_refused.cc - operator new throws bad_alloc when over budget, and works again after delete.
 *
 * SPDX-License-Identifier: MIT
 */
#include <cstdio>
#include <cstdlib>
#include <new>
#include <thread>
#include <vector>

struct alignas(256) wide {
	char bytes[1 << 20];
};

int main(int argc, char **argv)
{
	size_t limit = argc > 1 ? strtoul(argv[1], nullptr, 0) : 64;
	std::vector<wide *> kept;

	kept.reserve(10 * limit);
	for (int round = 0; round < 2; round++) {
		try {
			for (;;)
				kept.push_back(new wide);
		} catch (const std::bad_alloc &) {
			printf("blocks%d=%zu\n", round, kept.size());
		}
		for (wide *block : kept)
			delete block;
		kept.clear();
	}
	printf("nothrow=%d\n", new (std::nothrow) char[limit << 21] != nullptr);
	std::thread([] { printf("thread\n"); }).join();
	return 0;
}
