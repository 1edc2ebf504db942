/* bench_lookup - nanoseconds per look-up, to show that the number of maps and leases hardly counts.
 *
 * Random access: what grows with the number of entries is the share of look-ups that miss the
 * processor's caches. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "random.h"
#include "map.h"
#include "pool.h"

#define QUERIES 65536   /* prepared beforehand; read in order */
#define ROUNDS  5       /* the best one counts */
#define LOOKUPS 2000000 /* per round */

struct query {
	struct ip6 host;
	uint32_t addr;
};

enum what {
	MAP4,
	MAP6,
	POOL4,
	POOL6,
	TOUCH,
	KINDS
};

static const char *const kinds[] = {"map_find4", "map_find6", "pool_find4", "pool_find6",
				    "pool_touch"};

static struct query query[QUERIES];
static struct map_table *maps;
static struct pool *pool;
static int32_t now;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uintptr_t look_up(enum what what, const struct query *q)
{
	struct lease *l;

	switch (what) {
	case MAP4:
		return (uintptr_t)map_find4(maps, q->addr);
	case MAP6:
		return (uintptr_t)map_find6(maps, &q->host);
	case POOL4:
		return (uintptr_t)pool_find4(pool, q->addr);
	case POOL6:
		return (uintptr_t)pool_find6(pool, &q->host, 0);
	default:
		l = pool_find6(pool, &q->host, 0);
		pool_touch(pool, l, ++now);
		return (uintptr_t)l;
	}
}

static double measure(enum what what)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = seconds(), took;

		for (unsigned i = 0; i < LOOKUPS; i++)
			if (!look_up(what, &query[i % QUERIES]))
				abort();
		took = (seconds() - start) / LOOKUPS * 1e9;
		if (took < best)
			best = took;
	}
	return best;
}

static void must(bool ok)
{
	if (ok)
		return;
	fputs("bench_lookup: out of memory\n", stderr);
	exit(EXIT_FAILURE);
}

static void prepare_maps(uint32_t n)
{
	struct map m = {.p4.len = 32, .p6.len = 128};
	size_t other;

	maps = map_table_new();
	must(maps);
	while (map_count(maps) < n) {
		random_fill(&m.p6.addr, sizeof(m.p6.addr));
		m.p4.addr = random_next();
		map_add(maps, &m, &other);
	}
	must(map_seal(maps) == 0);
	for (int i = 0; i < QUERIES; i++) {
		const struct map *some = map_at(maps, random_below(n));

		query[i] = (struct query){some->p6.addr, some->p4.addr};
	}
}

static double prepare_pool(uint32_t n)
{
	static const struct prefix4 range = {10u << 24, 8};
	static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};
	struct lease **lease = calloc(n, sizeof(*lease));
	double start;

	pool = pool_new(&range, 1, &key);
	must(lease && pool);
	start = seconds();
	for (uint32_t i = 0; i < n; i++) {
		struct ip6 host;

		random_fill(&host, sizeof(host));
		lease[i] = pool_assign(pool, &host, 0, 0);
		must(lease[i]);
	}
	start = (seconds() - start) / n * 1e9;
	for (int i = 0; i < QUERIES; i++) {
		const struct lease *some = lease[random_below(n)];

		query[i] = (struct query){some->host, some->addr};
	}
	free(lease);
	return start;
}

int main(void)
{
	static const uint32_t map_sizes[] = {10, 1000, 100000};
	static const uint32_t pool_sizes[] = {10, 1000, 60000, 1000000};
	double took[KINDS][4], assign[4];

	for (int i = 0; i < 3; i++) {
		prepare_maps(map_sizes[i]);
		for (int k = MAP4; k <= MAP6; k++)
			took[k][i] = measure((enum what)k);
		map_table_free(maps);
	}
	for (int i = 0; i < 4; i++) {
		assign[i] = prepare_pool(pool_sizes[i]);
		for (int k = POOL4; k <= TOUCH; k++)
			took[k][i] = measure((enum what)k);
		pool_free(pool);
	}

	printf("%-12s %8s %8s %8s %8s   %s\n", "ns", "10", "1000", "100000", "", "100000 : 10");
	for (int k = MAP4; k <= MAP6; k++)
		printf("%-12s %8.1f %8.1f %8.1f %8s   %.2f\n", kinds[k], took[k][0], took[k][1],
		       took[k][2], "", took[k][2] / took[k][0]);
	printf("%-12s %8s %8s %8s %8s   %s\n", "", "10", "1000", "60000", "1000000", "60000 : 10");
	for (int k = POOL4; k <= TOUCH; k++)
		printf("%-12s %8.1f %8.1f %8.1f %8.1f   %.2f\n", kinds[k], took[k][0], took[k][1],
		       took[k][2], took[k][3], took[k][2] / took[k][0]);
	printf("%-12s %8.1f %8.1f %8.1f %8.1f   (into an empty pool)\n", "pool_assign", assign[0],
	       assign[1], assign[2], assign[3]);
	return EXIT_SUCCESS;
}
