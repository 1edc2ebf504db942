/* replay_sequence - the seeds of fuzz_sequence: bursts, answers, crowds that fill the pool, and
 * pauses. */
#include <string.h>

#include "replay.h"

const unsigned replay_mutations = 40;

#define STEP  8
#define STEPS 96

/* What a seed does at step I. */
struct plan {
	const char *name;
	unsigned hosts; /* take turns */
	uint8_t kind;   /* the fourth byte of a packet */
	unsigned len;
	unsigned answer; /* each so many steps a packet to an address of the pool */
	unsigned pause;  /* each so many steps a step of KIND_OF_PAUSE */
	uint8_t kind_of_pause, how_long;
};

static const struct plan plans[] = {
	{"tcp-flow", 1, 0x00, 1000, 0, 32, 2, 0},   {"tcp-both-ways", 1, 0x00, 1000, 2, 31, 2, 0},
	{"udp-flow", 1, 0x01, 600, 0, 20, 2, 0},    {"udp-both-ways", 2, 0x01, 600, 3, 20, 2, 0},
	{"echo", 2, 0x02, 56, 2, 16, 0, 20},        {"tcp-gso", 1, 0x08, 8000, 2, 16, 2, 0},
	{"udp-gso", 1, 0x09, 4000, 3, 16, 2, 0},    {"tcp-ends", 2, 0x30, 500, 0, 40, 2, 0},
	{"fragments", 2, 0x21, 500, 2, 16, 2, 0},   {"wrong-checksums", 2, 0x40, 500, 2, 16, 2, 0},
	{"crowd", 64, 0x00, 100, 0, 8, 0, 18},      {"crowd-answered", 40, 0x01, 100, 2, 4, 0, 17},
	{"crowd-days", 30, 0x01, 100, 3, 10, 1, 3}, {"crowd-expires", 30, 0x01, 100, 3, 5, 4, 7},
	{"drain", 20, 0x00, 100, 3, 30, 3, 1},      {"not-merged", 1, 0x01, 500, 0, 30, 5, 1},
};

#define SEEDS (sizeof(plans) / sizeof(*plans))

size_t replay_seed(size_t i, uint8_t *at, const char **name)
{
	const struct plan *p = &plans[i];

	if (i == SEEDS)
		return 0;
	*name = p->name;
	for (unsigned n = 0; n < STEPS; n++, at += STEP) {
		at[0] = p->answer && n % p->answer == 1 ? 0x86 : 6;
		at[1] = (uint8_t)(n % p->hosts);
		if (at[0] & 0x80)
			at[1] = (uint8_t)(2 + n / p->answer % 14);
		at[3] = p->kind;
		at[5] = (uint8_t)(p->len >> 8);
		at[6] = (uint8_t)p->len;
		if (n % p->pause == p->pause - 1) {
			at[0] = p->kind_of_pause;
			at[1] = p->how_long;
		}
	}
	return STEPS * STEP;
}

/* Changes a few bytes, or moves steps. */
size_t replay_mutate(uint8_t *m, size_t len)
{
	for (uint32_t n = replay_draw(6); n > 0; n--)
		m[replay_draw((uint32_t)len)] = (uint8_t)replay_draw(256);
	for (uint32_t n = replay_draw(4); n > 0; n--) {
		size_t from = replay_draw((uint32_t)len / STEP),
		       to = replay_draw((uint32_t)len / STEP);

		memmove(m + to * STEP, m + from * STEP, STEP);
	}
	return replay_draw(8) ? len : replay_draw((uint32_t)len + 1);
}
