/* check_ipid - checks that IPv4 Identifications meet RFC 7739: they repeat late, and a host cannot
 * learn the values of others from its own.
 *
 * The generator is a table of counters that a keyed hash of the address pair selects [7739-5.3].  A
 * pair sees a value again after 65536 uses of its counter, if no other pair uses it.  One in 2048
 * of all other pairs shares the counter.  If these send N packets for each packet of the pair, a
 * value repeats after 65536 / (1 + N / 2048) packets of the pair, which is 2^15 for N = 2048.
 *
 * Every check must also detect the faults of bad generators.  All random numbers are seeded.  With
 * any other seed, a correct generator fails a limit with a probability of 10^-6. */
#include <stdio.h>
#include <string.h>

#include "support/craft.h"
#include "support/random.h"
#include "support/rig.h"
#include "support/run.h"
#include "lib/wire.h"

#define HOST  0xcb007100u /* 203.0.113.0/24 has a map */
#define WORLD 0x08000000u

struct generator {
	const char *name;
	/* ZERO: the counters do not start with random values. */
	void (*start)(uint64_t key, bool zero);
	uint16_t (*next)(uint32_t src, uint32_t dst);
};

/* --- the translator, as seen by a receiver of its packets
 * -------------------------------------- */

static struct rig rig;

static void ours_start(uint64_t key, bool zero)
{
	memset(rig.x.ipid.counter, 0, sizeof(rig.x.ipid.counter));
	rig.x.ipid.key = (struct siphash_key){key, ~key};
	random_state = key * 2 + 1;
	if (!zero)
		random_fill(rig.x.ipid.counter, sizeof(rig.x.ipid.counter));
}

static uint16_t ours_next(uint32_t src, uint32_t dst)
{
	static uint8_t packet[CRAFT_MAX], room[XLAT_HEADROOM + sizeof(packet)];
	static size_t len;
	uint8_t *at = room + XLAT_HEADROOM;
	const uint8_t *ip;

	if (len == 0) {
		len = craft(packet, "6r | data 20", NULL);
		packet[6] = 47;
	}
	packet[23] = (uint8_t)src; /* last byte of CRAFT_HOST6 */
	put32(packet + 36, dst);   /* end of CRAFT_WORLD6 */
	memcpy(at, packet, len);
	ck_assert_int_eq(xlat_packet(&rig.x, at, len, NULL, rig.now, &rig.out), REASON_OK);
	ip = rig.out.output[0].head;
	ck_assert(get32(ip + 12) == src && get32(ip + 16) == dst);
	return get16(ip + 4);
}

/* --- bad generators that exist in practice
 * ----------------------------------------------------- */

static uint16_t counter, counters[1 << 16];
static uint64_t secret;

static void naive_start(uint64_t key, bool zero)
{
	secret = key;
	random_state = key * 2 + 1;
	memset(counters, 0, sizeof(counters));
	counter = zero ? 0 : (uint16_t)random_next();
}

static uint16_t constant_next(uint32_t src, uint32_t dst)
{
	(void)src;
	(void)dst;
	return 0;
}

static uint16_t global_next(uint32_t src, uint32_t dst)
{
	(void)src;
	(void)dst;
	return counter++;
}

static uint16_t random_ipid(uint32_t src, uint32_t dst)
{
	(void)src;
	(void)dst;
	return (uint16_t)random_next();
}

static uint16_t mix(uint64_t x)
{
	x = (x ^ x >> 31) * 0x9e3779b97f4a7c15;
	x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9;
	return (uint16_t)(x >> 40);
}

static uint16_t *own_counter(uint32_t src, uint32_t dst)
{
	return &counters[mix((uint64_t)src << 32 | dst)];
}

/* One counter per pair, starting at zero. */
static uint16_t pair_next(uint32_t src, uint32_t dst)
{
	return (*own_counter(src, dst))++;
}

/* The offset is a sum, so the values of a pair reveal those of its neighbor. */
static uint16_t sum_next(uint32_t src, uint32_t dst)
{
	return (uint16_t)((*own_counter(src, dst))++ + (src + dst * 257 + secret) * 40503);
}

/* A good hash without a key. */
static uint16_t unkeyed_next(uint32_t src, uint32_t dst)
{
	return (uint16_t)((*own_counter(src, dst))++ + mix((uint64_t)dst << 32 | src));
}

/* One counter for all pairs, hidden by an offset per pair. */
static uint16_t hidden_next(uint32_t src, uint32_t dst)
{
	return (uint16_t)(counter++ + mix(((uint64_t)dst << 32 | src) ^ secret << 7));
}

/* --- the checks, which return NULL or the fault ----------------------------------------------- */

static char fault[200];

static uint32_t some_peer(void)
{
	return WORLD | random_below(1 << 24);
}

/* The values of a pair within WINDOW of its own packets differ, while OTHERS packets go to other
 * pairs for each of its packets. */
static const char *check_repeat(const struct generator *g, unsigned window, unsigned others)
{
	static uint32_t last[1 << 16];

	memset(last, 0, sizeof(last));
	g->start(1, false);
	for (uint32_t n = 1; n <= 3 * 32768; n++) {
		uint16_t id = g->next(HOST + 5, WORLD + 5);

		if (last[id] && n - last[id] < window) {
			snprintf(fault, sizeof(fault), "a value comes again after %u packets",
				 n - last[id]);
			return fault;
		}
		last[id] = n;
		for (unsigned i = 0; i < others; i++)
			g->next(HOST + 7, some_peer());
	}
	return NULL;
}

static const char *repeats_alone(const struct generator *g)
{
	return check_repeat(g, 65536, 0);
}

static const char *repeats_among_others(const struct generator *g)
{
	return check_repeat(g, 1 << 15, 3);
}

#define SAMPLES (1 << 14)

/* Chi-square over 256 bins has 255 degrees of freedom: between 160 and 380, except with a
 * probability of 10^-6.  A sample that is too even also fails, such as that of a counter. */
static const char *check_spread(const char *what, const uint16_t *sample)
{
	for (int shift = 0; shift <= 8; shift += 8) {
		unsigned bin[256] = {0};
		double chi = 0, mean = SAMPLES / 256.0;

		for (int i = 0; i < SAMPLES; i++)
			bin[sample[i] >> shift & 255]++;
		for (int i = 0; i < 256; i++)
			chi += (bin[i] - mean) * (bin[i] - mean) / mean;
		if (chi > 160 && chi < 380)
			continue;
		snprintf(fault, sizeof(fault), "%s: chi-square of byte %d is %.0f", what, shift / 8,
			 chi);
		return fault;
	}
	return NULL;
}

/* The first values of other pairs, and the differences between neighbors, look random. */
static const char *spreads_pairs(const struct generator *g)
{
	static uint16_t first[SAMPLES], step[SAMPLES];
	const char *bad;

	g->start(2, true);
	for (uint32_t i = 0; i < SAMPLES; i++)
		first[i] = g->next(HOST + 9, WORLD + i * 3);
	for (uint32_t i = 0; i < SAMPLES; i++)
		step[i] = (uint16_t)(first[(i + 1) % SAMPLES] - first[i]);
	bad = check_spread("values of pairs", first);
	return bad ? bad : check_spread("differences of neighbours", step);
}

/* A host that sees the values of its own pair before and after three packets of another pair cannot
 * detect those packets, unless both pairs share a counter.  That is true for 8 of 16384 pairs, and
 * for more than 25 with a probability of 10^-6. */
static const char *hides_others(const struct generator *g)
{
	unsigned seen = 0;

	g->start(3, false);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint16_t before = g->next(HOST + 1, WORLD + 1);
		uint32_t other = some_peer();

		for (int k = 0; k < 3; k++)
			g->next(HOST + 2, other);
		seen += (uint16_t)(g->next(HOST + 1, WORLD + 1) - before) == 4;
	}
	if (seen <= 25)
		return NULL;
	snprintf(fault, sizeof(fault), "the packets of %u of %d others can be counted", seen,
		 SAMPLES);
	return fault;
}

/* A host that knows when two pairs get values cannot derive one from the other.  If two pairs share
 * a counter, the difference of their values is constant.  Therefore the check compares steps: a
 * common counter would produce equal steps. */
static const char *steps_alone(const struct generator *g)
{
	uint16_t a = 0, b = 0;
	unsigned common = 0;

	g->start(4, false);
	for (uint32_t i = 0; i < SAMPLES; i++) {
		unsigned gap = 1 + random_below(7);
		uint16_t was_a = a, was_b = b;

		a = g->next(HOST + 1, WORLD + 1);
		for (unsigned k = 0; k < gap; k++) /* lets a common counter advance unevenly */
			g->next(HOST + 3, WORLD + 3);
		b = g->next(HOST + 2, WORLD + 2);
		common += (uint16_t)(a - was_a) != 1 && (uint16_t)(b - was_b) != 1;
	}
	if (common <= 25)
		return NULL;
	snprintf(fault, sizeof(fault), "%u of %d steps of two pairs are not their own", common,
		 SAMPLES);
	return fault;
}

/* Another key gives all pairs other values, and the differences look random. */
static const char *heeds_key(const struct generator *g)
{
	static uint16_t one[SAMPLES], other[SAMPLES];

	g->start(5, true);
	for (uint32_t i = 0; i < SAMPLES; i++)
		one[i] = g->next(HOST + 9, WORLD + i * 3);
	g->start(6, true);
	for (uint32_t i = 0; i < SAMPLES; i++)
		other[i] = (uint16_t)(g->next(HOST + 9, WORLD + i * 3) - one[i]);
	return check_spread("differences between keys", other);
}

static const struct check {
	const char *name;
	const char *(*run)(const struct generator *g);
} checks[] = {
	{"7739: no repeat, the pair alone", repeats_alone},
	{"7739: no repeat, among others", repeats_among_others},
	{"7739: values of pairs look random", spreads_pairs},
	{"7739: a pair does not show what others send", hides_others},
	{"7739: pairs have no common counter", steps_alone},
	{"7739: the key decides", heeds_key},
};

static const struct generator ours = {"the translator", ours_start, ours_next};

static const struct bad {
	struct generator g;
	const char *fails; /* digits of the checks that must find a fault */
} bad[] = {
	{{"constant", naive_start, constant_next}, "012 45"},
	{{"global counter", naive_start, global_next}, " 12345"},
	{{"random numbers", naive_start, random_ipid}, "01"},
	{{"counter of each pair, from zero", naive_start, pair_next}, "25"},
	{{"offset by a sum", naive_start, sum_next}, "25"},
	{{"hash without key", naive_start, unkeyed_next}, "5"},
	{{"hash before a global counter", naive_start, hidden_next}, "34"},
};

START_TEST(test_ours)
{
	const char *wrong;

	rig_open(&rig, RIG_SETUP);
	wrong = checks[_i].run(&ours);
	ck_assert_msg(!wrong, "%s: %s", checks[_i].name, wrong);
	rig_close(&rig);
}
END_TEST

START_TEST(test_bad)
{
	for (int i = 0; i < ROWS(checks); i++) {
		const char *wrong;

		if (!strchr(bad[_i].fails, '0' + i))
			continue;
		wrong = checks[i].run(&bad[_i].g);
		ck_assert_msg(wrong, "%s: passes %s", bad[_i].g.name, checks[i].name);
	}
}
END_TEST

START_TEST(test_same_key)
{
	uint16_t was[100];

	rig_open(&rig, RIG_SETUP);
	ours_start(7, false);
	for (unsigned i = 0; i < 100; i++)
		was[i] = ours_next(HOST + 1, WORLD + i % 3);
	ours_start(7, false);
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(was[i], ours_next(HOST + 1, WORLD + i % 3));
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipid");
	TCase *tc = tcase_create("ipid");

	tcase_set_timeout(tc, 0);
	tcase_add_loop_test(tc, test_ours, 0, ROWS(checks));
	tcase_add_loop_test(tc, test_bad, 0, ROWS(bad));
	tcase_add_test(tc, test_same_key);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
