/* check_packet_offload - checks which vnet headers fit which packets, and the result for the
 * packet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/craft.h"
#include "packet/packet.h"
#include "support/random.h"
#include "support/run.h"
#include "packet/gso.h"

#define OWN 0xffff /* csum_start, csum_offset: those of TCP or UDP */

enum what { /* expected change of the bytes */
	SAME,
	COMPLETED, /* a partial checksum is completed */
	OPENED,    /* a complete checksum is made partial */
};

/* clang-format off */
/* The offload information. */
#define VOUCHED                      {.csum = CSUM_VOUCHED}
#define PARTIAL                      {CSUM_PARTIAL, 0, 0, 0, 0, OWN, OWN}
#define PARTIAL_AT(start, field)     {CSUM_PARTIAL, 0, 0, 0, 0, start, field}
#define GSO(gso, seg)              {CSUM_PARTIAL, gso, 0, seg, 0, OWN, OWN}
#define CLOSED_GSO(csum, gso, seg) {csum, gso, 0, seg, 0, 0, 0}

/* The expected result. */
#define REFUSED                 REASON_BAD_OFFLOAD, SAME, CSUM_WHOLE, 0, 0
#define KEPT(csum, header, seg) REASON_OK, SAME, csum, header, seg
#define COMPLETE                REASON_OK, COMPLETED, CSUM_VOUCHED, 0, 0
#define OPEN(header, seg)       REASON_OK, OPENED, CSUM_PARTIAL, header, seg
/* clang-format on */

static const struct row {
	const char *name, *in;
	struct offload o;
	enum reason why;
	enum what what;
	enum csum_state csum;
	size_t header, seg;
} rows[] = {
	{"nothing", "4 | udp", {0}, KEPT(CSUM_WHOLE, 8, 0)},
	{"vouched UDP", "4 | udp", VOUCHED, KEPT(CSUM_VOUCHED, 8, 0)},
	{"vouched TCP", "6 | tcp", VOUCHED, KEPT(CSUM_VOUCHED, 20, 0)},
	{"vouched ICMP", "4 | echo", VOUCHED, KEPT(CSUM_VOUCHED, 0, 0)},
	{"vouched ICMPv6", "6 | echo", VOUCHED, KEPT(CSUM_VOUCHED, 0, 0)},
	{"vouched, atomic fragment", "6 | frag | udp", VOUCHED, KEPT(CSUM_VOUCHED, 8, 0)},
	{"9293-3.1 TCP, all options", "4 | tcp doff=15 n=40", {0}, KEPT(CSUM_WHOLE, 60, 0)},
	{"TCP, data offset 4", "4 | tcp doff=4", {0}, KEPT(CSUM_WHOLE, 0, 0)},
	{"TCP, data offset beyond the end", "6 | tcp doff=15 n=39", {0}, KEPT(CSUM_WHOLE, 0, 0)},
	{"vouched: GRE has none", "4 p=47 | data 30", VOUCHED, KEPT(CSUM_WHOLE, 0, 0)},
	{"vouched: ICMP of the other family", "4 p=58 | data 30", VOUCHED, KEPT(CSUM_WHOLE, 0, 0)},
	{"vouched: nobody knows of a fragment", "4 | part 0 80 | udp n=999", VOUCHED,
	 KEPT(CSUM_WHOLE, 0, 0)},
	{"vouched: nobody knows of a later fragment", "6 | part 960 47 | udp n=999", VOUCHED,
	 KEPT(CSUM_WHOLE, 0, 0)},

	{"partial UDP", "4 | udp n=5", PARTIAL, KEPT(CSUM_PARTIAL, 8, 0)},
	{"partial UDP over IPv6", "6 | udp n=0", PARTIAL, KEPT(CSUM_PARTIAL, 8, 0)},
	{"partial TCP", "4 | tcp n=0", PARTIAL, KEPT(CSUM_PARTIAL, 20, 0)},
	{"9293-3.1 partial TCP, options", "6 | tcp n=4 opts=0101010101010101", PARTIAL,
	 KEPT(CSUM_PARTIAL, 28, 0)},
	{"791-3.1 partial behind options", "4 opts=01010101 | tcp", PARTIAL,
	 KEPT(CSUM_PARTIAL, 20, 0)},
	{"8200-4 partial behind a chain", "6 | hbh | dst | udp", PARTIAL, KEPT(CSUM_PARTIAL, 8, 0)},
	{"6946-4 partial behind an atomic fragment header", "6 | frag | tcp", PARTIAL,
	 KEPT(CSUM_PARTIAL, 20, 0)},
	{"partial TCP, data offset 4: completed", "4 | tcp doff=4", PARTIAL, COMPLETE},
	{"partial TCP, data offset beyond the end: completed", "6 | tcp doff=15 n=39", PARTIAL,
	 COMPLETE},
	{"partial TCP, data offset at the very end", "6 | tcp doff=15 n=40", PARTIAL,
	 KEPT(CSUM_PARTIAL, 60, 0)},
	{"partial ICMPv6: completed", "6 | echo n=33", PARTIAL, COMPLETE},
	{"partial ICMPv4: completed", "4 | reply n=8", PARTIAL, COMPLETE},
	{"SCTP has a CRC", "4 p=132 | data 30", PARTIAL_AT(20, 8), REFUSED},
	{"the sum starts in the IPv4 header", "4 | udp", PARTIAL_AT(19, 7), REFUSED},
	{"the sum starts in IPv4 options", "4 opts=01010101 | udp", PARTIAL_AT(20, 10), REFUSED},
	{"the sum starts in an extension header", "6 | dst | udp", PARTIAL_AT(40, 14), REFUSED},
	{"the sum goes half behind the end", "4 | udp n=0", PARTIAL_AT(21, 6), REFUSED},
	{"the sum goes behind the end", "4 | udp n=0", PARTIAL_AT(20, 8), REFUSED},
	{"the sum starts behind the end", "4 | udp n=0", PARTIAL_AT(65534, 0), REFUSED},
	{"the sum goes far behind the end", "4 | udp n=0", PARTIAL_AT(20, 65534), REFUSED},
	{"a TCP header without a data offset", "6 p=6 | data 12", PARTIAL, REFUSED},
	{"half a UDP header", "4 p=17 | data 7", PARTIAL, REFUSED},

	{"TCP GSO packet", "4 | tcp n=3000", GSO(GSO_TCP4, 1000), KEPT(CSUM_PARTIAL, 20, 1000)},
	{"TCP GSO packet over IPv6, options", "6 | tcp n=3000 opts=01010101", GSO(GSO_TCP6, 1000),
	 KEPT(CSUM_PARTIAL, 24, 1000)},
	{"3168-6.1.2 TCP GSO packet",
	 "4 | tcp n=3000 fl=0x98",
	 {2, GSO_TCP4, GSO_ECN, 1000, 0, OWN, OWN},
	 KEPT(CSUM_PARTIAL, 20, 1000)},
	{"AccECN TCP GSO packet",
	 "4 | tcp n=3000 fl=0x98",
	 {2, GSO_TCP4, GSO_ACCECN, 1000, 0, OWN, OWN},
	 KEPT(CSUM_PARTIAL, 20, 1000)},
	{"UDP GSO packet", "4 | udp n=3000", GSO(GSO_UDP, 1000), KEPT(CSUM_PARTIAL, 8, 1000)},
	{"UDP GSO packet over IPv6", "6 | udp n=3000", GSO(GSO_UDP, 1), KEPT(CSUM_PARTIAL, 8, 1)},
	{"GSO packet behind options", "4 opts=01010101 | udp n=3000", GSO(GSO_UDP, 1000),
	 KEPT(CSUM_PARTIAL, 8, 1000)},
	{"two segments, one of a byte", "6 | tcp n=1001", GSO(GSO_TCP6, 1000),
	 KEPT(CSUM_PARTIAL, 20, 1000)},
	{"one segment is no GSO packet", "6 | tcp n=1000", GSO(GSO_TCP6, 1000),
	 KEPT(CSUM_PARTIAL, 20, 0)},
	{"less than a segment is no GSO packet", "4 | udp n=0", GSO(GSO_UDP, 65535),
	 KEPT(CSUM_PARTIAL, 8, 0)},
	{"one segment, vouched", "4 | udp n=9", CLOSED_GSO(CSUM_VOUCHED, GSO_UDP, 9),
	 KEPT(CSUM_VOUCHED, 8, 0)},
	{"768 one segment without a checksum", "4 | udp zero n=9",
	 CLOSED_GSO(CSUM_WHOLE, GSO_UDP, 9), REFUSED},
	{"TCP GSO packet that is not partial", "4 | tcp n=3000",
	 CLOSED_GSO(CSUM_WHOLE, GSO_TCP4, 1000), OPEN(20, 1000)},
	{"TCP GSO packet over IPv6 that is vouched for", "6 | hbh | tcp n=3000",
	 CLOSED_GSO(CSUM_VOUCHED, GSO_TCP6, 1000), OPEN(20, 1000)},
	{"UDP GSO packet that is not partial", "6 | udp n=3001",
	 CLOSED_GSO(CSUM_WHOLE, GSO_UDP, 1000), OPEN(8, 1000)},
	{"768 UDP GSO packet without a checksum", "4 | udp n=3001 zero",
	 CLOSED_GSO(CSUM_WHOLE, GSO_UDP, 1000), REFUSED},
	{"segments of nothing", "4 | tcp n=3000", GSO(GSO_TCP4, 0), REFUSED},
	{"IPv6 in a GSO packet of IPv4", "6 | tcp n=3000", GSO(GSO_TCP4, 1000), REFUSED},
	{"IPv4 in a GSO packet of IPv6", "4 | tcp n=3000", GSO(GSO_TCP6, 1000), REFUSED},
	{"UDP in a GSO packet of TCP", "4 | udp n=3000", GSO(GSO_TCP4, 1000), REFUSED},
	{"TCP in a GSO packet of UDP", "6 | tcp n=3000", GSO(GSO_UDP, 1000), REFUSED},
	{"TCP in a GSO packet of UDP, a number where UDP has its length", "6 | tcp n=238",
	 GSO(GSO_UDP, 100), REFUSED},
	{"ICMP in a GSO packet", "4 | echo n=3000", GSO(GSO_UDP, 1000), REFUSED},
	{"a kind that there is not", "4 | udp n=3000", GSO(3, 1000), REFUSED},
	{"a GSO packet in fragments", "4 | part 0 2400 | udp n=3000", GSO(GSO_UDP, 1000), REFUSED},
	{"a GSO packet in an atomic fragment", "6 | frag | udp n=3000", GSO(GSO_UDP, 1000),
	 REFUSED},
	{"a GSO packet whose sum starts inside",
	 "4 | udp n=3000",
	 {2, GSO_UDP, 0, 1000, 0, 28, 6},
	 REFUSED},
	{"a GSO packet whose sum goes elsewhere",
	 "4 | tcp n=3000",
	 {2, GSO_TCP4, 0, 1000, 0, 20, 6},
	 REFUSED},
	{"a GSO packet with half a header",
	 "4 p=6 | data 19",
	 {2, GSO_TCP4, 0, 1, 0, 20, 16},
	 REFUSED},
	{"a GSO packet with data offset 4", "4 | tcp n=3000 doff=4", GSO(GSO_TCP4, 1000), REFUSED},
	{"UDP length below the GSO packet's", "4 | udp n=3000 ulen=3007", GSO(GSO_UDP, 1000),
	 REFUSED},
	{"UDP length above the GSO packet's", "6 | udp n=3000 ulen=3009", GSO(GSO_UDP, 1000),
	 REFUSED},
	{"UDP length of one segment", "6 | udp n=3000 ulen=1008", GSO(GSO_UDP, 1000), REFUSED},
	{"2675 a GSO packet without a length", "6 len=0 | tcp n=3000", GSO(GSO_TCP6, 1000),
	 REFUSED},
};

static uint8_t buf[CRAFT_MAX];

static uint8_t *exactly(const uint8_t *bytes, size_t len)
{
	uint8_t *p = malloc(len ? len : 1);

	if (!p)
		ck_abort_msg("out of memory");
	return len ? memcpy(p, bytes, len) : p;
}

static size_t own_at(unsigned proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : 2;
}

/* The folded sum of P's pseudo-header, by naive code; 0 for ICMPv4. */
static unsigned pseudo(const struct packet *p)
{
	const uint8_t *ip = p->whole.p;
	uint8_t tail[8] = {0};

	if (p->proto == PROTO_ICMP)
		return 0;
	put32(tail, (uint32_t)p->l4.len);
	tail[7] = p->proto;
	return craft_sum(p->family == 4 ? craft_sum(0, ip + 12, 8) : craft_sum(0, ip + 8, 32), tail,
			 sizeof(tail));
}

/* Parses BYTES.  Where O says OWN, fills in the position of the packet's own checksum; writes a
 * partial checksum there.  WANT receives the expected bytes. */
static void prepare(const struct row *r, struct packet *p, uint8_t *bytes, size_t len,
		    struct offload *o, uint8_t *want)
{
	size_t at;

	ck_assert_msg(packet_parse(p, bytes, len, false) == REASON_OK, "%s: refused", r->name);
	at = (size_t)(p->l4.p - bytes) + own_at(p->proto);
	*o = r->o;
	memcpy(want, bytes, len);
	if (o->csum_start == OWN) {
		o->csum_start = (uint16_t)(p->l4.p - bytes);
		o->csum_offset = (uint16_t)own_at(p->proto);
		if (at + 2 <= len)
			put16(bytes + at, pseudo(p));
	}
	if (r->what == OPENED)
		put16(want + at, pseudo(p));
	else if (r->what == SAME)
		memcpy(want, bytes, len);
}

static void check_row(const struct row *r, uint8_t *bytes, size_t len)
{
	static uint8_t want[CRAFT_MAX];
	struct packet p;
	struct offload o;

	prepare(r, &p, bytes, len, &o, want);
	ck_assert_msg(packet_take_offload(&p, bytes, &o) == r->why, "%s: wrong reason", r->name);
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != want[i])
			ck_abort_msg("%s: byte %zu is %02x, not %02x", r->name, i, bytes[i],
				     want[i]);
	if (r->why)
		return;
	ck_assert_msg(p.csum == r->csum, "%s: checksum %d", r->name, p.csum);
	ck_assert_msg(p.l4_header == r->header, "%s: header %zu", r->name, p.l4_header);
	ck_assert_msg(p.seg == r->seg, "%s: segment %zu", r->name, p.seg);
	ck_assert_msg(p.ecn == (r->seg ? r->o.ecn : 0), "%s: ECN %u", r->name, p.ecn);
	ck_assert_msg(packet_l4_len(&p) == (r->seg ? r->header + r->seg : p.l4.len),
		      "%s: length of the first segment", r->name);
}

START_TEST(row)
{
	size_t len = craft(buf, rows[_i].in, NULL);
	uint8_t *bytes = exactly(buf, len);

	check_row(&rows[_i], bytes, len);
	free(bytes);
}
END_TEST

/* Bytes after the length in the IP header are not part of the packet: a sum ends there, and a GSO
 * packet is cut there, as in the kernel's receive path. */
START_TEST(trailing_bytes)
{
	size_t len = craft(buf, rows[_i].in, NULL);

	for (size_t more = 1; more < 5000; more = more * 7 + 1) {
		uint8_t *bytes = malloc(len + more);

		if (!bytes)
			ck_abort_msg("out of memory");
		memcpy(bytes, buf, len);
		random_fill(bytes + len, more);
		check_row(&rows[_i], bytes, len + more);
		free(bytes);
	}
}
END_TEST

START_TEST(no_offload)
{
	size_t len = craft(buf, rows[_i].in, NULL);
	uint8_t *bytes = exactly(buf, len);
	struct packet p;

	ck_assert(packet_parse(&p, bytes, len, false) == REASON_OK);
	ck_assert(packet_take_offload(&p, bytes, NULL) == REASON_OK);
	ck_assert_mem_eq(bytes, buf, len);
	ck_assert_msg(p.csum == CSUM_WHOLE && p.seg == 0 && p.ecn == 0, "%s", rows[_i].name);
	free(bytes);
}
END_TEST

/* A partial checksum of something inside the payload is completed from its start to the end. */
static const struct inner {
	const char *name, *in;
	size_t start, offset; /* relative to the L4 part */
	enum csum_state csum;
} inner_rows[] = {
	{"2784 TCP in GRE", "4 p=47 | data 200", 24, 16, CSUM_WHOLE},
	{"2784 an odd length", "6 p=47 | data 201", 44, 16, CSUM_WHOLE},
	{"an odd start", "4 p=47 | data 201", 25, 16, CSUM_WHOLE},
	{"7348 UDP in VXLAN: who knows of the outer sum?", "4 | udp n=200", 50, 6, CSUM_WHOLE},
	{"7348 the same over IPv6", "6 | udp n=200", 70, 6, CSUM_WHOLE},
	{"TCP, elsewhere", "4 | tcp n=100", 0, 18, CSUM_WHOLE},
	{"ICMP, elsewhere", "6 | echo n=100", 8, 2, CSUM_WHOLE},
	{"4340 DCCP", "4 p=33 | data 100", 0, 6, CSUM_WHOLE},
	{"3828 UDP-Lite", "6 p=136 | data 100", 0, 6, CSUM_WHOLE},
	{"the last two bytes", "4 p=47 | data 100", 4, 94, CSUM_WHOLE},
	{"no byte but these", "4 p=47 | data 100", 98, 0, CSUM_WHOLE},
	{"fragmented UDP", "4 | part 0 80 | udp n=999", 0, 6, CSUM_WHOLE},
	{"fragmented TCP", "6 | part 0 80 | tcp n=999", 0, 16, CSUM_WHOLE},
	{"fragmented ICMP", "6 | part 0 80 | echo n=999", 0, 2, CSUM_WHOLE},
};

/* Chooses the payload so that the checksum becomes WANT. */
static void check_inner(const struct inner *r, unsigned want)
{
	size_t len = craft(buf, r->in, NULL);
	struct packet p;
	struct offload o = {.csum = CSUM_PARTIAL};
	uint8_t *bytes;
	size_t at;

	ck_assert_msg(packet_parse(&p, buf, len, false) == REASON_OK, "%s: refused", r->name);
	o.csum_start = (uint16_t)((size_t)(p.l4.p - buf) + r->start);
	o.csum_offset = (uint16_t)r->offset;
	at = o.csum_start + r->offset;
	put16(buf + at, 0);
	put16(buf + at, ((~want & 0xffff) +
			 (~craft_sum(0, buf + o.csum_start, len - o.csum_start) & 0xffff)) %
				0xffff);
	bytes = exactly(buf, len);
	ck_assert_msg(packet_parse(&p, bytes, len, false) == REASON_OK, "%s: refused", r->name);
	ck_assert_msg(packet_take_offload(&p, bytes, &o) == REASON_OK, "%s: does not fit", r->name);
	want = want ? want : 0xffff;
	ck_assert_msg(get16(bytes + at) == want, "%s: %#x, not %#x", r->name, get16(bytes + at),
		      want);
	put16(buf + at, want);
	ck_assert_msg(memcmp(bytes, buf, len) == 0, "%s: other bytes", r->name);
	ck_assert_msg(p.csum == r->csum && p.seg == 0, "%s: checksum %d", r->name, p.csum);
	free(bytes);
}

START_TEST(inner)
{
	for (unsigned want = 0; want < 0xffff; want += want < 3 ? 1 : 509)
		check_inner(&inner_rows[_i], want);
}
END_TEST

/* --- a vnet header with one wrong field ------------------------------------------------------- */

static const struct victim {
	const char *in;
	struct offload o;
} victims[] = {
	{"4 | udp n=300", {.csum = CSUM_PARTIAL, .csum_start = 20, .csum_offset = 6}},
	{"6 | tcp n=300", {.csum = CSUM_PARTIAL, .csum_start = 40, .csum_offset = 16}},
	{"6 | echo n=30", {.csum = CSUM_PARTIAL, .csum_start = 40, .csum_offset = 2}},
	{"4 p=47 | data 90", {.csum = CSUM_PARTIAL, .csum_start = 48, .csum_offset = 16}},
	{"6 | hbh | rt left=1 | udp", {.csum = CSUM_PARTIAL, .csum_start = 56, .csum_offset = 6}},
	{"4 | part 0 80 | udp n=999", {.csum = CSUM_VOUCHED}},
	{"6 p=17 | data 4", {.csum = CSUM_VOUCHED}},
	{"4 opts=01010101 | tcp n=900 fl=0x99", {CSUM_PARTIAL, GSO_TCP4, GSO_ECN, 100, 44, 24, 16}},
	{"6 | tcp n=900 opts=0101080a0102030405060708",
	 {CSUM_PARTIAL, GSO_TCP6, 0, 100, 72, 40, 16}},
	{"4 | udp n=900", {CSUM_PARTIAL, GSO_UDP, 0, 64, 28, 20, 6}},
	{"6 | dst | udp n=901", {CSUM_PARTIAL, GSO_UDP, 0, 64, 56, 48, 6}},
	{"4 | tcp n=901", {CSUM_WHOLE, GSO_TCP4, 0, 100, 40, 0, 0}},
};

/* Cuts a GSO packet into segments, as later stages do, each in memory of its own size. */
static void cut(const struct packet *p)
{
	struct gso_packet t = {p->proto, p->ecn == GSO_ACCECN, p->l4.p, p->l4_header,
			       p->l4.len - p->l4_header};

	for (size_t off = 0; off < t.payload; off += p->seg) {
		size_t n = min_size(p->seg, t.payload - off);
		uint8_t *l4 = exactly(t.l4, t.header), *payload;

		payload = exactly(t.l4 + t.header + off, n);
		gso_header(&t, off, n, l4);
		gso_complete(l4, t.header, t.proto, (struct span){payload, n});
		free(payload);
		free(l4);
	}
}

/* For any HDR with the LEN bytes in buf: either it is refused and the bytes are unchanged, or the
 * resulting facts are correct. */
static enum reason judge(const char *name, const uint8_t *hdr, size_t len)
{
	uint8_t *bytes = exactly(buf, len);
	struct packet p, was;
	struct offload o;
	enum reason why = REASON_BAD_OFFLOAD;

	ck_assert(packet_parse(&p, bytes, len, false) == REASON_OK);
	was = p;
	if (offload_read(&o, hdr))
		why = packet_take_offload(&p, bytes, &o);
	if (why) {
		ck_assert_msg(memcmp(bytes, buf, len) == 0, "%s: refused, but changed", name);
	} else {
		ck_assert_msg(memcmp(bytes, buf, (size_t)(p.l4.p - bytes)) == 0, "%s: IP header",
			      name);
		ck_assert_msg(p.l4.p == was.l4.p && p.l4.len == was.l4.len &&
				      p.whole.len == was.whole.len,
			      "%s: spans", name);
		ck_assert_msg(p.seg == 0 || p.csum == CSUM_PARTIAL, "%s: GSO packet", name);
		ck_assert_msg(p.csum != CSUM_PARTIAL ||
				      (p.l4_header >= 8 && p.l4_header <= p.l4.len),
			      "%s: L4 header", name);
		ck_assert_msg(p.seg == 0 || p.l4.len > p.l4_header + p.seg, "%s: segment", name);
		ck_assert_msg(p.csum != CSUM_PARTIAL || o.csum != CSUM_PARTIAL ||
				      memcmp(bytes, buf, len) == 0,
			      "%s: a partial sum was made anew", name);
		if (p.seg)
			cut(&p);
	}
	free(bytes);
	return why;
}

static void put_native(uint8_t *at, unsigned v)
{
	uint16_t word = (uint16_t)v;

	memcpy(at, &word, sizeof(word));
}

START_TEST(one_field_wrong)
{
	const struct victim *v = &victims[_i];
	size_t len = craft(buf, v->in, NULL);
	uint8_t right[OFFLOAD_HDR], hdr[OFFLOAD_HDR];
	unsigned refused = 0;

	offload_write(&v->o, right);
	ck_assert_msg(judge(v->in, right, len) == REASON_OK, "%s: refused", v->in);
	for (size_t field = 2; field < OFFLOAD_HDR; field += 2) {
		for (unsigned value = 0; value < 0x10000; value += value < 1000 ? 1 : 61) {
			memcpy(hdr, right, sizeof(hdr));
			put_native(hdr + field, value);
			refused += judge(v->in, hdr, len) != REASON_OK;
		}
	}
	for (unsigned value = 0; value < 512; value++) { /* flags, then types */
		memcpy(hdr, right, sizeof(hdr));
		hdr[value / 256] = (uint8_t)value;
		refused += judge(v->in, hdr, len) != REASON_OK;
	}
	ck_assert_msg(refused > 400, "%s: only %u are refused", v->in, refused);
}
END_TEST

/* All fields and some headers at random; small numbers are more likely to fit. */
START_TEST(all_wrong)
{
	unsigned taken = 0;

	for (int round = 0; round < 5000; round++) {
		const struct victim *v = &victims[_i];
		size_t len = craft(buf, v->in, NULL);
		uint8_t hdr[OFFLOAD_HDR];
		struct packet p;

		offload_write(&v->o, hdr);
		for (size_t i = 0; i < sizeof(hdr); i += 2)
			if (random_below(2))
				put_native(hdr + i, random_below(2) ? random_below(200)
								    : random_next() & 0xffff);
		ck_assert(packet_parse(&p, buf, len, false) == REASON_OK);
		for (unsigned n = random_below(4); n > 0 && p.l4.len; n--)
			buf[(size_t)(p.l4.p - buf) + random_below(20) % p.l4.len] =
				(uint8_t)random_next();
		taken += judge(v->in, hdr, len) == REASON_OK;
	}
	ck_assert_msg(taken > 50, "%s: only %u are taken", victims[_i].in, taken);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("packet_offload");
	TCase *t = tcase_create("packet_offload");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, row, 0, ROWS(rows));
	tcase_add_loop_test(t, trailing_bytes, 0, ROWS(rows));
	tcase_add_loop_test(t, no_offload, 0, ROWS(rows));
	tcase_add_loop_test(t, inner, 0, ROWS(inner_rows));
	tcase_add_loop_test(t, one_field_wrong, 0, ROWS(victims));
	tcase_add_loop_test(t, all_wrong, 0, ROWS(victims));
	suite_add_tcase(s, t);
	return run_suite(s);
}
