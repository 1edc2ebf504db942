/* check_send - splitting and completing packets for a device that refuses GSO packets or partial
 * checksums.  The results must be those of a kernel.  The device is an array here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/facts.h"
#include "support/random.h"
#include "support/run.h"
#include "daemon/send.h"

#define MOST 200 /* maximum packets that the device stores */

/* A device that refuses the features REFUSED. */
struct tun {
	unsigned refused;  /* enum tun_offload bits */
	unsigned offloads; /* the features that it claims to support */
	bool broken;       /* accepts nothing */
	unsigned n, gso;   /* accepted packets, and GSO packets among them */
	struct {
		uint8_t bytes[70000];
		size_t len;
		struct offload offload;
	} packet[MOST];
};

static struct tun tun;
static unsigned allowed; /* the argument of batch_allow() */

unsigned tun_offloads(const struct tun *t)
{
	return t->offloads;
}

void batch_allow(struct batch *b, unsigned merge)
{
	(void)b;
	allowed = merge;
}

static bool is_refused(const struct tun *t, const struct offload *o)
{
	unsigned wants = o->csum == CSUM_PARTIAL ? TUN_CSUM : 0;

	if (o->gso)
		wants |= o->gso == GSO_UDP ? TUN_UDP : TUN_TCP;
	return wants & t->refused;
}

int tun_write(struct tun *t, const struct output *out)
{
	uint8_t *at = t->packet[t->n].bytes;
	const char *bad = facts_fault(out);

	errno = t->broken ? EIO : EINVAL;
	if (t->broken || is_refused(t, &out->offload))
		return -1;
	ck_assert_uint_lt(t->n, MOST);
	ck_assert_msg(!bad, "%s", bad);
	memcpy(at, out->head, out->head_len);
	at += out->head_len;
	for (const struct part *part = &out->body; part && part->len; part = part->next) {
		memcpy(at, part->p, part->len);
		at += part->len;
	}
	t->packet[t->n].len = (size_t)(at - t->packet[t->n].bytes);
	ck_assert_uint_eq(t->packet[t->n].len, out->len);
	t->packet[t->n++].offload = out->offload;
	t->gso += out->offload.gso != GSO_NONE;
	return 0;
}

/* --- a GSO packet, and its segments by naive code
 * -------------------------------------------------
 */

static const struct kind {
	const char *name;
	uint8_t family, proto, gso;
	uint8_t options; /* bytes of TCP options */
	uint8_t flags, ecn;
} kinds[] = {
	{"TCP over IPv4", 4, PROTO_TCP, GSO_TCP4, 0, 0x18, 0},
	{"TCP over IPv4, FIN and CWR", 4, PROTO_TCP, GSO_TCP4, 12, 0x99, GSO_ECN},
	{"TCP over IPv4, AccECN", 4, PROTO_TCP, GSO_TCP4, 12, 0x90, GSO_ACCECN},
	{"TCP over IPv6", 6, PROTO_TCP, GSO_TCP6, 0, 0x10, 0},
	{"TCP over IPv6, all options, PSH", 6, PROTO_TCP, GSO_TCP6, 40, 0x18, 0},
	{"UDP over IPv4", 4, PROTO_UDP, GSO_UDP, 0, 0, 0},
	{"UDP over IPv6", 6, PROTO_UDP, GSO_UDP, 0, 0, 0},
};

struct sample {
	const struct kind *kind;
	uint8_t bytes[OFFLOAD_HDR + 70000];
	uint8_t *packet;
	size_t ip, header, payload, seg, segments; /* header: total length of IP and L4 headers */
	struct output out;
	struct part part[OUTPUT_PARTS];
};

static struct sample sample;

/* The folded sum of 16-bit words, computed as RFC 1071 describes it. */
static uint16_t plain_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

static uint16_t pseudo_sum(const struct sample *s, const uint8_t *packet, size_t l4_len)
{
	size_t at = s->kind->family == 4 ? 12 : 8;
	uint16_t sum = plain_sum(s->kind->proto, packet + at, s->ip - at);
	uint8_t len[4];

	put32(len, (uint32_t)l4_len);
	return plain_sum(sum, len, 4);
}

static void put_ip(const struct sample *s, uint8_t *packet, size_t l4_len, unsigned id)
{
	if (s->kind->family == 6) {
		put16(packet + 4, (unsigned)l4_len);
		return;
	}
	put16(packet + 2, (unsigned)(l4_len + 20));
	put16(packet + 4, id);
	put16(packet + 10, 0);
	put16(packet + 10, 0xffffu ^ plain_sum(0, packet, 20));
}

static size_t csum_at(const struct sample *s)
{
	return s->ip + (s->kind->proto == PROTO_TCP ? 16 : 6);
}

static void make_headers(struct sample *s)
{
	const struct kind *k = s->kind;
	uint8_t *p = s->packet, *l4 = p + s->ip;
	size_t l4_len = s->header - s->ip + s->payload;

	p[0] = k->family == 4 ? 0x45 : 0x60;
	if (k->family == 4) {
		put16(p + 6, random_below(2) ? IP4_DF : 0);
		p[9] = k->proto;
	} else {
		p[6] = k->proto;
	}
	put_ip(s, p, l4_len, random_below(3) ? 0xfffe : 7);
	if (k->proto == PROTO_TCP) {
		l4[12] = (uint8_t)((20 + k->options) / 4 << 4);
		l4[13] = k->flags;
	} else {
		put16(l4 + 4, (unsigned)l4_len);
	}
	put16(p + csum_at(s), pseudo_sum(s, p, l4_len));
}

/* Splits all bytes after the headers into parts of arbitrary lengths. */
static void make_parts(struct sample *s)
{
	struct output *o = &s->out;
	uint32_t at = (uint32_t)s->header;
	struct part *to = &o->body;

	at += random_below(2) ? 0 : random_below((uint32_t)s->payload + 1);
	o->head = s->packet;
	o->head_len = at;
	o->len = (uint32_t)(s->header + s->payload);
	o->body = (struct part){0};
	for (o->parts = 1; at < o->len; o->parts++) {
		uint32_t n = o->len - at;

		if (o->parts < OUTPUT_PARTS - 1)
			n = 1 + random_below(n);
		if (o->parts > 1) {
			to->next = &s->part[o->parts];
			to = &s->part[o->parts];
		}
		*to = (struct part){.p = s->packet + at, .len = n};
		at += n;
	}
}

/* Creates a GSO packet of PAYLOAD bytes in segments of SEG, or an ordinary packet if SEG is 0. */
static void make_sample(const struct kind *k, size_t payload, size_t seg)
{
	struct sample *s = &sample;

	s->kind = k;
	s->packet = s->bytes + OFFLOAD_HDR;
	s->ip = k->family == 4 ? 20 : 40;
	s->header = s->ip + (k->proto == PROTO_TCP ? 20u + k->options : 8u);
	s->payload = payload;
	s->seg = seg ? seg : payload;
	s->segments = payload ? (payload + s->seg - 1) / s->seg : 1;
	random_fill(s->packet, s->header + payload);
	make_headers(s);
	make_parts(s);
	s->out.family = k->family;
	s->out.proto = k->proto;
	s->out.ip = (uint8_t)s->ip;
	s->out.l4 = (uint8_t)(s->header - s->ip);
	s->out.segments = (uint16_t)s->segments;
	s->out.offload = (struct offload){
		.csum = CSUM_PARTIAL,
		.csum_start = (uint16_t)s->ip,
		.csum_offset = (uint16_t)(csum_at(s) - s->ip),
	};
	if (seg) {
		s->out.offload.gso = k->gso;
		s->out.offload.ecn = k->ecn;
		s->out.offload.seg = (uint16_t)seg;
		s->out.offload.header = (uint16_t)s->header;
	}
}

/* Writes segment I to AT and returns its length. */
static size_t make_segment(const struct sample *s, size_t i, bool complete, uint8_t *at)
{
	size_t off = i * s->seg, left = s->payload - off, n = left < s->seg ? left : s->seg;
	size_t l4_len = s->header - s->ip + n;
	uint8_t *l4 = at + s->ip;
	uint16_t csum;

	memcpy(at, s->packet, s->header);
	memcpy(at + s->header, s->packet + s->header + off, n);
	put_ip(s, at, l4_len, get16(at + 4) + (unsigned)i);
	if (s->kind->proto == PROTO_TCP) {
		put32(l4 + 4, get32(l4 + 4) + (uint32_t)off);
		if (i > 0 && s->kind->ecn != GSO_ACCECN)
			l4[13] &= 0x7f;
		if (i + 1 < s->segments)
			l4[13] &= 0xf6;
	} else {
		put16(l4 + 4, (unsigned)l4_len);
	}
	csum = pseudo_sum(s, at, l4_len);
	put16(at + csum_at(s), 0);
	if (complete) {
		csum = (uint16_t)~plain_sum(csum, l4, l4_len);
		if (csum == 0 && s->kind->proto == PROTO_UDP)
			csum = 0xffff;
	}
	put16(at + csum_at(s), csum);
	return s->header + n;
}

/* --- tests
 * ------------------------------------------------------------------------------------------ */

static struct counters counters;

static struct send start(unsigned offloads, unsigned refused)
{
	struct send s = {.tun = &tun, .counters = &counters};

	tun.offloads = offloads;
	tun.refused = refused;
	tun.broken = false;
	tun.n = tun.gso = 0;
	memset(&counters, 0, sizeof(counters));
	send_start(&s);
	return s;
}

static void check_packets(const char *name, bool complete)
{
	static uint8_t want[70000];

	ck_assert_msg(tun.n == sample.segments, "%s: %u of %zu packets", name, tun.n,
		      sample.segments);
	for (unsigned i = 0; i < tun.n; i++) {
		const struct offload *o = &tun.packet[i].offload;
		size_t len = make_segment(&sample, i, complete, want);

		ck_assert_msg(tun.packet[i].len == len &&
				      memcmp(tun.packet[i].bytes, want, len) == 0,
			      "%s: packet %u of %u, %zu bytes", name, i, tun.n, len);
		ck_assert_msg(o->gso == GSO_NONE && (o->csum == CSUM_PARTIAL) == !complete, "%s",
			      name);
		if (!complete)
			ck_assert_msg(o->csum_start + o->csum_offset == (int)csum_at(&sample), "%s",
				      name);
	}
	ck_assert_uint_eq(counters.write_failed, 0);
	ck_assert_uint_eq(counters.gso_written, 0);
}

#define ALL (TUN_CSUM | TUN_TCP | TUN_ECN | TUN_UDP)

START_TEST(gso_is_taken)
{
	struct send s = start(ALL, 0);

	ck_assert_uint_eq(allowed, BATCH_TCP | BATCH_UDP);
	make_sample(&kinds[_i], 10000, 1000);
	send_out(&s, &sample.out);
	ck_assert_uint_eq(tun.n, 1);
	ck_assert_uint_eq(tun.gso, 1);
	ck_assert_uint_eq(counters.gso_written, 1);
	ck_assert_mem_eq(tun.packet[0].bytes, sample.packet, sample.out.len);
}
END_TEST

static unsigned own_kind(const struct kind *k)
{
	return k->gso == GSO_UDP ? BATCH_UDP : BATCH_TCP;
}

/* Includes payloads of one segment, multiples of it, and one byte more or less. */
START_TEST(gso_is_refused)
{
	const struct kind *k = &kinds[_i];

	for (int i = 0; i < 300; i++) {
		size_t seg = 1 + random_below(i % 2 ? 1500 : 60);
		size_t payload = (2 + random_below(40)) * seg - 1 + random_below(3);
		struct send s = start(ALL, own_kind(k) == BATCH_UDP ? TUN_UDP : TUN_TCP);

		if (payload > 65000)
			payload = 65000;
		make_sample(k, payload, seg);
		send_out(&s, &sample.out);
		check_packets(k->name, false);
		ck_assert_msg(allowed == (BATCH_TCP | BATCH_UDP) - own_kind(k), "%s", k->name);
	}
}
END_TEST

START_TEST(all_is_refused)
{
	const struct kind *k = &kinds[_i];

	for (int i = 0; i < 300; i++) {
		struct send s = start(ALL, ALL);
		size_t seg = 1 + random_below(1500);

		make_sample(k, seg + random_below(100 * 100), seg);
		while (sample.segments > MOST - 1)
			make_sample(k, seg, seg);
		send_out(&s, &sample.out);
		check_packets(k->name, true);
	}
}
END_TEST

/* A single packet, whose parts have arbitrary lengths. */
START_TEST(partial_is_refused)
{
	const struct kind *k = &kinds[_i];

	for (int i = 0; i < 2000; i++) {
		struct send s = start(ALL, TUN_CSUM);

		make_sample(k, random_below(1500), 0);
		send_out(&s, &sample.out);
		check_packets(k->name, true);
		ck_assert_msg(allowed == (BATCH_TCP | BATCH_UDP), "%s", k->name);
	}
}
END_TEST

/* Features that a device never offered are not tried. */
START_TEST(nothing_offered)
{
	const struct kind *k = &kinds[_i];
	struct send s = start(0, 0);

	ck_assert_uint_eq(allowed, 0);
	make_sample(k, 5000, 700);
	send_out(&s, &sample.out);
	check_packets(k->name, true);
}
END_TEST

/* A refused feature is not tried again; other features still are. */
START_TEST(remembers)
{
	const struct kind *tcp = &kinds[0], *udp = &kinds[5];
	struct send s = start(ALL, TUN_TCP);

	make_sample(tcp, 5000, 700);
	send_out(&s, &sample.out);
	ck_assert_uint_eq(tun.n, 8);
	tun.refused = 0;
	send_out(&s, &sample.out);
	ck_assert_uint_eq(tun.n, 16);
	make_sample(udp, 5000, 700);
	send_out(&s, &sample.out);
	ck_assert_uint_eq(tun.n, 17);
	ck_assert_uint_eq(tun.gso, 1);
	ck_assert_uint_eq(allowed, BATCH_UDP);
}
END_TEST

/* A device that is down refuses no feature: all packets of a GSO packet count as failed, and no
 * feature is disabled. */
START_TEST(device_down)
{
	struct send s = start(ALL, 0);

	tun.broken = true;
	make_sample(&kinds[0], 5000, 700);
	send_out(&s, &sample.out);
	ck_assert_uint_eq(counters.write_failed, 8);
	ck_assert_uint_eq(s.gso, BATCH_TCP | BATCH_UDP);
	ck_assert(s.partial);
}
END_TEST

/* A refused packet without any offload counts as failed. */
START_TEST(whole_is_refused)
{
	struct send s = start(ALL, 0);

	make_sample(&kinds[0], 500, 0);
	sample.out.offload = (struct offload){0};
	tun.broken = true;
	send_out(&s, &sample.out);
	ck_assert_uint_eq(counters.write_failed, 1);
	tun.broken = false;
	send_out(&s, &sample.out);
	ck_assert_uint_eq(tun.n, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("send");
	TCase *t = tcase_create("send");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, gso_is_taken, 0, ROWS(kinds));
	tcase_add_loop_test(t, gso_is_refused, 0, ROWS(kinds));
	tcase_add_loop_test(t, all_is_refused, 0, ROWS(kinds));
	tcase_add_loop_test(t, partial_is_refused, 0, ROWS(kinds));
	tcase_add_loop_test(t, nothing_offered, 0, ROWS(kinds));
	tcase_add_test(t, remembers);
	tcase_add_test(t, device_down);
	tcase_add_test(t, whole_is_refused);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
