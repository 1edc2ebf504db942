/* check_pool_full - checks which lease ends for another one, rule by rule, and pools for some
 * hosts. */
#include <stdbool.h>
#include <string.h>

#include "map/pool.h"
#include "support/plain_pool.h"
#include "support/run.h"

#define IP4(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

static const struct siphash_key key = {0x1122334455667788, 0x99aabbccddeeff00};

/* Host N in a LAN (/64) of a SITE (/48). */
struct who {
	uint8_t site, lan, n;
};

static struct ip6 host(struct who w)
{
	return (struct ip6){{0x20, 0x01, 0x0d, 0xb8, [5] = w.site, [7] = w.lan, [15] = w.n}};
}

static struct lease *find(const struct pool *p, struct who w)
{
	struct ip6 h = host(w);

	return pool_find6(p, &h, 0);
}

static struct lease *assign(struct pool *p, struct who w, int32_t now)
{
	struct ip6 h = host(w);

	return pool_assign(p, &h, 0, now);
}

static struct lease *confirm(struct pool *p, struct lease *l)
{
	ck_assert_ptr_nonnull(l);
	pool_answer(l);
	pool_touch(p, l, l->last);
	return l;
}

/* --- one lease ends for another --- */

#define NOW     100000
#define NOBODY  (-1) /* there is room */
#define REFUSED (-2)

/* COUNT leases of hosts in a LAN, numbered through all rows. */
struct some {
	uint8_t site, lan, count;
	bool confirmed;
	int32_t idle, age; /* seconds; AGE -1: unknown */
};

#define CONFIRMED(site, lan, count, idle)        \
	{                                        \
		site, lan, count, true, idle, -1 \
	}
#define ASKED(site, lan, count, idle)               \
	{                                           \
		site, lan, count, false, idle, idle \
	}

#define ROWS_OF_LEASES 5

static const struct {
	const char *name;
	struct some have[ROWS_OF_LEASES]; /* all other addresses are reserved */
	struct who by;                    /* the new host */
	int ends;                         /* the first lease of this row ends */
	unsigned free;                    /* free addresses */
	uint32_t share;
	uint8_t share_len;
} choices[] = {
	{"room", .have = {ASKED(1, 1, 7, 9999)}, .by = {1, 1, 0}, .ends = NOBODY, .free = 1},
	{"nothing to lease at all", .by = {1, 1, 0}, .ends = REFUSED},

	{"guarantee: over", .have = {CONFIRMED(1, 1, 1, 7441), CONFIRMED(2, 1, 1, 10)},
	 .by = {3, 1, 0}, .ends = 0},
	{"guarantee: its last moment", .have = {CONFIRMED(1, 1, 1, 7440), CONFIRMED(2, 1, 1, 10)},
	 .by = {3, 1, 0}, .ends = REFUSED},
	{"guarantee: over, of an unconfirmed one",
	 .have = {ASKED(1, 1, 2, 10), ASKED(2, 1, 1, 7442), CONFIRMED(3, 1, 1, 7441)},
	 .by = {4, 1, 0}, .ends = 1},
	{"guarantee: over, of a confirmed one",
	 .have = {ASKED(1, 1, 2, 10), ASKED(2, 1, 1, 7442), CONFIRMED(3, 1, 1, 7443)},
	 .by = {4, 1, 0}, .ends = 2},
	{"guarantee: over, of one's own network", .have = {CONFIRMED(1, 1, 2, 7441)},
	 .by = {1, 1, 0}, .ends = 0},
	{"guarantee: strangers with 9 of 32",
	 .have = {ASKED(1, 1, 9, 0), CONFIRMED(2, 1, 22, 0), CONFIRMED(3, 1, 1, 8000)},
	 .by = {4, 1, 0}, .ends = 2},
	{"guarantee: strangers with 10 of 32",
	 .have = {ASKED(1, 1, 10, 0), CONFIRMED(2, 1, 21, 0), CONFIRMED(3, 1, 1, 8000)},
	 .by = {4, 1, 0}, .ends = 0},
	{"guarantee: strangers with 10 of 48",
	 .have = {ASKED(1, 1, 10, 0), CONFIRMED(2, 1, 37, 0), CONFIRMED(3, 1, 1, 8000)},
	 .by = {4, 1, 0}, .ends = 2},
	{"guarantee: one's own as a stranger, 9 of 32",
	 .have = {ASKED(1, 1, 9, 0), CONFIRMED(2, 1, 22, 0), CONFIRMED(3, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = 2},
	{"guarantee: one's own as a stranger, 10 of 32",
	 .have = {ASKED(1, 1, 10, 0), CONFIRMED(2, 1, 21, 0), CONFIRMED(3, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"guarantee: strangers together",
	 .have = {ASKED(1, 1, 5, 0), ASKED(2, 1, 5, 0), CONFIRMED(3, 1, 21, 0),
		  CONFIRMED(4, 1, 1, 8000)},
	 .by = {5, 1, 0}, .ends = 0},
	{"guarantee: what known networks asked for is not strangers'",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 20, 0), CONFIRMED(2, 1, 10, 0),
		  CONFIRMED(3, 1, 1, 8000)},
	 .by = {4, 1, 0}, .ends = 3},
	{"guarantee: what strangers asked for is not a known network's",
	 .have = {CONFIRMED(1, 1, 6, 0), ASKED(2, 1, 20, 0), CONFIRMED(3, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = 2},
	{"guarantee: at the share, nothing asked for",
	 .have = {CONFIRMED(1, 1, 6, 0), CONFIRMED(2, 1, 1, 8000)}, .by = {1, 1, 0}, .ends = 1},
	{"guarantee: at the share, one asked for",
	 .have = {CONFIRMED(1, 1, 6, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"guarantee: one of sixteen asked for",
	 .have = {CONFIRMED(1, 1, 15, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = 2},
	{"guarantee: one of fifteen asked for",
	 .have = {CONFIRMED(1, 1, 14, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"guarantee: two of thirty-two asked for",
	 .have = {CONFIRMED(1, 1, 30, 0), ASKED(1, 1, 2, 0), CONFIRMED(2, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = 2},
	{"guarantee: two of thirty-one asked for",
	 .have = {CONFIRMED(1, 1, 29, 0), ASKED(1, 1, 2, 0), CONFIRMED(2, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"guarantee: asked for in another /64 of the /48",
	 .have = {CONFIRMED(1, 1, 6, 0), ASKED(1, 2, 1, 0), CONFIRMED(2, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = 1},
	{"guarantee: one less than the share, one asked for",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 4, 0),
		  CONFIRMED(3, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = 3},
	{"guarantee: the share, one asked for",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 3, 0),
		  CONFIRMED(3, 1, 1, 8000)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"guarantee: strangers have no part in the share",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 1, 8000),
		  ASKED(3, 1, 1, 0), ASKED(4, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 2},

	{"unconfirmed: a known network has more than strangers",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 3, 0), ASKED(2, 1, 2, 9)}, .by = {3, 1, 0},
	 .ends = 1},
	{"unconfirmed: a known network has as many as strangers",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 2, 9), ASKED(2, 1, 2, 0)}, .by = {3, 1, 0},
	 .ends = 2},
	{"unconfirmed: many strangers count together",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 2, 9), ASKED(2, 1, 1, 0), ASKED(3, 1, 1, 0),
		  ASKED(4, 1, 1, 0)},
	 .by = {5, 1, 0}, .ends = 2},
	{"unconfirmed: the stranger with most",
	 .have = {ASKED(1, 1, 2, 9), ASKED(2, 1, 3, 0), CONFIRMED(3, 1, 1, 10)}, .by = {4, 1, 0},
	 .ends = 1},
	{"unconfirmed: the first of two strangers with as many",
	 .have = {ASKED(1, 1, 2, 0), ASKED(2, 1, 2, 3), CONFIRMED(3, 1, 1, 10)}, .by = {4, 1, 0},
	 .ends = 0},
	{"unconfirmed: not who has most leases",
	 .have = {CONFIRMED(1, 1, 6, 20), ASKED(1, 1, 1, 10), CONFIRMED(2, 1, 1, 0),
		  ASKED(2, 1, 4, 0)},
	 .by = {3, 1, 0}, .ends = 3},
	{"unconfirmed: the first of two known networks with as many",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 2, 0), CONFIRMED(2, 1, 1, 0),
		  ASKED(2, 1, 2, 9)},
	 .by = {3, 1, 0}, .ends = 1},
	{"unconfirmed: the longest idle, not the first assigned",
	 .have = {{1, 1, 2, false, 1, 50}, {1, 1, 1, false, 2, 20}}, .by = {4, 1, 0}, .ends = 1},
	{"unconfirmed: of a /48 what its largest /64 has",
	 .have = {ASKED(1, 1, 2, 9), ASKED(1, 2, 3, 0), ASKED(2, 1, 4, 9)}, .by = {4, 1, 0},
	 .ends = 1},
	{"unconfirmed: many /64s of a /48 count together",
	 .have = {ASKED(1, 1, 1, 0), ASKED(1, 2, 1, 0), ASKED(1, 3, 1, 0), ASKED(2, 1, 2, 9)},
	 .by = {4, 1, 0}, .ends = 0},
	{"unconfirmed: many /64s of a known /48 count together",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 2, 1, 0), ASKED(1, 3, 1, 0),
		  CONFIRMED(2, 1, 1, 0), ASKED(2, 1, 3, 0)},
	 .by = {3, 1, 0}, .ends = 4},
	{"unconfirmed: of others at once though one's own are late",
	 .have = {CONFIRMED(1, 1, 3, 0), ASKED(1, 1, 2, 9), ASKED(2, 1, 4, 0)}, .by = {1, 1, 0},
	 .ends = 2},
	{"unconfirmed: of known others at once though one's own are late",
	 .have = {CONFIRMED(1, 1, 3, 0), ASKED(1, 1, 2, 9), CONFIRMED(2, 1, 1, 0),
		  ASKED(2, 1, 3, 0)},
	 .by = {1, 1, 0}, .ends = 3},
	{"unconfirmed: of other strangers at once", .have = {ASKED(1, 1, 2, 9), ASKED(2, 1, 3, 0)},
	 .by = {1, 1, 0}, .ends = 1},
	{"unconfirmed: a known network's, for a stranger with less",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 3, 0), ASKED(2, 1, 2, 9)}, .by = {2, 1, 0},
	 .ends = 1},
	{"unconfirmed: confirmed leases only",
	 .have = {CONFIRMED(1, 1, 3, 9), CONFIRMED(2, 1, 3, 9)}, .by = {1, 1, 0}, .ends = REFUSED},

	{"own: another /64 has more",
	 .have = {CONFIRMED(1, 1, 2, 0), ASKED(1, 1, 1, 9), ASKED(1, 2, 2, 9),
		  CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 2},
	{"own: another /64 has more, young ones",
	 .have = {CONFIRMED(1, 1, 2, 0), ASKED(1, 1, 1, 9), ASKED(1, 2, 3, 0),
		  CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 2},
	{"own: another /64 has less",
	 .have = {CONFIRMED(1, 1, 2, 0), ASKED(1, 1, 3, 9), ASKED(1, 2, 2, 9),
		  CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 1},
	{"own: another /64 has as many, but later",
	 .have = {CONFIRMED(1, 1, 2, 0), ASKED(1, 1, 3, 0), ASKED(1, 2, 3, 9),
		  CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"own: a new /64 has none of its own",
	 .have = {CONFIRMED(1, 1, 2, 0), ASKED(1, 1, 3, 0), CONFIRMED(2, 1, 1, 0)}, .by = {1, 3, 0},
	 .ends = 1},
	{"own: a new /64 of a stranger", .have = {ASKED(1, 1, 5, 0), CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 2, 0}, .ends = 0},
	{"own: the largest stranger's largest /64",
	 .have = {ASKED(1, 1, 3, 0), ASKED(1, 2, 2, 9), CONFIRMED(2, 1, 1, 0)}, .by = {1, 1, 0},
	 .ends = REFUSED},
	{"own: the largest stranger's other /64",
	 .have = {ASKED(1, 1, 3, 0), ASKED(1, 2, 2, 9), CONFIRMED(2, 1, 1, 0)}, .by = {1, 2, 0},
	 .ends = 0},
	{"own: known, after 4 s", .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 5, 4)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"own: known, after 5 s", .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 5, 5)},
	 .by = {1, 1, 0}, .ends = 1},
	{"own: a stranger's, after 4 s", .have = {ASKED(1, 1, 5, 4), CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"own: a stranger's, after 5 s", .have = {ASKED(1, 1, 5, 5), CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 0},
	{"own: the time since it was assigned, not idle",
	 .have = {{1, 1, 5, false, 0, 5}, CONFIRMED(2, 1, 1, 0)}, .by = {1, 1, 0}, .ends = 0},
	{"own: assigned 4 s ago, and idle for longer",
	 .have = {{1, 1, 5, false, 5, 4}, CONFIRMED(2, 1, 1, 0)}, .by = {1, 1, 0}, .ends = REFUSED},
	{"own: of which nobody knows since when",
	 .have = {{1, 1, 5, false, 0, -1}, CONFIRMED(2, 1, 1, 0)}, .by = {1, 1, 0}, .ends = 0},
	{"own: another network of the last level",
	 .have = {ASKED(1, 1, 5, 0), CONFIRMED(2, 1, 1, 0)}, .by = {1, 1, 200}, .ends = 0,
	 .share = 60, .share_len = 121},
	{"own: all /48s of a /40", .have = {ASKED(1, 1, 3, 0), ASKED(2, 1, 2, 0)}, .by = {9, 1, 0},
	 .ends = REFUSED, .share = 60, .share_len = 40},

	{"spare: idle for 60 s", .have = {CONFIRMED(1, 1, 2, 60), CONFIRMED(2, 1, 1, 0)},
	 .by = {3, 1, 0}, .ends = 0},
	{"spare: idle for 59 s", .have = {CONFIRMED(1, 1, 2, 59), CONFIRMED(2, 1, 1, 0)},
	 .by = {3, 1, 0}, .ends = REFUSED},
	{"spare: not while an unconfirmed one is late",
	 .have = {ASKED(1, 1, 1, 5), CONFIRMED(2, 1, 4, 900)}, .by = {3, 1, 0}, .ends = 0},
	{"spare: before an unconfirmed one that is not late",
	 .have = {ASKED(1, 1, 1, 4), CONFIRMED(2, 1, 4, 900)}, .by = {3, 1, 0}, .ends = 1},
	{"spare: 3 of 63 unconfirmed", .have = {ASKED(1, 1, 3, 0), CONFIRMED(2, 1, 60, 900)},
	 .by = {3, 1, 0}, .ends = 1},
	{"spare: 4 of 63 unconfirmed", .have = {ASKED(1, 1, 4, 0), CONFIRMED(2, 1, 59, 900)},
	 .by = {3, 1, 0}, .ends = 0},
	{"spare: 4 of 64 unconfirmed", .have = {ASKED(1, 1, 4, 0), CONFIRMED(2, 1, 60, 900)},
	 .by = {3, 1, 0}, .ends = 1},
	{"spare: 5 of 64 unconfirmed", .have = {ASKED(1, 1, 5, 0), CONFIRMED(2, 1, 59, 900)},
	 .by = {3, 1, 0}, .ends = 0},
	{"spare: 4 unconfirmed, of known networks and strangers",
	 .have = {ASKED(1, 1, 2, 0), CONFIRMED(2, 1, 6, 900), ASKED(2, 1, 2, 0)}, .by = {3, 1, 0},
	 .ends = 0},
	{"spare: nothing from who has no more",
	 .have = {CONFIRMED(1, 1, 1, 900), CONFIRMED(2, 1, 1, 900)}, .by = {3, 1, 0},
	 .ends = REFUSED},
	{"spare: it keeps as many as the newcomer's has",
	 .have = {CONFIRMED(1, 1, 1, 0), CONFIRMED(2, 1, 3, 900)}, .by = {1, 1, 0}, .ends = 1},
	{"spare: it would have less", .have = {CONFIRMED(1, 1, 2, 0), CONFIRMED(2, 1, 3, 900)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"spare: what was asked for counts as had",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 3, 900)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"spare: of the network with most confirmed ones",
	 .have = {CONFIRMED(1, 1, 2, 900), CONFIRMED(2, 1, 1, 900), ASKED(2, 1, 2, 0)},
	 .by = {3, 1, 0}, .ends = 0},
	{"spare: what it asked for counts, too",
	 .have = {CONFIRMED(1, 1, 2, 0), CONFIRMED(2, 1, 3, 900), ASKED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 1},
	{"spare: the longest idle of its largest /64",
	 .have = {CONFIRMED(1, 1, 1, 900), CONFIRMED(1, 2, 2, 70), CONFIRMED(1, 2, 1, 80)},
	 .by = {3, 1, 0}, .ends = 2},
	{"spare: though one's own are on trial",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(1, 1, 1, 0), CONFIRMED(2, 1, 5, 900)},
	 .by = {1, 1, 0}, .ends = 2},
	{"spare: one less than the share",
	 .have = {CONFIRMED(1, 1, 2, 0), CONFIRMED(2, 1, 5, 900), CONFIRMED(3, 1, 1, 0),
		  CONFIRMED(4, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 1},
	{"spare: at the share",
	 .have = {CONFIRMED(1, 1, 2, 0), CONFIRMED(2, 1, 4, 900), CONFIRMED(3, 1, 1, 0),
		  CONFIRMED(4, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"spare: strangers have no part in a known network's share",
	 .have = {CONFIRMED(1, 1, 3, 0), CONFIRMED(2, 1, 5, 900), ASKED(3, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 1},
	{"spare: a stranger counts beside those that are known",
	 .have = {CONFIRMED(1, 1, 5, 900), CONFIRMED(2, 1, 1, 0), ASKED(3, 1, 3, 0)},
	 .by = {3, 1, 0}, .ends = REFUSED},
	{"spare: a stranger below the share",
	 .have = {CONFIRMED(1, 1, 6, 900), CONFIRMED(2, 1, 1, 0), ASKED(3, 1, 3, 0)},
	 .by = {3, 1, 0}, .ends = 0},
	{"spare: other strangers have no part in a stranger's share",
	 .have = {CONFIRMED(1, 1, 4, 900), CONFIRMED(2, 1, 1, 0), ASKED(3, 1, 2, 0),
		  ASKED(4, 1, 1, 0)},
	 .by = {3, 1, 0}, .ends = 0},

	{"spare within a /48: idle for 60 s",
	 .have = {CONFIRMED(1, 1, 6, 60), CONFIRMED(2, 1, 1, 0)}, .by = {1, 2, 0}, .ends = 0},
	{"spare within a /48: idle for 59 s",
	 .have = {CONFIRMED(1, 1, 6, 59), CONFIRMED(2, 1, 1, 0)}, .by = {1, 2, 0}, .ends = REFUSED},
	{"spare within a /48: nothing of other /48s",
	 .have = {CONFIRMED(1, 1, 6, 0), CONFIRMED(2, 1, 2, 900)}, .by = {1, 2, 0},
	 .ends = REFUSED},
	{"spare within a /48: nothing of a larger one",
	 .have = {CONFIRMED(1, 1, 3, 0), CONFIRMED(2, 1, 4, 900), CONFIRMED(3, 1, 1, 0)},
	 .by = {1, 2, 0}, .ends = REFUSED},
	{"spare within a /48: one less than the share",
	 .have = {CONFIRMED(1, 1, 3, 0), CONFIRMED(1, 2, 6, 900), CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = 1},
	{"spare within a /48: at the share",
	 .have = {CONFIRMED(1, 1, 3, 0), CONFIRMED(1, 2, 5, 900), CONFIRMED(1, 3, 1, 0),
		  CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 0}, .ends = REFUSED},
	{"spare within a /48: only if that is at its own share",
	 .have = {CONFIRMED(1, 1, 3, 900), CONFIRMED(2, 1, 4, 0)}, .by = {1, 2, 0},
	 .ends = REFUSED},
	{"spare within a /64", .have = {CONFIRMED(1, 1, 6, 900), CONFIRMED(2, 1, 1, 0)},
	 .by = {1, 1, 200}, .ends = 0, .share = 60, .share_len = 121},
	{"spare within a /64: its own network of the last level",
	 .have = {CONFIRMED(1, 1, 6, 900), CONFIRMED(2, 1, 1, 0)}, .by = {1, 1, 0}, .ends = REFUSED,
	 .share = 60, .share_len = 121},

	{"share: there is room, and a guarantee", .have = {CONFIRMED(1, 1, 2, 1)}, .by = {1, 1, 0},
	 .ends = 0, .free = 5, .share = 2, .share_len = 64},
	{"share: not yet", .have = {CONFIRMED(1, 1, 2, 1)}, .by = {1, 1, 0}, .ends = NOBODY,
	 .free = 5, .share = 3, .share_len = 64},
	{"share: another /64", .have = {CONFIRMED(1, 1, 2, 1)}, .by = {1, 2, 0}, .ends = NOBODY,
	 .free = 5, .share = 2, .share_len = 64},
	{"share: the longest idle, confirmed", .have = {ASKED(1, 1, 1, 1), CONFIRMED(1, 1, 1, 2)},
	 .by = {1, 1, 0}, .ends = 1, .free = 5, .share = 2, .share_len = 64},
	{"share: the longest idle, unconfirmed", .have = {ASKED(1, 1, 1, 3), CONFIRMED(1, 1, 1, 2)},
	 .by = {1, 1, 0}, .ends = 0, .free = 5, .share = 2, .share_len = 64},
	{"share: idle as long, the confirmed one",
	 .have = {ASKED(1, 1, 1, 2), CONFIRMED(1, 1, 1, 2)}, .by = {1, 1, 0}, .ends = 1, .free = 5,
	 .share = 2, .share_len = 64},
	{"share: a stranger's", .have = {ASKED(1, 1, 2, 1)}, .by = {1, 1, 0}, .ends = 0, .free = 5,
	 .share = 2, .share_len = 64},
	{"share: rather than one past its guarantee",
	 .have = {CONFIRMED(1, 1, 2, 1), CONFIRMED(2, 1, 1, 8000)}, .by = {1, 1, 0}, .ends = 0,
	 .share = 2, .share_len = 64},
	{"share: rather than a late one of others",
	 .have = {CONFIRMED(1, 1, 2, 1), ASKED(2, 1, 4, 9)}, .by = {1, 1, 0}, .ends = 0, .share = 2,
	 .share_len = 64},
	{"share: of a /48", .have = {CONFIRMED(1, 1, 1, 2), CONFIRMED(1, 2, 1, 1)}, .by = {1, 3, 0},
	 .ends = 0, .free = 5, .share = 2, .share_len = 48},
	{"share: of a /40", .have = {CONFIRMED(1, 1, 1, 2), CONFIRMED(2, 2, 1, 1)}, .by = {9, 3, 0},
	 .ends = 0, .free = 5, .share = 2, .share_len = 40},
	{"share: of a /60", .have = {CONFIRMED(1, 1, 1, 2), CONFIRMED(1, 15, 1, 1)},
	 .by = {1, 3, 0}, .ends = 0, .free = 5, .share = 2, .share_len = 60},
	{"share: of another /60", .have = {CONFIRMED(1, 1, 1, 2), CONFIRMED(1, 15, 1, 1)},
	 .by = {1, 16, 0}, .ends = NOBODY, .free = 5, .share = 2, .share_len = 60},
	{"share: of a /121", .have = {CONFIRMED(1, 1, 3, 2)}, .by = {1, 1, 0}, .ends = 0, .free = 5,
	 .share = 3, .share_len = 121},
	{"share: of another /121", .have = {CONFIRMED(1, 1, 3, 2)}, .by = {1, 1, 200},
	 .ends = NOBODY, .free = 5, .share = 3, .share_len = 121},
	{"share: of a host", .have = {CONFIRMED(1, 1, 3, 2)}, .by = {1, 1, 0}, .ends = NOBODY,
	 .free = 5, .share = 1, .share_len = 128},
	{"share: who is below it in a full pool",
	 .have = {CONFIRMED(1, 1, 1, 0), ASKED(2, 1, 2, 0)}, .by = {1, 1, 0}, .ends = 1, .share = 2,
	 .share_len = 64},
};

/* Returns the host, or the address, of the first lease of row SOME. */
static unsigned first_of(int row, int some)
{
	unsigned n = 1;

	for (int i = 0; i < some; i++)
		n += choices[row].have[i].count;
	return n;
}

static void put_back(struct pool *p, const struct some *s, unsigned n)
{
	struct ip6 h = host((struct who){s->site, s->lan, (uint8_t)n});
	struct lease *l = pool_restore(p, &h, 0, IP4(10, 0, 0, n), NOW - s->idle);

	ck_assert_ptr_nonnull(l);
	if (s->age >= 0)
		l->since = NOW - s->age;
	if (s->confirmed)
		confirm(p, l);
}

static struct pool *pool_of_row(int row)
{
	struct pool_conf c = pool_plain((struct prefix4){IP4(10, 0, 0, 0), 24});
	struct pool *p;
	unsigned n = 1;

	c.share = choices[row].share;
	c.share_len = choices[row].share_len;
	p = pool_new(&c, 1, &key);
	ck_assert_ptr_nonnull(p);
	for (int i = 0; i < ROWS_OF_LEASES; i++)
		for (int k = 0; k < choices[row].have[i].count; k++)
			put_back(p, &choices[row].have[i], n++);
	for (n += choices[row].free; n < 256; n++)
		pool_reserve(p, &(struct prefix4){IP4(10, 0, 0, n), 32});
	ck_assert_int_eq(pool_sort(p), 0);
	return p;
}

static int ended_row(int row, const struct pool *p)
{
	struct lease l;

	if (!pool_ended(p, &l))
		return NOBODY;
	for (int i = 0; i < ROWS_OF_LEASES; i++)
		if (choices[row].have[i].count && (l.addr & 0xff) == first_of(row, i))
			return i;
	return ROWS_OF_LEASES;
}

START_TEST(who_ends)
{
	struct pool *p = pool_of_row(_i);
	struct ip6 h = host(choices[_i].by);
	size_t used = pool_used(p);
	uint32_t would = 0;
	bool will = pool_would_assign(p, &h, NOW, &would);
	struct lease *l = assign(p, choices[_i].by, NOW);
	int ends = l ? ended_row(_i, p) : REFUSED;

	ck_assert_msg(ends == choices[_i].ends, "%s: %d", choices[_i].name, ends);
	ck_assert_msg(will == (l != NULL) && (!l || would == l->addr), "%s", choices[_i].name);
	ck_assert_uint_eq(pool_used(p), used + (ends == NOBODY));
	pool_free(p);
}
END_TEST

/* A storm from one /64 in a pool that it has filled affects only its own leases, however long it
 * lasts. */
START_TEST(storm_keeps_to_itself)
{
	struct pool *p = plain_pool(&(struct prefix4){IP4(10, 0, 0, 0), 24}, 1, &key);
	int32_t now = 0;

	for (uint8_t site = 1; site <= 50; site++)
		confirm(p, assign(p, (struct who){site, 1, 1}, now));
	for (uint32_t i = 0; i < 20000; i++) {
		struct ip6 h = host((struct who){99, 1, (uint8_t)i});

		h.b[14] = (uint8_t)(i >> 8);
		now += i % 100 == 0;
		pool_assign(p, &h, 0, now);
		if (i % 1000 == 999) {
			struct who newcomer = {(uint8_t)(100 + i / 1000), 1, 1};

			ck_assert_ptr_nonnull(assign(p, newcomer, now));
			confirm(p, find(p, newcomer));
		}
	}
	for (uint8_t site = 1; site <= 50; site++)
		ck_assert_ptr_nonnull(find(p, (struct who){site, 1, 1}));
	for (uint8_t i = 0; i < 20; i++)
		ck_assert_ptr_nonnull(find(p, (struct who){(uint8_t)(100 + i), 1, 1}));
	pool_free(p);
}
END_TEST

/* With a full share, a lease of the same network ends, and the new host gets its preferred address
 * if that is free or becomes free. */
START_TEST(address_after_a_share)
{
	struct pool_conf c = pool_plain((struct prefix4){IP4(10, 0, 0, 0), 24});
	struct pool *p, *alone;

	c.share = 1;
	c.share_len = 64;
	p = pool_new(&c, 1, &key);
	for (uint8_t n = 1; n <= 200; n++) {
		uint32_t addr = assign(p, (struct who){1, 1, n}, n)->addr;

		alone = pool_new(&c, 1, &key);
		ck_assert_uint_eq(assign(alone, (struct who){1, 1, n}, n)->addr, addr);
		ck_assert_uint_eq(pool_used(p), 1);
		pool_free(alone);
	}
	pool_free(p);
}
END_TEST

/* --- pools for some hosts --- */

static struct prefix6 site(uint8_t n, uint8_t lan, uint8_t len)
{
	struct prefix6 p = {host((struct who){n, lan, 0}), len};

	addr_clean6(&p.addr, len);
	return p;
}

static struct pool_conf range(uint8_t third, uint8_t len, struct prefix6 from)
{
	struct pool_conf c = pool_plain((struct prefix4){IP4(10, 0, third, 0), len});

	c.from = from;
	return c;
}

static struct pool_range range_at(const struct pool *p, size_t i)
{
	struct pool_range r;

	pool_range(p, i, &r);
	return r;
}

START_TEST(longest_from_decides)
{
	struct pool_conf c[] = {range(3, 30, site(1, 2, 64)), range(1, 24, site(1, 0, 48))};
	struct pool *p = pool_new(c, 2, &key);

	for (uint8_t n = 1; n <= 3; n++)
		ck_assert_uint_eq(assign(p, (struct who){1, 2, n}, 0)->addr >> 8, IP4(0, 10, 0, 3));
	ck_assert_ptr_null(assign(p, (struct who){1, 2, 4}, 0)); /* full: no other pool is used */
	ck_assert_uint_eq(assign(p, (struct who){1, 1, 4}, 0)->addr >> 8, IP4(0, 10, 0, 1));
	ck_assert_ptr_null(assign(p, (struct who){2, 1, 5}, 0));
	ck_assert_uint_eq(range_at(p, 1).refused,
			  1); /* a host without a pool does not count as refused */
	ck_assert_uint_eq(range_at(p, 0).refused, 0);
	for (uint8_t s = 0; s < 3; s++) {
		struct ip6 h = host((struct who){s, 1, 1});

		ck_assert_int_eq(pool_serves(p, &h), s == 1);
		ck_assert_int_eq(pool_keep(p, &h, 0), s == 1 ? POOL_KEEP : 0);
	}
	pool_free(p);
}
END_TEST

static const struct {
	const char *name;
	struct who who;
	uint32_t addr;
	enum pool_fit fit;
} fits[] = {
	{"its own", {1, 1, 1}, IP4(10, 0, 1, 9), POOL_FITS},
	{"of the other range", {1, 1, 1}, IP4(10, 0, 2, 9), POOL_FITS},
	{"of its own network only", {1, 2, 1}, IP4(10, 0, 1, 9), POOL_OF_OTHERS},
	{"of a network of others", {1, 1, 1}, IP4(10, 0, 3, 1), POOL_OF_OTHERS},
	{"of others, reserved", {1, 1, 1}, IP4(10, 0, 3, 0), POOL_OF_OTHERS},
	{"no pool for it", {2, 1, 1}, IP4(10, 0, 1, 9), POOL_OF_OTHERS},
	{"nowhere", {1, 1, 1}, IP4(10, 0, 4, 9), POOL_NOWHERE},
	{"reserved", {1, 1, 1}, IP4(10, 0, 2, 0), POOL_RESERVED},
};

START_TEST(what_fits)
{
	struct pool_conf c[] = {range(3, 30, site(1, 2, 64)), range(2, 24, site(1, 0, 48)),
				range(1, 24, site(1, 0, 48))};
	struct pool *p = pool_new(c, 3, &key);
	struct ip6 h = host(fits[_i].who);

	ck_assert_msg(pool_fits(p, &h, fits[_i].addr) == fits[_i].fit, "%s", fits[_i].name);
	ck_assert_int_eq(pool_restore(p, &h, 0, fits[_i].addr, 0) != NULL,
			 fits[_i].fit == POOL_FITS);
	pool_free(p);
}
END_TEST

START_TEST(only_allowed_hosts_fit)
{
	struct pool *p = plain_pool(&(struct prefix4){IP4(10, 0, 0, 0), 24}, 1, &key);
	struct ip6 in = host((struct who){1, 1, 1}), out = host((struct who){2, 1, 1});
	struct prefix6 allowed = site(1, 0, 48);
	struct lpm *t = lpm_new(128);

	lpm_add(t, allowed.addr.b, allowed.len, 0);
	ck_assert_int_eq(lpm_seal(t), 0);
	ck_assert_int_eq(pool_fits(p, &out, IP4(10, 0, 0, 1)), POOL_FITS);
	pool_set_allow(p, t);
	ck_assert_int_eq(pool_fits(p, &in, IP4(10, 0, 0, 1)), POOL_FITS);
	ck_assert_int_eq(pool_fits(p, &out, IP4(10, 0, 0, 1)), POOL_NOT_ALLOWED);
	ck_assert_ptr_null(pool_restore(p, &out, 0, IP4(10, 0, 0, 1), 0));
	ck_assert_ptr_nonnull(pool_restore(p, &in, 0, IP4(10, 0, 0, 1), 0));
	pool_free(p);
	lpm_free(t);
}
END_TEST

/* Uses all addresses of all ranges with the same FROM and none of the others, also around the
 * end. */
START_TEST(ranges_of_one_from)
{
	struct pool_conf c[] = {range(7, 30, site(1, 0, 48)), range(1, 30, site(2, 0, 48)),
				range(3, 29, site(1, 0, 48))};
	struct pool *p = pool_new(c, 3, &key);
	unsigned in[8] = {0};

	for (uint8_t n = 1; n <= 10; n++)
		in[assign(p, (struct who){1, 1, n}, 0)->addr >> 8 & 7]++;
	ck_assert(in[7] == 3 && in[3] == 7 && in[1] == 0);
	ck_assert_ptr_null(assign(p, (struct who){1, 1, 99}, 0));
	for (uint8_t n = 1; n <= 3; n++)
		ck_assert_uint_eq(assign(p, (struct who){2, 1, n}, 0)->addr >> 8, IP4(0, 10, 0, 1));
	ck_assert_uint_eq(range_at(p, 0).first, IP4(10, 0, 1, 0)); /* still ordered by address */
	ck_assert_uint_eq(range_at(p, 1).first, IP4(10, 0, 3, 0));
	ck_assert_uint_eq(range_at(p, 2).used, 3);
	pool_free(p);
}
END_TEST

/* The preferred address depends only on the host's own ranges; another translator may have
 * different other pools. */
START_TEST(preferred_by_its_own_ranges)
{
	static const struct siphash_key secret = {5, 6}, other_key = {7, 8};
	struct pool_conf a[] = {range(16, 21, site(1, 0, 48)), range(8, 22, site(1, 0, 48))};
	struct pool_conf b[] = {range(0, 24, site(0, 0, 0)), range(8, 22, site(1, 0, 48)),
				range(40, 24, site(2, 0, 48)), range(16, 21, site(1, 0, 48))};
	struct pool *p = pool_new(a, 2, &key), *q = pool_new(b, 4, &other_key);
	unsigned same = 0;

	pool_set_secret(p, &secret);
	pool_set_secret(q, &secret);
	for (uint8_t n = 1; n < 100; n++) {
		assign(q, (struct who){7, 1, n}, 0);
		same += assign(p, (struct who){1, 1, n}, 0)->addr ==
			assign(q, (struct who){1, 1, (uint8_t)n}, 0)->addr;
	}
	ck_assert_uint_ge(same, 97);
	pool_free(p);
	pool_free(q);
}
END_TEST

START_TEST(leases_out_of_place_are_counted)
{
	static const struct siphash_key secret = {5, 6};
	struct pool *p = plain_pool(&(struct prefix4){IP4(10, 0, 0, 0), 24}, 1, &key);
	struct lease *l = assign(p, (struct who){1, 1, 1}, 0);
	struct ip6 h = host((struct who){1, 1, 2});
	uint32_t addr = l->addr;

	ck_assert(l->preferred);
	ck_assert_uint_eq(range_at(p, 0).not_preferred, 0);
	pool_end(p, l);
	ck_assert(!pool_restore(p, &l->host, 0, addr ^ 1, 0)->preferred);
	ck_assert_uint_eq(range_at(p, 0).not_preferred, 1);
	ck_assert(!pool_restore(p, &h, 0, addr, 0)->preferred);
	ck_assert_uint_eq(range_at(p, 0).not_preferred, 2);
	ck_assert(pool_restore(p, &l->host, 0, addr, 0)->preferred);
	ck_assert_uint_eq(range_at(p, 0).not_preferred, 0);
	pool_set_secret(p, &secret);
	ck_assert_uint_eq(range_at(p, 0).not_preferred, 1);
	pool_end(p, find(p, (struct who){1, 1, 1}));
	ck_assert_uint_eq(range_at(p, 0).not_preferred, 0);
	ck_assert(assign(p, (struct who){1, 1, 1}, 0)->preferred);
	pool_free(p);
}
END_TEST

START_TEST(times_of_each_pool)
{
	struct pool_conf c[] = {range(1, 31, site(1, 0, 48)), range(2, 31, site(2, 0, 48))};
	struct pool *p;
	struct lease l;

	c[0].guarantee = 10;
	c[0].keep = 100;
	p = pool_new(c, 2, &key);
	confirm(p, assign(p, (struct who){1, 1, 1}, 0));
	confirm(p, assign(p, (struct who){2, 1, 1}, 0));
	ck_assert_ptr_null(assign(p, (struct who){1, 1, 2}, 10));
	ck_assert_ptr_nonnull(assign(p, (struct who){1, 1, 2}, 11));
	ck_assert_ptr_null(assign(p, (struct who){2, 1, 2}, 11));
	ck_assert_uint_eq(pool_expire(p, 111, 9), 0);
	ck_assert_uint_eq(pool_expire(p, 112, 9), 1);
	ck_assert(pool_ended(p, &l) && l.addr == IP4(10, 0, 1, 1));
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP, 9), 0);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 1, 9), 1);
	pool_free(p);
}
END_TEST

/* Pool by pool, in each the longest idle lease last. */
START_TEST(next_goes_through_all)
{
	struct pool_conf c[] = {range(1, 24, site(1, 0, 48)), range(2, 24, site(2, 0, 48)),
				range(3, 24, site(3, 0, 48))};
	struct pool *p = pool_new(c, 3, &key);
	struct lease *l = NULL;

	ck_assert_ptr_null(pool_next(p, NULL));
	for (uint8_t n = 1; n <= 4; n++) {
		assign(p, (struct who){1, 1, n}, n);
		assign(p, (struct who){3, 1, n}, n);
	}
	for (uint8_t s = 1; s <= 3; s += 2)
		for (uint8_t n = 4; n >= 1; n--) {
			l = pool_next(p, l);
			ck_assert_ptr_eq(l, find(p, (struct who){s, 1, n}));
		}
	ck_assert_ptr_null(pool_next(p, l));
	pool_free(p);
}
END_TEST

/* At a reload, leases that no longer fit their pool do not move, and the others keep all data. */
START_TEST(moves_where_it_fits)
{
	struct pool_conf c[] = {range(1, 24, site(0, 0, 0)), range(2, 24, site(0, 0, 0))};
	struct pool_conf d[] = {range(1, 24, site(1, 0, 48)), range(2, 24, site(0, 0, 0))};
	struct pool *p = pool_new(c, 2, &key), *q = pool_new(d, 2, &key);
	struct pool_network n;
	unsigned moved = 0;
	struct lease *l;

	for (uint8_t s = 1; s <= 2; s++)
		for (uint8_t k = 1; k <= 100; k++) {
			l = assign(p, (struct who){s, 1, k}, 0);
			if (k % 2)
				confirm(p, l);
		}
	for (size_t cursor = 0; (l = pool_walk(p, &cursor));) {
		bool first = l->addr >> 8 == IP4(0, 10, 0, 1), one = l->host.b[5] == 1;
		struct lease *there = pool_move(q, l, 0);

		ck_assert(!there == (first != one));
		ck_assert(!there || there->confirmed == l->confirmed);
		moved += there != NULL;
	}
	ck_assert_uint_eq(pool_used(q), moved);
	for (size_t cursor = 0; pool_network(q, &cursor, &n);)
		if (n.prefix.len == 48)
			moved -= (unsigned)n.used;
	ck_assert_uint_eq(moved, 0);
	pool_free(p);
	pool_free(q);
}
END_TEST

/* --- known networks, and strangers --- */

/* The pool's data on the /48 of a SITE; zeros if it has no leases. */
static struct pool_network told(const struct pool *p, uint8_t site)
{
	struct pool_network n;

	for (size_t cursor = 0; pool_network(p, &cursor, &n);)
		if (n.prefix.len == 48 && n.prefix.addr.b[5] == site)
			return n;
	return (struct pool_network){.used = 0};
}

/* Each of the two leases of site 1 is in a separate /64. */
static void check_lans(const struct pool *p, size_t used, size_t confirmed)
{
	struct pool_network n;

	for (size_t cursor = 0; pool_network(p, &cursor, &n);) {
		if (n.prefix.len != 64 || n.prefix.addr.b[5] != 1)
			continue;
		ck_assert_uint_eq(n.networks, used);
		ck_assert_uint_eq(n.share, 1);
		confirmed -= n.confirmed;
	}
	ck_assert_uint_eq(confirmed, 0);
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Site 1 has this many leases.  Site 2, a stranger, has one lease, and site 3, which is known, has
 * one too.  The fair share of 7 addresses depends on how many sites are known. */
static void check_site1(const struct pool *p, size_t used, size_t confirmed)
{
	size_t known = 1 + (confirmed > 0);
	struct pool_network n = told(p, 1);
	struct pool_range r = range_at(p, 0);

	ck_assert_uint_eq(n.used, used);
	ck_assert_uint_eq(n.confirmed, confirmed);
	if (used > 0) {
		ck_assert_uint_eq(n.networks, 3);
		ck_assert_uint_eq(n.share, 7 / (known + (confirmed == 0)));
	}
	check_lans(p, used, confirmed);
	ck_assert_uint_eq(told(p, 2).share, 7 / (known + 1));
	ck_assert_uint_eq(told(p, 3).share, 7 / known);
	ck_assert_uint_eq(r.networks, 2 + (used > 0));
	ck_assert_uint_eq(r.used, 2 + used);
	ck_assert_uint_eq(r.confirmed, 1 + confirmed);
	ck_assert_uint_eq(r.most_confirmed, larger(1, confirmed));
	ck_assert_uint_eq(r.most_unconfirmed, larger(1, used - confirmed));
}

static void in_by_touch(struct pool *p, struct who w)
{
	confirm(p, find(p, w));
}

static void in_by_record(struct pool *p, struct who w)
{
	struct lease was = *find(p, w);

	ck_assert_ptr_nonnull(pool_restore_confirmed(p, &was.host, was.prefix, was.addr, was.last));
}

static void in_by_move(struct pool *p, struct who w)
{
	struct lease elsewhere = *find(p, w);

	elsewhere.confirmed = true;
	ck_assert_ptr_nonnull(pool_move(p, &elsewhere, 0));
}

static void (*const ways_in[])(struct pool *p, struct who w) = {in_by_touch, in_by_record,
								in_by_move};

static void out_by_end(struct pool *p, struct who w)
{
	pool_end(p, find(p, w));
}

static void out_by_time(struct pool *p, struct who w)
{
	find(p, w)->last = -1;
	ck_assert_int_eq(pool_sort(p), 0);
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP, 9), 1);
}

static void out_by_reserve(struct pool *p, struct who w)
{
	struct prefix4 prefix = {find(p, w)->addr, 32};

	pool_reserve(p, &prefix);
	pool_unreserve(p, prefix.addr);
}

/* Another host of the same network is restored at the same address, and ends. */
static void out_by_another(struct pool *p, struct who w)
{
	struct ip6 h = host((struct who){w.site, w.lan, 77});

	ck_assert_ptr_nonnull(pool_restore(p, &h, 0, find(p, w)->addr, 0));
	ck_assert_ptr_null(find(p, w));
	pool_end(p, pool_find6(p, &h, 0));
}

static void (*const ways_out[])(struct pool *p, struct who w) = {out_by_end, out_by_time,
								 out_by_reserve, out_by_another};

/* A /48 becomes known with its first confirmed lease, and a stranger again when the last one
 * ends. */
START_TEST(known_and_stranger_again)
{
	void (*in)(struct pool *, struct who) = ways_in[_i % ROWS(ways_in)];
	void (*out)(struct pool *, struct who) = ways_out[_i / ROWS(ways_in)];
	struct pool *p = plain_pool(&(struct prefix4){IP4(10, 0, 0, 0), 29}, 1, &key);
	const struct who a = {1, 1, 1}, b = {1, 2, 2};

	assign(p, (struct who){2, 1, 3}, 0);
	confirm(p, assign(p, (struct who){3, 1, 4}, 0));
	check_site1(p, 0, 0);
	for (int again = 0; again < 2; again++) {
		assign(p, a, 0);
		check_site1(p, 1, 0);
		assign(p, b, 0);
		check_site1(p, 2, 0);
		in(p, a);
		check_site1(p, 2, 1);
		in(p, b);
		check_site1(p, 2, 2);
		out(p, a);
		check_site1(p, 1, 1);
		assign(p, a, 0);
		check_site1(p, 2, 1);
		out(p, b); /* its last confirmed lease */
		check_site1(p, 1, 0);
		in(p, a);
		check_site1(p, 1, 1);
		out(p, a); /* its last lease */
		check_site1(p, 0, 0);
	}
	pool_free(p);
}
END_TEST

/* A network that is known in one pool may be a stranger in another. */
START_TEST(known_in_one_pool)
{
	struct pool_conf c[] = {range(1, 24, site(0, 0, 0)), range(2, 31, site(1, 2, 64))};
	struct pool *p = pool_new(c, 2, &key);

	confirm(p, assign(p, (struct who){1, 1, 1}, 0));
	confirm(p, assign(p, (struct who){2, 1, 1}, 0));
	ck_assert_uint_eq(told(p, 1).share, 127);
	pool_end(p, find(p, (struct who){1, 1, 1}));
	assign(p, (struct who){1, 2, 1}, 0);
	ck_assert_uint_eq(told(p, 1).share, 1); /* of the one address of the other pool */
	ck_assert_uint_eq(told(p, 2).share, 255);
	ck_assert_uint_eq(range_at(p, 0).networks, 1);
	ck_assert_uint_eq(range_at(p, 0).most_unconfirmed, 0);
	ck_assert_uint_eq(range_at(p, 1).most_unconfirmed, 1);
	pool_free(p);
}
END_TEST

/* A full pool never ends a lease of another pool. */
START_TEST(no_lease_of_another_pool_ends)
{
	struct pool_conf c[] = {range(1, 31, site(1, 0, 48)), range(2, 31, site(2, 0, 48))};
	struct pool *p = pool_new(c, 2, &key);

	assign(p, (struct who){2, 1, 1}, 0);
	confirm(p, assign(p, (struct who){1, 1, 1}, 9000));
	ck_assert_ptr_null(assign(p, (struct who){1, 1, 2}, 9000));
	ck_assert_ptr_nonnull(find(p, (struct who){2, 1, 1}));
	ck_assert_uint_eq(range_at(p, 0).refused, 1);
	pool_free(p);
}
END_TEST

/* --- networks --- */

START_TEST(networks_are_told)
{
	struct pool *p = plain_pool(&(struct prefix4){IP4(10, 0, 0, 0), 29}, 1, &key);
	static const struct pool_network want[] = {
		{{{{0x20, 0x01, 0x0d, 0xb8, 0, 1}}, 48}, 0, 3, 1, 2, 7},
		{{{{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 1}}, 64}, 0, 2, 1, 2, 1},
		{{{{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2}}, 64}, 0, 1, 0, 2, 1},
		{{{{0x20, 0x01, 0x0d, 0xb8, 0, 2}}, 48}, 0, 1, 0, 2, 3},
		{{{{0x20, 0x01, 0x0d, 0xb8, 0, 2, 0, 1}}, 64}, 0, 1, 0, 1, 1},
	};
	struct pool_network n;
	size_t cursor = 0;

	ck_assert(!pool_network(p, &cursor, &n));
	confirm(p, assign(p, (struct who){1, 1, 1}, 0));
	assign(p, (struct who){1, 1, 2}, 0);
	assign(p, (struct who){1, 2, 3}, 0);
	assign(p, (struct who){2, 1, 4}, 0);
	for (int i = 0; i < ROWS(want); i++) {
		ck_assert(pool_network(p, &cursor, &n));
		ck_assert_msg(prefix6_equal(&n.prefix, &want[i].prefix), "network %d", i);
		ck_assert_msg(n.used == want[i].used && n.confirmed == want[i].confirmed &&
				      n.networks == want[i].networks && n.share == want[i].share &&
				      n.range == want[i].range,
			      "network %d: %zu leases, %zu confirmed, %zu networks, share %zu", i,
			      n.used, n.confirmed, n.networks, n.share);
	}
	ck_assert(!pool_network(p, &cursor, &n));
	ck_assert_uint_eq(pool_expire(p, POOL_KEEP + 1, 9), 4);
	cursor = 0;
	ck_assert(!pool_network(p, &cursor, &n));
	pool_free(p);
}
END_TEST

/* A /48 has more /64s than can be counted separately.  The other /48s and the pool's memory are not
 * affected, and everything is freed. */
START_TEST(networks_run_out)
{
	struct pool *p = plain_pool(&(struct prefix4){IP4(10, 0, 0, 0), 14}, 1, &key);
	uint32_t most = (uint32_t)pool_size(p) - 1000;
	size_t cursor = 0, nets = 0, used = 0;
	struct pool_network n;

	for (uint32_t i = 0; i < most; i++) {
		struct ip6 h = {{0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1}};

		h.b[6] = (uint8_t)(i >> 8);
		h.b[7] = (uint8_t)i;
		h.b[4] = (uint8_t)(i >> 16 & 1);
		ck_assert_ptr_nonnull(pool_assign(p, &h, i >> 17 & 1, 0));
	}
	for (; pool_network(p, &cursor, &n); nets++)
		used += n.prefix.len == 64 ? n.used : 0;
	ck_assert_uint_eq(used, most);
	ck_assert_uint_ge(nets, POOL_NETWORKS / 2);
	ck_assert_uint_le(nets, POOL_NETWORKS - POOL_NETWORKS / 4);
	for (uint8_t s = 2; s < 200; s++)
		ck_assert_ptr_nonnull(assign(p, (struct who){s, 1, 1}, 0));
	for (cursor = nets = 0; pool_network(p, &cursor, &n);)
		nets += n.prefix.len == 48;
	ck_assert_uint_eq(nets, 2 + 198);
	pool_expire(p, POOL_KEEP + 1, UINT32_MAX);
	cursor = 0;
	ck_assert(!pool_network(p, &cursor, &n));
	pool_free(p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool_full");
	TCase *t = tcase_create("pool_full");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, who_ends, 0, ROWS(choices));
	tcase_add_test(t, storm_keeps_to_itself);
	tcase_add_test(t, address_after_a_share);
	tcase_add_test(t, longest_from_decides);
	tcase_add_loop_test(t, what_fits, 0, ROWS(fits));
	tcase_add_test(t, only_allowed_hosts_fit);
	tcase_add_test(t, ranges_of_one_from);
	tcase_add_test(t, preferred_by_its_own_ranges);
	tcase_add_test(t, leases_out_of_place_are_counted);
	tcase_add_test(t, times_of_each_pool);
	tcase_add_test(t, next_goes_through_all);
	tcase_add_test(t, moves_where_it_fits);
	tcase_add_loop_test(t, known_and_stranger_again, 0, ROWS(ways_in) * ROWS(ways_out));
	tcase_add_test(t, known_in_one_pool);
	tcase_add_test(t, no_lease_of_another_pool_ends);
	tcase_add_test(t, networks_are_told);
	tcase_add_test(t, networks_run_out);
	suite_add_tcase(s, t);
	return run_suite(s);
}
