/* bench_lookup - nanoseconds per look-up, which should hardly depend on the number of maps and
 * leases; and the time and memory to build tables of these sizes.
 *
 * The accesses are random, so with more entries a larger part of the look-ups miss the CPU caches.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "support/random.h"
#include "map/map.h"
#include "map/pool.h"

#include "bench.h"
#include "support/plain_pool.h"

#define QUERIES 65536 /* prepared in advance and read in order */

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
static const uint32_t sizes[] = {10, 1000, 100000, 1000000};

#define SIZES (sizeof(sizes) / sizeof(*sizes))

struct built { /* per entry */
	double ns, bytes;
};

static struct query query[QUERIES];
static struct map_table *maps;
static struct pool *pool;
static int32_t now;

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

static void look_up_n(void *arg, unsigned n)
{
	enum what what = *(const enum what *)arg;

	for (unsigned i = 0; i < n; i++)
		bench_must(look_up(what, &query[i % QUERIES]) != 0, "not found");
}

/* Returns the bytes of memory that this process uses; 0 if /proc does not show it. */
static double resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f && fscanf(f, "%*s %ld", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void add_maps(uint32_t n)
{
	struct map m = {.p4.len = 32, .p6.len = 128};
	size_t other;

	while (map_count(maps) < n) {
		random_fill(&m.p6.addr, sizeof(m.p6.addr));
		m.p4.addr = random_next();
		map_add(maps, &m, &other);
	}
	bench_must(map_seal(maps) == 0, "out of memory");
}

static struct built build_maps(uint32_t n)
{
	double before = resident(), start = bench_seconds(), took;

	maps = map_table_new();
	bench_must(maps != NULL, "out of memory");
	add_maps(n);
	took = (bench_seconds() - start) / n * 1e9;
	before = (resident() - before) / n;
	for (int i = 0; i < QUERIES; i++) {
		const struct map *some = map_at(maps, random_below(n));

		query[i] = (struct query){some->p6.addr, some->p4.addr};
	}
	return (struct built){took, before};
}

static void add_leases(struct lease **lease, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct ip6 host;

		random_fill(&host, sizeof(host));
		lease[i] = pool_assign(pool, &host, 0, 0);
		bench_must(lease[i] != NULL, "out of memory");
	}
}

static struct built build_pool(uint32_t n)
{
	static const struct prefix4 range = {10u << 24, 8};
	static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};
	struct lease **lease = malloc(n * sizeof(*lease));
	double before, start, took;

	bench_must(lease != NULL, "out of memory");
	memset(lease, 1, n * sizeof(*lease)); /* touched before the memory is measured */
	before = resident();
	pool = plain_pool(&range, 1, &key);
	bench_must(pool != NULL, "out of memory");
	start = bench_seconds();
	add_leases(lease, n);
	took = (bench_seconds() - start) / n * 1e9;
	before = (resident() - before) / n;
	for (int i = 0; i < QUERIES; i++) {
		const struct lease *some = lease[random_below(n)];

		query[i] = (struct query){some->host, some->addr};
	}
	free(lease);
	return (struct built){took, before};
}

static void print_look_ups(enum what what, const struct bench_time *t)
{
	printf("%-12s", kinds[what]);
	for (size_t i = 0; i < SIZES; i++)
		printf("   %7.1f %7.1f", t[i].min, t[i].median);
	printf("   %.2f\n", t[2].min / t[0].min);
}

static void print_built(const char *of, const struct built *b)
{
	printf("%-12s", of);
	for (size_t i = 0; i < SIZES; i++)
		printf("   %6.0fns %6.0fB", b[i].ns, b[i].bytes);
	printf("   per entry, to build\n");
}

int main(void)
{
	struct bench_time took[KINDS][SIZES];
	struct built map[SIZES], lease[SIZES];

	for (size_t i = 0; i < SIZES; i++) {
		map[i] = build_maps(sizes[i]);
		for (enum what k = MAP4; k <= MAP6; k++)
			took[k][i] = bench_time(look_up_n, &k);
		map_table_free(maps);
	}
	for (size_t i = 0; i < SIZES; i++) {
		lease[i] = build_pool(sizes[i]);
		for (enum what k = POOL4; k <= TOUCH; k++)
			took[k][i] = bench_time(look_up_n, &k);
		pool_free(pool);
	}

	printf("%-12s", "ns");
	for (size_t i = 0; i < SIZES; i++)
		printf(" %8u min  med", sizes[i]);
	printf("    100000 : 10\n");
	for (enum what k = MAP4; k < KINDS; k++)
		print_look_ups(k, took[k]);
	print_built("maps", map);
	print_built("leases", lease);
	return EXIT_SUCCESS;
}
