/* check_gso - compares a part of a GSO packet, with its checksum completed, with the packet that
 * its sender would have sent, which naive code builds from scratch. */
#include "packet/gso.h"

#include <stdlib.h>
#include <string.h>

#include "support/craft.h"
#include "support/random.h"
#include "support/run.h"

#define ROOM 65536

/* A flow and its data.  The output of src/ is compared with packets that build() makes of it. */
static struct flow {
	uint8_t addrs[32];
	size_t alen;
	uint8_t proto;
	size_t header;
	uint8_t l4[60];
	bool cwr_stays;
	size_t payload;
	uint8_t data[ROOM];
} f;

static unsigned pseudo(size_t l4_len)
{
	uint8_t tail[8] = {0};

	put32(tail, (uint32_t)l4_len);
	tail[7] = f.proto;
	return craft_sum(craft_sum(0, f.addrs, 2 * f.alen), tail, sizeof(tail));
}

static uint8_t *csum_of(uint8_t *l4)
{
	return l4 + (f.proto == PROTO_TCP ? 16 : 6);
}

/* Writes the header of bytes FROM to END of the flow as a separate packet, with a partial
 * checksum. */
static void build_header(uint8_t *at, size_t from, size_t end)
{
	memcpy(at, f.l4, f.header);
	put16(csum_of(at), pseudo(f.header + end - from));
	if (f.proto == PROTO_UDP) {
		put16(at + 4, (unsigned)(8 + end - from));
		return;
	}
	put32(at + 4, get32(f.l4 + 4) + (uint32_t)from);
	if (end != f.payload)
		at[13] &= 0xf6;
	if (from != 0 && !f.cwr_stays)
		at[13] &= 0x7f;
}

static void build(uint8_t *at, size_t from, size_t end)
{
	unsigned sum;

	build_header(at, from, end);
	if (end > from)
		memcpy(at + f.header, f.data + from, end - from);
	put16(csum_of(at), 0);
	sum = ~craft_l4_sum(f.addrs, f.addrs + f.alen, f.alen, f.proto, at, f.header + end - from) &
	      0xffff;
	put16(csum_of(at), sum == 0 && f.proto == PROTO_UDP ? 0xffff : sum);
}

/* Starts a flow of PAYLOAD random bytes with a random header. */
static void start(uint8_t proto, size_t payload)
{
	f.proto = proto;
	f.alen = random_below(2) ? 4 : 16;
	f.header = proto == PROTO_UDP ? 8 : 20 + 4 * random_below(11);
	f.payload = payload;
	f.cwr_stays = random_below(2);
	random_fill(f.addrs, sizeof(f.addrs));
	random_fill(f.l4, sizeof(f.l4));
	random_fill(f.data, payload);
	if (proto == PROTO_TCP)
		f.l4[12] = (uint8_t)(f.header / 4 << 4 | random_below(16));
}

static uint8_t *exactly(size_t n)
{
	uint8_t *p = malloc(n);

	if (!p)
		ck_abort_msg("out of memory");
	return p;
}

static void differ(const char *name, const uint8_t *is, const uint8_t *want, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is[i] != want[i])
			ck_abort_msg("%s: byte %zu of %zu is %02x, not %02x", name, i, n, is[i],
				     want[i]);
}

/* Cuts bytes FROM to END out of the GSO packet T, which begins at byte AT of the flow, into memory
 * of exactly that size. */
static void check_part(const char *name, const struct gso_packet *t, size_t at, size_t from,
		       size_t end)
{
	static uint8_t want[ROOM + 60];
	uint8_t *l4 = exactly(f.header);

	gso_header(t, from - at, end - from, l4);
	build_header(want, from, end);
	differ(name, l4, want, f.header);
	gso_complete(l4, f.header, f.proto, (struct span){f.data + from, end - from});
	build(want, from, end);
	differ(name, l4, want, f.header);
	free(l4);
}

static struct gso_packet gso_of(const uint8_t *l4, size_t payload)
{
	return (struct gso_packet){f.proto, f.cwr_stays, l4, f.header, payload};
}

/* Cuts the whole flow into parts of SEG bytes. */
static void check_cut(const char *name, size_t seg)
{
	uint8_t *l4 = exactly(f.header);
	struct gso_packet t = gso_of(l4, f.payload);
	size_t from = 0, n = 0;

	build_header(l4, 0, f.payload);
	do {
		check_part(name, &t, 0, from, min_size(from + seg, f.payload));
		from += seg;
		n++;
	} while (from < f.payload);
	ck_assert_msg(n == gso_segments(f.payload, seg), "%s: %zu segments", name, n);
	free(l4);
}

static const struct row {
	const char *name;
	size_t payload, seg;
} rows[] = {
	{"no payload", 0, 1000},
	{"one byte", 1, 1},
	{"one byte, of many", 1, 1000},
	{"one segment", 1000, 1000},
	{"one segment and a byte", 1001, 1000},
	{"two segments less a byte", 1999, 1000},
	{"two segments", 2000, 1000},
	{"odd segments", 5000, 1001},
	{"segments of one byte", 300, 1},
	{"segments of two bytes", 301, 2},
	{"segments of three bytes", 302, 3},
	{"768: 64 datagrams", 64 * 64, 64},
	{"a segment longer than all", 5000, 65534},
	{"the longest segment there is", 65400, 65399},
	{"the longest GSO packet there is", 65475, 1440},
	{"odd, and as long as can be", 65475, 1},
};

START_TEST(cut)
{
	const struct row *r = &rows[_i];

	for (int round = 0; round < (r->payload > 10000 && r->seg < 10 ? 1 : 10); round++) {
		start(PROTO_TCP, r->payload);
		check_cut(r->name, r->seg);
		start(PROTO_UDP, r->payload);
		check_cut(r->name, r->seg);
	}
}
END_TEST

static size_t some_length(void)
{
	return random_below(random_below(20) ? 4000 : 65400);
}

/* Cuts at random positions, and cuts some parts again: a part is a valid GSO packet itself. */
static void check_random(const uint8_t *l4, size_t at, size_t end, int depth)
{
	struct gso_packet t = gso_of(l4, end - at);
	size_t most = 1 + random_below((uint32_t)(end - at)), from = at, to;

	for (; from < end; from = to) {
		uint8_t inner[60];

		to = min_size(from + 1 + random_below((uint32_t)most), end);
		check_part("random", &t, at, from, to);
		gso_header(&t, from - at, to - from, inner);
		if (depth > 0 && random_below(4) == 0)
			check_random(inner, from, to, depth - 1);
	}
}

START_TEST(cut_at_random)
{
	for (int round = 0; round < 300; round++) {
		uint8_t l4[60];
		size_t len = 1 + some_length();

		start(_i ? PROTO_TCP : PROTO_UDP, len);
		build_header(l4, 0, len);
		check_random(l4, 0, len, 2);
	}
}
END_TEST

static const struct {
	const char *name;
	size_t from, end; /* of 3000 bytes */
	bool cwr_stays;
	unsigned cleared;
} flag_rows[] = {
	{"9293-3.1 the whole", 0, 3000, false, 0},
	{"9293-3.1 the first part", 0, 1000, false, TCP_FIN | TCP_PSH},
	{"3168-6.1.2 a part in the middle", 1000, 2000, false, TCP_FIN | TCP_PSH | TCP_CWR},
	{"3168-6.1.2 the last part", 2000, 3000, false, TCP_CWR},
	{"all but the last byte", 0, 2999, false, TCP_FIN | TCP_PSH},
	{"all but the first byte", 1, 3000, false, TCP_CWR},
	{"AccECN: the whole", 0, 3000, true, 0},
	{"AccECN: the first part", 0, 1000, true, TCP_FIN | TCP_PSH},
	{"AccECN: a part in the middle", 1000, 2000, true, TCP_FIN | TCP_PSH},
	{"AccECN: the last part", 2000, 3000, true, 0},
};

START_TEST(flags)
{
	start(PROTO_TCP, 3000);
	f.cwr_stays = flag_rows[_i].cwr_stays;
	for (unsigned was = 0; was < 256; was++) {
		struct gso_packet t = gso_of(f.l4, f.payload);
		uint8_t at[60];

		f.l4[13] = (uint8_t)was;
		gso_header(&t, flag_rows[_i].from, flag_rows[_i].end - flag_rows[_i].from, at);
		ck_assert_msg(at[13] == (was & ~flag_rows[_i].cleared), "%s: %#x becomes %#x",
			      flag_rows[_i].name, was, at[13]);
	}
}
END_TEST

static const struct {
	uint32_t seq;
	size_t off;
	uint32_t after;
} seq_rows[] = {
	{0, 0, 0},
	{0xffffffff, 0, 0xffffffff},
	{0xffffffff, 1, 0},
	{0xfffffff0, 1000, 984},
	{0x7fffffff, 1, 0x80000000},
	{0xffff0000, 65000, 0xffff0000 + 65000},
	{0xffffffff, 65000, 64999},
};

START_TEST(sequence_wraps)
{
	struct gso_packet t;
	uint8_t at[60];

	start(PROTO_TCP, 65100);
	t = gso_of(f.l4, f.payload);
	put32(f.l4 + 4, seq_rows[_i].seq);
	gso_header(&t, seq_rows[_i].off, 10, at);
	ck_assert_msg(get32(at + 4) == seq_rows[_i].after, "9293-3.4: %#x + %zu is %#x",
		      seq_rows[_i].seq, seq_rows[_i].off, get32(at + 4));
}
END_TEST

/* Chooses two bytes of the payload so that the checksum becomes WANT. */
static void aim(unsigned want)
{
	static uint8_t whole[ROOM + 60];

	put16(f.data, 0);
	build(whole, 0, f.payload);
	put16(f.data, (get16(csum_of(whole)) + (~want & 0xffff)) % 0xffff);
}

/* All checksum values: UDP never sends 0 [768], TCP does. */
START_TEST(every_checksum)
{
	const uint8_t proto = _i ? PROTO_TCP : PROTO_UDP;
	uint8_t l4[60];

	for (unsigned want = 0; want < 0x10000; want += want < 300 || want > 0xff00 ? 1 : 37) {
		unsigned field = want == 0xffff || want == 0 ? (_i ? 0 : 0xffff) : want;

		start(proto, 2 + random_below(40));
		aim(want);
		build_header(l4, 0, f.payload);
		gso_complete(l4, f.header, f.proto, (struct span){f.data, f.payload});
		ck_assert_msg(get16(csum_of(l4)) == field, "protocol %u: %#x instead of %#x", proto,
			      get16(csum_of(l4)), field);
	}
}
END_TEST

/* The partial checksum for the new length equals a new sum, bit for bit: it is 0xffff where 0 would
 * be equivalent. */
START_TEST(every_partial)
{
	for (size_t n = 1; n < 65400; n += 1 + n / 50) {
		for (unsigned i = 0; i < 20; i++) {
			uint8_t l4[60], at[60], want[60];
			struct gso_packet t = gso_of(l4, 65400);

			start(_i ? PROTO_TCP : PROTO_UDP, 0);
			f.payload = t.payload;
			t = gso_of(l4, 65400);
			put16(f.addrs, 0);
			if (i % 2) /* makes the sum for the new length 0xffff */
				put16(f.addrs, ~pseudo(f.header + n) & 0xffff);
			build_header(l4, 0, f.payload);
			gso_header(&t, 0, n, at);
			build_header(want, 0, n);
			differ("partial", at, want, f.header);
			if (i % 2)
				ck_assert_uint_eq(get16(csum_of(at)), 0xffff);
		}
	}
}
END_TEST

START_TEST(segments)
{
	for (size_t seg = 0; seg < 70; seg++) {
		for (size_t payload = 0; payload < 300; payload++) {
			size_t n = 1, left = payload;

			for (; seg && left > seg; left -= seg)
				n++;
			ck_assert_msg(gso_segments(payload, seg) == n, "%zu of %zu bytes", payload,
				      seg);
		}
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("gso");
	TCase *t = tcase_create("gso");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, cut, 0, ROWS(rows));
	tcase_add_loop_test(t, cut_at_random, 0, 2);
	tcase_add_loop_test(t, flags, 0, ROWS(flag_rows));
	tcase_add_loop_test(t, sequence_wraps, 0, ROWS(seq_rows));
	tcase_add_loop_test(t, every_checksum, 0, 2);
	tcase_add_loop_test(t, every_partial, 0, 2);
	tcase_add_test(t, segments);
	suite_add_tcase(s, t);
	return run_suite(s);
}
