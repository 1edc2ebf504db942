/* check_batch - checks which packets are merged, and the order in which all leave. */
#include <stdlib.h>
#include <string.h>

#include "batch_output.h"
#include "batch_rows.h"
#include "support/run.h"

static const struct siphash_key key = {1, 2};
static uint8_t arena_bytes[8 << 20];
static struct arena arena = {arena_bytes, sizeof(arena_bytes), 0};
static struct ipid ipid;
static struct segments want;
static struct sink sink;
static struct batch *batch;

static void start(void)
{
	arena.used = 0;
	memset(&sink, 0, sizeof(sink));
	segments_open(&want);
	segments_open(&sink.got);
	batch = batch_new(&key, &ipid);
	ck_assert_ptr_nonnull(batch);
	batch_allow(batch, BATCH_TCP | BATCH_UDP);
}

static void stop(void)
{
	batch_free(batch);
	segments_close(&want);
	segments_close(&sink.got);
}

/* Fills in the defaults of a row. */
static struct spec fill_in(struct spec s)
{
	s.ttl = s.ttl ? s.ttl : 64;
	s.sport = s.sport ? s.sport : 1000;
	s.dport = s.dport ? s.dport : 53;
	s.flags = s.flags ? s.flags : 0x10;
	s.window = s.window ? s.window : 500;
	s.n = s.n == EMPTY ? 0 : s.n ? s.n : 100;
	return s;
}

static void add_output(const struct output *o)
{
	/* head and body are adjacent in the arena */
	segments_add(&want, o->head, o->len, &o->offload);
	ck_assert(batch_add(batch, o));
}

static struct output add(struct spec s)
{
	struct spec full = fill_in(s);
	struct output o = output_make(&arena, &full);

	add_output(&o);
	return o;
}

static void flush(const char *name)
{
	sink_drain(&sink, batch);
	compare_flows(name, &want, &sink.got);
	want.n = sink.got.n = 0;
	sink.last = NULL;
}

START_TEST(merged_or_not)
{
	start();
	for (int i = 0; i < OUTPUTS && rows[_i].packet[i].is; i++)
		add(rows[_i].packet[i]);
	flush(rows[_i].name);
	ck_assert_msg(strcmp(sink.text, rows[_i].out) == 0, "%s: %s, not %s", rows[_i].name,
		      sink.text, rows[_i].out);
	stop();
}
END_TEST

static struct output given;
static uint8_t header_given[64];

/* Keeps the last output, and returns how many there were. */
static unsigned take_all(void)
{
	const struct output *out;
	unsigned n = 0;

	for (; (out = batch_next(batch)); n++) {
		given = *out;
		memcpy(header_given, out->head, min_size(out->head_len, sizeof(header_given)));
	}
	return n;
}

static bool same_offload(const struct offload *a, const struct offload *b)
{
	return a->csum == b->csum && a->gso == b->gso && a->ecn == b->ecn && a->seg == b->seg &&
	       a->header == b->header && a->csum_start == b->csum_start &&
	       a->csum_offset == b->csum_offset;
}

/* A packet that is not merged leaves unchanged, with its Identification, and its checksum is not
 * verified. */
START_TEST(lone_packets_are_untouched)
{
	for (int i = 0; i < ROWS(rows); i++) {
		uint8_t before[64];
		struct output o;

		start();
		o = add(rows[i].packet[0]);
		memcpy(before, o.head, min_size(o.head_len, sizeof(before)));
		ck_assert_uint_eq(take_all(), 1);
		ck_assert_msg(same_offload(&given.offload, &o.offload) &&
				      memcmp(header_given, before,
					     min_size(o.head_len, sizeof(before))) == 0 &&
				      given.head == o.head && given.head_len == o.head_len,
			      "%s", rows[i].name);
		ck_assert_uint_eq(given.parts, o.body.len ? 2 : 1);
		ck_assert(given.body.len == o.body.len && given.body.p == o.body.p);
		ck_assert_uint_eq(batch_merged(batch), 0);
		stop();
	}
}
END_TEST

static const struct {
	const char *name, *out;
	unsigned merge;
} allowed[] = {
	{"nothing", "1,1,1,1", 0},
	{"TCP", "2,1,1", BATCH_TCP},
	{"UDP", "1,2,1", BATCH_UDP},
	{"both", "2,2", BATCH_TCP | BATCH_UDP},
};

START_TEST(only_what_is_allowed)
{
	start();
	batch_allow(batch, allowed[_i].merge);
	add((struct spec){T(0)});
	add((struct spec){U});
	add((struct spec){T(100)});
	add((struct spec){U});
	flush(allowed[_i].name);
	ck_assert_msg(strcmp(sink.text, allowed[_i].out) == 0, "%s: %s", allowed[_i].name,
		      sink.text);
	stop();
}
END_TEST

START_TEST(nothing_is_merged_unasked)
{
	start();
	batch_free(batch);
	batch = batch_new(&key, &ipid);
	add((struct spec){U});
	add((struct spec){U});
	flush("new");
	ck_assert_uint_eq(sink.outs, 2);
	stop();
}
END_TEST

/* The device may stop accepting GSO packets while some are collected; later packets must still
 * leave in order. */
START_TEST(allowing_in_between_keeps_the_order)
{
	start();
	add((struct spec){U});
	batch_allow(batch, BATCH_TCP);
	add((struct spec){U});
	batch_allow(batch, BATCH_UDP);
	add((struct spec){U});
	add((struct spec){U});
	flush("in between");
	ck_assert_str_eq(sink.text, "1,1,2");
	stop();
}
END_TEST

START_TEST(header_of_a_gso)
{
	start();
	add((struct spec){U, .id = 1000});
	add((struct spec){U, .id = 3});
	add((struct spec){U, .id = 2, .n = 1});
	ck_assert_uint_eq(batch_merged(batch), 2);
	take_all();
	ck_assert_uint_eq(given.offload.csum, CSUM_PARTIAL);
	ck_assert_uint_eq(given.offload.gso, GSO_UDP);
	ck_assert_uint_eq(given.offload.ecn, 0);
	ck_assert_uint_eq(given.offload.seg, 100);
	ck_assert_uint_eq(given.offload.header, 28);
	ck_assert_uint_eq(given.offload.csum_start, 20);
	ck_assert_uint_eq(given.offload.csum_offset, 6);
	ck_assert_uint_eq(given.len, 229);
	ck_assert_uint_eq(given.parts, 3);
	ck_assert_uint_eq(given.segments, 3);
	ck_assert_uint_eq(get16(header_given + 2), 229);
	ck_assert_uint_eq(get16(header_given + 4), 1000); /* DF=1: that of the first packet */
	ck_assert_uint_eq(get16(header_given + 24), 209);
	ck_assert_uint_eq(get16(header_given + 26),
			  craft_l4_sum(header_given + 12, header_given + 16, 4, 17,
				       (const uint8_t[]){0, 201}, 0) +
				  209);
	stop();
}
END_TEST

/* 64 datagrams form one GSO packet, however head and body share the payload; the next datagram
 * starts another. */
START_TEST(many_into_one)
{
	static const struct {
		size_t body;
		const char *out;
	} split[] = {{0, "64,64,2"}, {100, "64,64,2"}, {40, "32,32,32,32,2"}};

	for (int i = 0; i < ROWS(split); i++) {
		start();
		for (int n = 0; n < 130; n++)
			add((struct spec){U, .body = split[i].body});
		flush("many");
		ck_assert_str_eq(sink.text, split[i].out);
		stop();
	}
}
END_TEST

START_TEST(tcp_until_65535_bytes)
{
	start();
	for (uint32_t n = 0; n < 50; n++)
		add((struct spec){T(1448 * n), .n = 1448, .opts = 12});
	flush("bulk");
	ck_assert_str_eq(sink.text, "45,5");
	stop();
}
END_TEST

/* A full batch refuses packets without losing any; 256 interleaved flows form 256 GSO packets.
 * Runs twice, because nothing may remain of the first burst. */
START_TEST(full_of_flows)
{
	struct spec spec = fill_in((struct spec){.is = true, .csum = CSUM_PARTIAL, .n = 64});
	struct output more;

	start();
	for (unsigned burst = 1; burst <= 2; burst++) {
		for (unsigned i = 0; i < BATCH_PACKETS; i++) {
			spec.sport = (uint16_t)(i % 256);
			spec.six = i % 2;
			more = output_make(&arena, &spec);
			add_output(&more);
		}
		ck_assert(!batch_add(batch, &more));
		ck_assert_uint_eq(batch_merged(batch), burst * (BATCH_PACKETS - 256));
		flush("flows in turn");
		ck_assert_uint_eq(sink.outs, 256 * burst);
	}
	stop();
}
END_TEST

/* Flows that share a slot are distinguished, and do not displace each other. */
START_TEST(flows_that_collide)
{
	struct spec flow[512];

	start();
	for (unsigned burst = 1; burst <= 4; burst++) {
		for (unsigned i = 0; i < 1024; i++) {
			struct spec *s = &flow[i % 512];

			if (i < 512)
				*s = (struct spec){U,
						   .n = 8,
						   .six = random_below(2),
						   .host = (uint8_t)i,
						   .sport = (uint16_t)random_below(0xfffe),
						   .dport = (uint16_t)random_below(0xfffe)};
			add(*s);
		}
		flush("collisions");
		ck_assert_uint_eq(sink.outs, 512 * burst);
	}
	stop();
}
END_TEST

/* Stale entries of an earlier burst, of any size and order, do not count. */
START_TEST(bursts_of_many_flows)
{
	start();
	for (unsigned burst = 0; burst < 60; burst++) {
		unsigned n = 1 + random_below(burst % 8 ? 100 : BATCH_PACKETS);

		batch_allow(batch, random_below(4));
		for (unsigned i = 0; i < n; i++)
			add((struct spec){W, .n = 8, .host = (uint8_t)random_below(16),
					  .sport = (uint16_t)(1 + random_below(64)),
					  .corrupt = random_below(4) == 0});
		flush("many flows");
		memset(arena.bytes, 0xee, arena.used);
		arena.used = 0;
	}
	stop();
}
END_TEST

/* A fragment closes GSO packets only in its own burst. */
START_TEST(a_fragment_closes_this_burst_only)
{
	start();
	for (int i = 0; i < 3; i++)
		add((struct spec){W, .later = true});
	flush("fragments");
	add((struct spec){U});
	add((struct spec){U});
	flush("after them");
	ck_assert_str_eq(sink.text, "1,1,1,2");
	stop();
}
END_TEST

/* A burst leaves nothing behind. */
START_TEST(nothing_is_held_over)
{
	start();
	for (unsigned burst = 1; burst < 100; burst++) {
		for (unsigned i = 0; i < burst % 7; i++)
			add((struct spec){U, .n = burst, .sport = (uint16_t)(1 + random_below(3))});
		flush("burst");
	}
	ck_assert_uint_eq(take_all(), 0);
	ck_assert_uint_eq(batch_merged(batch) + sink.outs, 99 / 7 * 21 + 1);
	stop();
}
END_TEST

/* Headers with wrong fields: never merged, and sent unchanged. */
static const struct {
	const char *name;
	size_t at;
	uint8_t value;
	bool six, tcp;
} lies[] = {
	{"UDP length", 25, 107, false, false},
	{"UDP length over IPv6", 45, 109, true, false},
	{"data offset below 5", 32, 0x40, false, true},
	{"data offset beyond the packet", 32, 0xf0, false, true},
};

START_TEST(lies_are_not_merged)
{
	struct spec spec = {
		.tcp = lies[_i].tcp, .six = lies[_i].six, .csum = CSUM_VOUCHED, .n = 24};

	start();
	for (int i = 0; i < 2; i++, spec.seq += 24) {
		struct output o;

		spec = fill_in(spec);
		o = output_make(&arena, &spec);
		o.head[lies[_i].at] = lies[_i].value;
		o.l4 = spec.tcp ? 0 : o.l4; /* as the translator reports it */
		ck_assert(batch_add(batch, &o));
	}
	ck_assert_msg(take_all() == 2, "%s", lies[_i].name);
	ck_assert_uint_eq(header_given[lies[_i].at], lies[_i].value);
	stop();
}
END_TEST

/* A partial checksum field of zero does not mean a missing checksum. */
START_TEST(partial_zero_is_no_missing_checksum)
{
	struct spec spec = fill_in((struct spec){U});

	start();
	for (int i = 0; i < 2; i++) {
		struct output o = output_make(&arena, &spec);

		put16(o.head + 26, 0);
		ck_assert(batch_add(batch, &o));
	}
	ck_assert_uint_eq(take_all(), 1);
	stop();
}
END_TEST

/* AccECN and the reserved bits [9293-3.1] are next to the data offset. */
START_TEST(reserved_bits_differ)
{
	start();
	for (uint32_t i = 0; i < 2; i++) {
		struct spec spec = fill_in((struct spec){T(100 * i)});
		struct output o = output_make(&arena, &spec);

		o.head[32] |= (uint8_t)i;
		add_output(&o);
	}
	flush("reserved bits");
	ck_assert_str_eq(sink.text, "1,1");
	stop();
}
END_TEST

/* The kernel has reasons to set CWR in one segment and not in another. */
START_TEST(ecn_is_not_merged)
{
	struct spec spec = fill_in((struct spec){T(0), CUT(300)});

	start();
	for (int i = 0; i < 2; i++, spec.seq += 300) {
		struct output o = output_make(&arena, &spec);

		o.offload.ecn = i ? 0 : GSO_ECN;
		ck_assert(batch_add(batch, &o));
	}
	ck_assert_uint_eq(take_all(), 2);
	stop();
}
END_TEST

static Suite *batch_suite(void)
{
	Suite *suite = suite_create("batch");
	TCase *tests = tcase_create("batch");

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, merged_or_not, 0, ROWS(rows));
	tcase_add_test(tests, lone_packets_are_untouched);
	tcase_add_loop_test(tests, only_what_is_allowed, 0, ROWS(allowed));
	tcase_add_test(tests, nothing_is_merged_unasked);
	tcase_add_test(tests, allowing_in_between_keeps_the_order);
	tcase_add_test(tests, header_of_a_gso);
	tcase_add_test(tests, many_into_one);
	tcase_add_test(tests, tcp_until_65535_bytes);
	tcase_add_test(tests, full_of_flows);
	tcase_add_test(tests, flows_that_collide);
	tcase_add_test(tests, bursts_of_many_flows);
	tcase_add_test(tests, a_fragment_closes_this_burst_only);
	tcase_add_test(tests, nothing_is_held_over);
	tcase_add_loop_test(tests, lies_are_not_merged, 0, ROWS(lies));
	tcase_add_test(tests, reserved_bits_differ);
	tcase_add_test(tests, partial_zero_is_no_missing_checksum);
	tcase_add_test(tests, ecn_is_not_merged);
	suite_add_tcase(suite, tests);
	return suite;
}

int main(void)
{
	return run_suite(batch_suite());
}
