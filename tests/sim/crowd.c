/* crowd - sites of realistic sizes, and times with heavy tails that follow the load of a day. */
#include "crowd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"

/* Probability in percent that an idle host begins a session, by hour. */
static const uint8_t curve[KINDS][24] = {
	[HOME] = {30, 20, 10, 10, 10, 10, 20, 40,  40,  30,  30, 30,
		  40, 40, 40, 50, 60, 80, 90, 100, 100, 100, 80, 50},
	[OFFICE] = {5,  5,  5,   5,   5,  5,  10, 30, 80, 100, 100, 100,
		    70, 90, 100, 100, 90, 60, 30, 20, 10, 5,   5,   5},
	[CONFERENCE] = {5,   5,   5,   5,   5,   5,  5,  20, 80, 100, 100, 100,
			100, 100, 100, 100, 100, 90, 80, 60, 40, 20,  10,  5},
	[PHONE] = {30,  20, 10, 10, 10, 20,  50,  90, 90, 80, 80, 80,
		   100, 90, 80, 80, 90, 100, 100, 90, 90, 80, 70, 50},
};

/* Number of each kind per hundred hosts. */
static const uint8_t part[KINDS] = {[HOME] = 45, [OFFICE] = 15, [CONFERENCE] = 20, [PHONE] = 20};

#define SEED 0x2545f4914f6cdd1d /* the same crowd for every play */

static double uniform(void)
{
	return (random_next() + 0.5) / 4294967296.0;
}

/* Pareto distribution between LEAST and MOST seconds; a smaller SHAPE has a heavier tail. */
static int64_t heavy(double least, double most, double shape)
{
	double seconds = least * pow(uniform(), -1 / shape);

	return (int64_t)((seconds < most ? seconds : most) * (double)SECOND);
}

static void put2(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static void put4(uint8_t *at, uint32_t v)
{
	put2(at, v >> 16);
	put2(at + 2, v);
}

/* Sets the first 64 bits: TOP (the provider), a /48 of it, and a /64 of that. */
static void place(struct member *m, uint32_t top, uint32_t site, uint32_t subnet)
{
	put4(m->addr.b, top);
	put2(m->addr.b + 4, site);
	put2(m->addr.b + 6, subnet);
}

/* Places the N hosts at M, all of one kind, site by site. */
static void place_homes(struct member *m, uint32_t n)
{
	for (uint32_t i = 0, site = 0; i < n; site++) {
		uint32_t hosts = 2 + random_below(19) * random_below(19) / 19,
			 nets = 1 + random_below(3);

		for (uint32_t k = 0; k < hosts && i < n; k++, i++) {
			if (site & 1)
				place(&m[i], 0x20010db8, site, k % nets);
			else
				place(&m[i], 0x24001000, site / 512,
				      site / 2 % 256 << 8 | k % nets);
		}
	}
}

static void place_offices(struct member *m, uint32_t n)
{
	uint32_t most = n / 4 + 1;

	for (uint32_t i = 0, site = 0; i < n; site++) {
		uint32_t hosts = 20 + random_below(most), nets = 4 + random_below(17);

		for (uint32_t k = 0; k < hosts && i < n; k++, i++)
			place(&m[i], 0x2a002000, site, k % nets);
	}
}

static void place_conference(struct member *m, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		place(&m[i], 0x262000fe, 0, 0);
}

#define PHONES 1000 /* per /48 */

static void place_phones(struct member *m, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		place(&m[i], 0x2a023000, i / PHONES, i % PHONES);
}

static void (*const place_kind[KINDS])(struct member *m, uint32_t n) = {
	[HOME] = place_homes,
	[OFFICE] = place_offices,
	[CONFERENCE] = place_conference,
	[PHONE] = place_phones,
};

void crowd_make(struct crowd *c, uint32_t n)
{
	uint32_t first = 0;

	random_state = SEED;
	c->n = n;
	c->member = calloc(n, sizeof(*c->member));
	if (!c->member)
		abort();
	for (enum kind kind = 0; kind < KINDS; kind++) {
		uint32_t share = kind + 1 == KINDS ? n - first : n * part[kind] / 100;

		place_kind[kind](c->member + first, share);
		for (uint32_t i = first; i < first + share; i++) {
			c->member[i].kind = kind;
			c->member[i].one_way = random_below(50) == 0;
			c->member[i].wants = NEVER;
			put4(c->member[i].addr.b + 12, i);
		}
		first += share;
	}
}

const struct member *crowd_first(const struct crowd *c, enum kind kind)
{
	uint32_t i = 0;

	while (c->member[i].kind != kind)
		i++;
	return &c->member[i];
}

struct member *crowd_find(const struct crowd *c, const struct ip6 *addr)
{
	const uint8_t *b = addr->b;

	if (b[8] != 0)
		return NULL;
	return &c->member[(uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 |
			  b[15]];
}

int64_t crowd_next_session(const struct member *m, int64_t now)
{
	do
		now += heavy(120, 6 * 3600, 0.9);
	while (random_below(100) >= curve[m->kind][now / HOUR % 24]);
	return now;
}

void crowd_begin(struct crowd *c, struct member *m, int64_t now)
{
	int64_t offset = (m - c->member) % 24 * HOUR;

	m->addr.b[11] = (uint8_t)((now + offset) / (24 * HOUR));
	if (m->kind == PHONE && random_below(4) == 0) /* attaches again with another /64 */
		put2(m->addr.b + 6, random_below(65536));
	m->until = now + heavy(30, 8 * 3600, 0.8);
	m->wants = NEVER;
	m->known = false;
	m->tries = 0;
}

/* Most pauses are those of a reader; some hosts only keep a session alive. */
int64_t crowd_pause(void)
{
	return heavy(1, 1700, 0.7);
}

int64_t crowd_round_trip(void)
{
	return SECOND / 1000 * (5 + random_below(60) + random_below(60) * random_below(240) / 60);
}

bool crowd_answered(const struct member *m)
{
	return !m->one_way && random_below(100) < 88;
}
