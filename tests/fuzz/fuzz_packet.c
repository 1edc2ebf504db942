/* fuzz_packet - any bytes at all go through the translator, and what must hold for every packet is
 * checked.
 *
 * The first byte of an input chooses among a few configurations, the rest is the packet.  Linked
 * with libFuzzer
 * (--enable-fuzzer) or with replay.c, which `make check` runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "csum.h"
#include "packet.h"
#include "xlat.h"

#include "fuzz_packet.h"

#define NOW (INT64_C(1000000) * 1000)

/* Bits of the first byte. */
#define VARIANT_MTU  0x03 /* which of the MTUs */
#define VARIANT_UDP  0x0c /* enum udp_zero; 3 is 0 again */
#define VARIANT_WKP  0x10 /* wkpf-strict, and TOS is ignored */
#define VARIANT_POOL 0x20 /* with a dynamic pool, and MSS is clamped */
/* Right checksums are put in first: chance would take long to find them. */
#define VARIANT_FIX  0x40
#define VARIANT_TINY 0x80 /* offlink-mtu 1280 and icmp-node-id, else 65535 and icmp-source-pool */

static const unsigned mtus[] = {1500, 1280, 1300, 65535};
static const struct siphash_key key = {0x0123456789abcdef, 0xfedcba9876543210};

#define EXPECT(cond) expect(cond, #cond, __LINE__)

static void expect(bool holds, const char *what, int line)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_packet.c:%d: does not hold: %s\n", line, what);
	abort();
}

static void add_map(struct map_table *t, uint32_t a4, uint8_t len4, const char *a6, uint8_t len6)
{
	struct map m = {.p4 = {a4, len4}, .p6 = {.len = len6}};
	size_t other;

	memcpy(m.p6.addr.b, a6, 16);
	EXPECT(map_add(t, &m, &other) == MAP_ADDED);
}

/* Two prefixes, a host map, a map of equal and one of unequal suffix. */
static struct map_table *make_maps(void)
{
	struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};
	struct prefix6 own = {{{0x20, 0x01, 0x0d, 0xb8, 0x00, 0x64}}, 64};
	struct map_table *t = map_table_new();

	EXPECT(t != NULL);
	EXPECT(map_add_prefix(t, &wkp) && map_add_prefix(t, &own));
	add_map(t, 0xc0a8ff4d, 32, "\x20\x01\x0d\xb8\0\x01\0\0\0\0\0\0\0\0\0\x02", 128);
	add_map(t, 0xc6336400, 24, "\x20\x01\x0d\xb8\0\x02\0\0\0\0\0\0\0\0\xaa\0", 120);
	add_map(t, 0xc6336500, 28, "\x20\x01\x0d\xb8\0\x03\0\0\0\0\0\0\0\0\0\0", 64);
	EXPECT(map_seal(t) == 0);
	return t;
}

static struct pool *make_pool(void)
{
	static const struct prefix4 range = {0xc0a8ff00, 28};
	static const struct prefix4 own = {0xc0a8ff01, 32};
	static const struct ip6 host = {{0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 5}};
	struct pool *p = pool_new(&range, 1, &key);

	EXPECT(p != NULL);
	pool_reserve(p, &own);
	EXPECT(pool_restore(p, &host, 0, 0xc0a8ff05, 999990) != NULL);
	return p;
}

static uint64_t pseudo_sum(const struct packet *p)
{
	uint64_t sum = csum_pseudo((uint32_t)p->l4_stated, p->proto);

	if (p->family == 4)
		return p->proto == PROTO_ICMP ? 0 : sum + csum_addrs4(p->src4, p->dst4);
	return sum + csum_addrs6(&p->src6, &p->dst6);
}

/* Where the checksum of P's transport header is, or 0 if it has none that we know. */
static size_t csum_offset(const struct packet *p)
{
	if (p->proto == PROTO_TCP && p->l4.len >= sizeof(struct tcp_hdr))
		return offsetof(struct tcp_hdr, csum);
	if (p->proto == PROTO_UDP && p->l4.len >= sizeof(struct udp_hdr))
		return offsetof(struct udp_hdr, csum);
	if (packet_is_icmp(p) && p->l4.len >= sizeof(struct icmp_hdr))
		return offsetof(struct icmp_hdr, csum);
	return 0;
}

static bool l4_right(const struct packet *p)
{
	size_t at = csum_offset(p);

	if (at == 0 || (p->proto == PROTO_UDP && get16(p->l4.p + at) == 0))
		return false;
	return csum_fold(pseudo_sum(p) + csum_sum(p->l4.p, p->l4.len)) == 0xffff;
}

/* Puts the right checksums into PACKET, so far as it has a header to hold them. */
static void fix_checksums(uint8_t *packet, size_t len)
{
	struct packet p;
	size_t ihl, at;

	if (len >= sizeof(struct ip4_hdr) && packet[0] >> 4 == 4) {
		ihl = (packet[0] & 15u) * 4;
		if (ihl < sizeof(struct ip4_hdr) || ihl > len)
			return;
		put16(packet + 10, 0);
		put16(packet + 10, csum_finish(csum_sum(packet, ihl)));
	}
	if (packet_parse(&p, packet, len, false) != R_OK || packet_is_fragment(&p))
		return;
	at = csum_offset(&p);
	if (at == 0 || (p.proto == PROTO_UDP && get16(p.l4.p + at) == 0))
		return;
	at += (size_t)(p.l4.p - packet);
	put16(packet + at, 0);
	put16(packet + at, csum_udp(csum_finish(pseudo_sum(&p) + csum_sum(p.l4.p, p.l4.len))));
}

struct input {
	const uint8_t *bytes;
	size_t len;
	struct packet p;
	enum reason parsed;
	const struct xlat *x;
};

/* A frame in one piece, parsed; the caller frees what is returned. */
static uint8_t *parse_frame(struct packet *p, const struct frame *f)
{
	size_t len = f->head_len + f->body_len;
	uint8_t *bytes = malloc(len ? len : 1);
	enum reason why;

	EXPECT(bytes != NULL);
	if (f->head_len)
		memcpy(bytes, f->head, f->head_len);
	if (f->body_len)
		memcpy(bytes + f->head_len, f->body, f->body_len);
	why = packet_parse(p, bytes, len, false);
	/* A fragment of AH is legal in IPv4; the parser knows that we do not take it from IPv6. */
	EXPECT(why == R_OK || (why == R_FRAG_EXT_HDR && p->family == 6));
	if (why == R_OK)
		EXPECT(p->whole.len == len);
	return bytes;
}

static void check_answer(const struct input *in, const struct xlat_out *out, enum reason why)
{
	struct packet p;
	uint8_t *bytes;

	EXPECT(out->frames <= 1);
	if (out->frames == 0)
		return;
	EXPECT(out->is_answer);
	bytes = parse_frame(&p, &out->frame[0]);
	EXPECT(p.family == in->bytes[0] >> 4);
	EXPECT(packet_is_icmp(&p) && l4_right(&p));
	if (p.family == 4)
		EXPECT(p.dst4 == get32(in->bytes + 12) && p.src4 == in->x->conf->own4);
	else
		EXPECT(memcmp(&p.dst6, in->bytes + 8, 16) == 0 &&
		       ip6_equal(&p.src6, &in->x->conf->own6));
	if (why != R_SELF_ECHO) {
		EXPECT(packet_is_icmp_error(&p));
		EXPECT(p.whole.len <= (p.family == 4 ? 576 : 1280));
		EXPECT(in->parsed != R_OK || !packet_is_icmp_error(&in->p));
		EXPECT(in->parsed != R_OK || in->p.frag_off == 0);
	}
	free(bytes);
}

/* A packet that came whole and left in one frame: its transport checksum is as right as it was. */
static void check_whole(const struct input *in, const struct packet *p)
{
	if (packet_is_fragment(&in->p) || packet_is_fragment(p))
		return;
	if (l4_right(&in->p))
		EXPECT(l4_right(p));
	if (packet_is_icmp(&in->p))
		EXPECT(l4_right(p));
}

static void check_translated(const struct input *in, const struct xlat_out *out)
{
	uint32_t next = in->p.frag_off;
	struct packet p;
	uint8_t *bytes;

	EXPECT(in->parsed == R_OK);
	EXPECT(out->frames >= 1 && out->frames <= XLAT_FRAMES && !out->is_answer);
	for (unsigned i = 0; i < out->frames; i++) {
		bytes = parse_frame(&p, &out->frame[i]);
		EXPECT(p.family == (in->p.family == 4 ? 6 : 4));
		EXPECT(out->frame[i].head_len + out->frame[i].body_len <= in->x->mtu);
		EXPECT(p.ttl == in->p.ttl - 1);
		EXPECT(p.frag_off == next);
		EXPECT(p.mf == (in->p.mf || i + 1 < out->frames));
		next += (uint32_t)p.l4.len;
		if (out->frames == 1)
			check_whole(in, &p);
		free(bytes);
	}
	/* Of an ICMP error only the quote may change its length. */
	if (!packet_is_icmp_error(&in->p))
		EXPECT(next - in->p.frag_off == in->p.l4.len);
}

/* For whoever looks into a finding: FUZZ_VERBOSE=1 tests/fuzz/replay FILE. */
static void show(const uint8_t *bytes, size_t len, enum reason why, const struct xlat_out *out)
{
	fprintf(stderr, "# %s, %u frames:", reason_table[why].name, out->frames);
	for (size_t i = 0; i < len; i++)
		fprintf(stderr, "%s%02x", i % 4 ? "" : " ", bytes[i]);
	fputc('\n', stderr);
}

static void run(struct xlat *x, const uint8_t *data, size_t len, bool fix)
{
	static struct xlat_out out;
	uint8_t *buffer = malloc(XLAT_HEADROOM + len), *packet = buffer + XLAT_HEADROOM;
	uint8_t *copy = malloc(len ? len : 1);
	struct input in = {.bytes = copy, .len = len, .x = x};
	enum reason why;

	EXPECT(buffer != NULL && copy != NULL);
	if (len)
		memcpy(packet, data, len);
	if (fix)
		fix_checksums(packet, len);
	if (len)
		memcpy(copy, packet, len);
	in.parsed = packet_parse(&in.p, copy, len, false);

	why = xlat_packet(x, packet, len, NOW, &out);
	if (getenv("FUZZ_VERBOSE"))
		show(copy, len, why, &out);
	EXPECT(why < REASON_COUNT);
	EXPECT(out.records <= 2);
	if (why == R_OK) {
		check_translated(&in, &out);
	} else {
		EXPECT(why == R_SELF_ECHO || len == 0 || memcmp(packet, copy, len) == 0);
		check_answer(&in, &out, why);
	}
	free(copy);
	free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bucket_conf rates = {1u << 30, 1u << 30, 1u << 30, 1u << 30};
	static struct map_table *maps;
	static struct xlat x;
	struct xlat_conf conf = {.own4 = 0xc0a8ff01,
				 .own6 = {{0x20, 0x01, 0x0d, 0xb8, 0x10, 0, [15] = 0x64}}};
	unsigned variant;

	if (size == 0)
		return 0;
	if (!maps)
		maps = make_maps();
	variant = data[0];
	conf.wkpf_strict = variant & VARIANT_WKP;
	conf.udp_zero = (enum udp_zero)((variant & VARIANT_UDP) >> 2) % 3;
	conf.offlink_mtu = variant & VARIANT_TINY ? 1280 : 65535;
	conf.node_id = variant & VARIANT_TINY;
	conf.has_icmp_source = !conf.node_id;
	conf.icmp_source = (struct prefix4){0xc6336600, 28};
	conf.mss_clamp = variant & VARIANT_POOL ? MSS_AUTO : MSS_OFF;
	conf.tos_ignore_4to6 = conf.tos_ignore_6to4 = variant & VARIANT_WKP;

	memset(&x, 0, sizeof(x));
	x.conf = &conf;
	x.maps = maps;
	x.mtu = mtus[variant & VARIANT_MTU];
	x.key = key;
	x.buckets = bucket_new(&rates, &key);
	EXPECT(x.buckets != NULL);
	if (variant & VARIANT_POOL)
		x.pool = make_pool();
	run(&x, data + 1, size - 1, variant & VARIANT_FIX);
	if (x.pool)
		pool_free(x.pool);
	bucket_free(x.buckets);
	return 0;
}
