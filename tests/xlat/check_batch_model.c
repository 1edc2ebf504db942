/* check_batch_model - random bursts: the outputs of the batch, cut into segments again, must equal
 * the inputs byte for byte, in order within each flow, and must be fewer packets. */
#include <stdlib.h>
#include <string.h>

#include "batch_output.h"
#include "support/run.h"

#define ROUNDS    600
#define FLOWS     10
#define ALONE_TTL 99  /* marks packets with an Identification that another sender chose */
#define SEGS_MOST 600 /* maximum segments on the wire per round */

static const struct siphash_key key = {3, 4};
static uint8_t arena_bytes[8 << 20];
static struct arena arena = {arena_bytes, sizeof(arena_bytes), 0};
static struct ipid ipid;
static struct segments want;
static struct sink sink;
static unsigned long packets_in, packets_out, merged, corrupted, fragments;

static bool chance(unsigned one_in)
{
	return random_below(one_in) == 0;
}

static struct spec new_flow(unsigned i)
{
	struct spec s = {
		.six = random_below(2),
		.tcp = random_below(2),
		.nodf = random_below(2),
		.flags = 0x10,
		.ttl = 64,
		.host = (uint8_t)random_below(2),
		.sport = (uint16_t)i,
		.dport = 80,
		.seq = random_next(),
		.ack = random_next(),
		.window = 1000,
		.opts = (uint8_t)(random_below(4) * 4),
		.opt = 1,
		.n = chance(4) ? random_below(16) : random_below(1401),
		.csum = (uint8_t)random_below(3),
	};

	return s;
}

/* Changes a property of the flow's packets from now on. */
static void drift(struct spec *s)
{
	switch (random_below(12)) {
	case 0:
		s->tos ^= (uint8_t)random_below(4);
		break;
	case 1:
		s->ttl ^= 1;
		break;
	case 2:
		s->ack += random_below(2);
		break;
	case 3:
		s->window ^= (uint16_t)random_below(2);
		break;
	case 4:
		s->n = random_below(1401);
		break;
	case 5:
		s->csum = (uint8_t)random_below(3);
		break;
	case 6:
		s->seq += random_below(3) - 1;
		break;
	case 7:
		s->opt ^= (uint8_t)random_below(2);
		break;
	case 8:
		s->nodf ^= random_below(2);
		break;
	case 9:
		s->urgent ^= (uint16_t)random_below(2);
		break;
	default:
		break;
	}
}

static void oddity(struct spec *s)
{
	switch (random_below(8)) {
	case 0:
		s->n = random_below((uint32_t)s->n + 1);
		break;
	case 1:
		s->flags |= (uint8_t)(1u << random_below(8));
		break;
	case 2:
		s->corrupt = s->n > 0 && s->csum == CSUM_WHOLE;
		break;
	case 3:
		s->zero = !s->tcp && s->csum == CSUM_WHOLE;
		break;
	case 4:
		s->more = s->later = chance(2);
		s->more |= !s->later;
		s->csum = CSUM_WHOLE;
		break;
	case 5:
		s->proto = 132;
		s->csum = CSUM_WHOLE;
		break;
	case 6:
		s->alone = s->nodf && !s->six;
		s->ttl = ALONE_TTL;
		break;
	default:
		s->n += random_below(3);
		break;
	}
}

static void make_gso(struct spec *s)
{
	unsigned n = 1 + random_below(5);

	if (s->n == 0)
		return;
	s->csum = CSUM_PARTIAL;
	s->seg = (uint16_t)s->n;
	s->n = s->n * n + 1 + (chance(2) ? s->n - 1 : random_below((uint32_t)s->n));
}

static unsigned segments_of(const struct spec *s)
{
	return s->seg ? (unsigned)((s->n + s->seg - 1) / s->seg) : 1;
}

/* Numbers packets as xlat does: a packet that must not be fragmented gets any value. */
static void number(struct spec *s)
{
	uint32_t dst = 0xcb007100u + s->host;

	s->id = (uint16_t)random_next();
	if (s->nodf && !s->six && !s->alone)
		s->id = ipid_take(&ipid, 0xc6336407, dst, segments_of(s));
}

static void next_packet(struct batch *b, struct spec *flow)
{
	struct spec s = *flow;
	struct output o;

	if (chance(12))
		oddity(&s);
	else if (chance(8))
		make_gso(&s);
	s.body = chance(3) ? 0 : chance(3) ? random_below((uint32_t)s.n + 1) : s.n;
	number(&s);
	o = output_make(&arena, &s);
	segments_add(&want, o.head, o.len, &o.offload);
	ck_assert(batch_add(b, &o));
	flow->seq += (uint32_t)s.n;
	if (chance(25))
		drift(flow);
	packets_in++;
	corrupted += s.corrupt;
	fragments += s.more || s.later;
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* [6864-4.2] No Identification that we choose occurs twice for a pair of addresses. */
static void check_numbers(const struct segments *s)
{
	static uint64_t used[SEGMENTS];
	unsigned n = 0;
	size_t len;

	for (unsigned i = 0; i < s->n; i++) {
		const uint8_t *p = segments_at(s, i, &len);

		if (p[0] >> 4 == 4 && get16(p + 6) == 0 && p[8] != ALONE_TTL)
			used[n++] = (uint64_t)get32(p + 16) << 16 | get16(p + 4);
	}
	qsort(used, n, sizeof(*used), by_value);
	for (unsigned i = 1; i < n; i++)
		ck_assert_msg(used[i - 1] != used[i], "Identification %04x twice",
			      (unsigned)used[i] & 0xffff);
}

static void play(struct batch *b, unsigned packets)
{
	struct spec flow[FLOWS];
	unsigned flows = 1 + random_below(FLOWS);

	for (unsigned i = 0; i < flows; i++)
		flow[i] = new_flow(i);
	arena.used = 0;
	sink.last = NULL;
	sink.text[0] = '\0';
	want.n = sink.got.n = sink.outs = 0;
	for (unsigned i = 0; i < packets && want.n < SEGS_MOST; i++)
		next_packet(b, &flow[random_below(flows)]);
	sink_drain(&sink, b);
	check_numbers(&sink.got);
	compare_flows("random", &want, &sink.got);
	packets_out += sink.outs;
}

static struct batch *start(void)
{
	struct batch *b = batch_new(&key, &ipid);

	ck_assert_ptr_nonnull(b);
	random_fill(ipid.counter, sizeof(ipid.counter));
	segments_open(&want);
	segments_open(&sink.got);
	packets_in = packets_out = corrupted = fragments = 0;
	return b;
}

static void stop(struct batch *b)
{
	merged = (unsigned long)batch_merged(b);
	batch_free(b);
	segments_close(&want);
	segments_close(&sink.got);
}

START_TEST(same_packets_in_order)
{
	struct batch *b = start();

	for (int i = 0; i < ROUNDS; i++) {
		batch_allow(b, chance(8) ? random_below(4) : BATCH_TCP | BATCH_UDP);
		play(b, 1 + random_below(i % 4 ? 60 : 400));
	}
	stop(b);
	/* checks that the test has an effect */
	ck_assert_uint_eq(packets_in, packets_out + merged);
	ck_assert_uint_gt(merged, packets_in / 4);
	ck_assert_uint_gt(corrupted, packets_in / 1000);
	ck_assert_uint_gt(fragments, packets_in / 1000);
	printf("# %lu packets, %lu merged, %lu corrupt, %lu fragments\n", packets_in, merged,
	       corrupted, fragments);
}
END_TEST

static Suite *batch_model_suite(void)
{
	Suite *suite = suite_create("batch_model");
	TCase *tests = tcase_create("batch_model");

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, same_packets_in_order);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return run_suite(batch_model_suite());
}
