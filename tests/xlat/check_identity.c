/* check_identity - translates packets to the other family and back, and checks what stays the same,
 * and the checksum after each step.
 *
 * May change, 4->6->4: TTL (less 2), options (removed), Identification and DF of packets that are
 * not fragments (new), DF of fragments (0), a UDP checksum of zero (computed); a packet without DF
 * may come back in fragments.
 *
 * May change, 6->4->6: hop limit (less 2), flow label (0), extension headers (removed), the
 * fragment header of an atomic fragment (removed), the upper half of a fragment's Identification
 * (0); a fragment may come back in smaller fragments.
 *
 * In ICMP errors may also change: the source of a router without a (valid) mapping, code, MTU,
 * pointer and extensions by the tables, the length of the quote; in the quoted packet everything
 * listed above except its TTL.
 *
 * TCP and ICMP, both ways: a checksum of 0xffff may become the equivalent 0.
 *
 * Hairpinned packets return differently and are left out.
 *
 * Everything else stays: addresses, TOS, protocol, offsets and payload.  Correct checksums stay
 * correct, and wrong ones stay wrong by the same difference. */
#include <stdio.h>
#include <string.h>

#include "support/generate.h"
#include "support/rig.h"
#include "support/run.h"

#define ROUNDS SHORTENED(10000)

#define WELL_KNOWN                                                                \
	"own4 192.0.2.254; own6 2001:db8:ffff::64; prefix 64:ff9b::/96; wkpf no;" \
	"map 203.0.113.0/24 2001:db8:1::/120; map 8.8.8.8 2001:db8:2::8;"

static const char *const setups[] = {
	RIG_BASE "mtu 9000; offlink 9000; translatable yes",
	RIG_BASE "mtu 1500; translatable yes",
	WELL_KNOWN "mtu 1280; translatable yes",
	/* denies some, and does not allow 128.0.0.0/2 and some others */
	RIG_BASE "mtu 1500; translatable yes; allow 2001:db8:64::/97; allow 2001:db8:64::c000:0/98;"
		 "deny 1.0.0.0/8; deny 203.0.113.128/25",
};

struct pile { /* a list of packets */
	unsigned n;
	size_t end[XLAT_OUTPUTS];
	uint8_t b[2 * MODEL_BYTES];
};

struct message { /* the message that a list of fragments contains */
	struct model_view v;
	uint8_t payload[MODEL_BYTES];
	size_t len;
};

static struct rig rig;
static struct model model;

/* Passes the configuration of the rig to the generator. */
static void open_rig(const char *setup)
{
	rig_open(&rig, setup);
	memset(&model, 0, sizeof(model));
	model.conf = &rig.conf;
	model.mtu = rig.x.mtu;
	for (size_t i = 0; i < map_prefix_count(rig.maps); i++)
		model.prefix[model.prefixes++] = *map_prefix_at(rig.maps, i);
	for (size_t i = 0; i < map_count(rig.maps); i++)
		model.map[model.maps++] = *map_at(rig.maps, i);
}

static size_t begin_of(const struct pile *p, unsigned i)
{
	return i ? p->end[i - 1] : 0;
}

static void add_packet(struct pile *p, const uint8_t *b, size_t len)
{
	size_t at = begin_of(p, p->n);

	ck_assert_uint_lt(p->n, XLAT_OUTPUTS);
	ck_assert_uint_le(at + len, sizeof(p->b));
	memcpy(p->b + at, b, len);
	p->end[p->n++] = at + len;
}

/* Sends each packet of IN; returns false unless all of them pass. */
static bool send_pile(const struct pile *in, struct pile *out)
{
	static uint8_t bytes[MODEL_BYTES];

	out->n = 0;
	for (unsigned i = 0; i < in->n; i++) {
		size_t at = begin_of(in, i);

		if (rig_send(&rig, in->b + at, in->end[i] - at) != REASON_OK)
			return false;
		for (unsigned k = 0; k < rig.out.outputs; k++)
			add_packet(out, bytes, rig_output(&rig, k, bytes));
	}
	return true;
}

static bool same_flow(const struct model_view *a, const struct model_view *b)
{
	return a->family == b->family && a->proto == b->proto && a->tos == b->tos &&
	       a->src4 == b->src4 && a->dst4 == b->dst4 && model_same6(&a->src6, &b->src6) &&
	       model_same6(&a->dst6, &b->dst6);
}

/* Reassembles the fragments in P, which must fit. */
static void gather(const struct pile *p, struct message *m)
{
	m->len = 0;
	for (unsigned i = 0; i < p->n; i++) {
		size_t at = begin_of(p, i);
		struct model_view v;

		ck_assert_int_eq(model_view(&v, p->b + at, p->end[i] - at, false), REASON_OK);
		if (i == 0)
			m->v = v;
		ck_assert(same_flow(&v, &m->v) && v.ttl == m->v.ttl);
		ck_assert(i == 0 || (v.id == m->v.id && v.df == m->v.df));
		ck_assert_uint_eq(v.off, m->v.off + m->len);
		ck_assert(v.mf || i == p->n - 1);
		ck_assert_uint_le(m->len + v.l4_len, sizeof(m->payload));
		memcpy(m->payload + m->len, v.start + v.l4, v.l4_len);
		m->len += v.l4_len;
		m->v.mf = v.mf;
	}
}

/* --- checksums ------------------------------------------------------------------------------- */

/* Returns the sum of everything that the transport checksum covers, modulo 65535: 0 if it is
 * right. */
static unsigned residue(const struct message *m)
{
	const struct model_view *v = &m->v;
	unsigned long sum = model_sum(m->payload, m->len);

	if (v->proto == 1)
		return (unsigned)(sum % 65535);
	sum += v->family == 4 ? model_pseudo4(v->src4, v->dst4) : model_pseudo6(&v->src6, &v->dst6);
	return (unsigned)((sum + m->len + v->proto) % 65535);
}

static bool lacks_checksum(const struct message *m)
{
	return m->v.proto == 17 && model_get16(m->payload + 6) == 0;
}

static bool has_checksum(const struct message *m)
{
	return m->v.proto == 6 || m->v.proto == 17 || model_is_icmp(&m->v);
}

static void check_residue(const struct message *in, const struct message *out)
{
	if (!has_checksum(in) || model_is_fragment(&in->v))
		return;
	if (lacks_checksum(in)) {
		/* computed over the UDP length, which may be less than the available bytes */
		if (model_get16(in->payload + 4) == in->len)
			ck_assert_uint_eq(residue(out), 0);
		return;
	}
	ck_assert_uint_eq(residue(out), residue(in));
	if (model_is_icmp(&in->v))
		ck_assert_uint_eq(residue(out), 0);
	if (in->v.proto == 17)
		ck_assert(!lacks_checksum(out));
}

/* --- both ways ------------------------------------------------------------------------------ */

static bool is_icmp_error(const struct message *m)
{
	return model_is_icmp(&m->v) && model_is_error(&m->v);
}

/* Returns the offset of the checksum in V's payload, or 0. */
static size_t checksum_at(const struct model_view *v)
{
	if (v->off > 0)
		return 0;
	return v->proto == 6 ? 16 : v->proto == 17 ? 6 : model_is_icmp(v) ? 2 : 0;
}

/* Compares N bytes of payload.  A checksum of 0xffff may have become 0, which is equivalent except
 * in UDP. */
static void check_bytes(const struct model_view *v, const uint8_t *a, const uint8_t *b, size_t n)
{
	static uint8_t x[MODEL_BYTES], y[MODEL_BYTES];
	size_t at = checksum_at(v);

	memcpy(x, a, n);
	memcpy(y, b, n);
	if (at && at + 2 <= n && v->proto != 17) {
		model_put16(x + at, model_get16(x + at) % 65535);
		model_put16(y + at, model_get16(y + at) % 65535);
	}
	ck_assert_mem_eq(x, y, n);
}

/* Returns how much of M's body is the quoted packet, by the length field of RFC 4884 if there is
 * one. */
static size_t quote_length(const struct message *m)
{
	size_t n = m->len - 8, stated;

	if (m->v.family == 4)
		stated = m->payload[5] * 4u;
	else
		stated = m->payload[0] == 1 || m->payload[0] == 3 ? m->payload[4] * 8u : 0;
	if (stated < (m->v.family == 4 ? 28 : 48) || stated >= n)
		return n;
	if (stated < 128 && (n - stated < 4 || m->payload[8 + stated] / 16 != 2))
		return n;
	return stated;
}

static void check_quote(const struct message *in, const struct message *out)
{
	struct model_view a, b;
	size_t n;

	ck_assert_int_eq(model_view(&a, in->payload + 8, quote_length(in), true), REASON_OK);
	ck_assert_int_eq(model_view(&b, out->payload + 8, quote_length(out), true), REASON_OK);
	ck_assert(same_flow(&a, &b));
	ck_assert(a.off == b.off && a.mf == b.mf && a.ttl == b.ttl);
	if (model_is_fragment(&a))
		ck_assert_uint_eq(a.id & 0xffff, b.id);
	if (a.l4_stated > 65515) /* too long for IPv4 */
		return;
	ck_assert_uint_eq(a.l4_stated, b.l4_stated);
	n = a.l4_len < b.l4_len ? a.l4_len : b.l4_len;
	check_bytes(&a, a.start + a.l4, b.start + b.l4, n < 8 ? n : 8);
}

static void check_error(const struct message *in, const struct message *out)
{
	uint8_t type = in->payload[0], back = out->payload[0];

	/* 3/2 and 4/1 are translated into each other, and back. */
	ck_assert_uint_eq(type, back);
	ck_assert_uint_eq(residue(out), 0);
	ck_assert_uint_le(out->v.len, in->v.family == 4 ? 576 : 1280);
	check_quote(in, out);
}

static void check_payload(const struct message *in, const struct message *out)
{
	static uint8_t was[MODEL_BYTES];

	ck_assert_uint_eq(in->len, out->len);
	memcpy(was, in->payload, in->len);
	if (in->v.off == 0 && lacks_checksum(in))
		memcpy(was + 6, out->payload + 6, 2);
	check_bytes(&in->v, was, out->payload, in->len);
}

static void check_same(const struct message *in, const struct message *out)
{
	const struct model_view *a = &in->v, *b = &out->v;

	ck_assert(same_flow(a, b));
	ck_assert_uint_eq(a->ttl - 2u, b->ttl);
	ck_assert(a->off == b->off && a->mf == b->mf);
	if (model_is_fragment(a))
		ck_assert_uint_eq(a->id & 0xffff, b->id);
	else
		ck_assert_uint_eq(b->source_route + b->segments_left_at, 0);
	if (is_icmp_error(in))
		check_error(in, out);
	else
		check_payload(in, out);
}

/* Valid reasons to refuse the second step: the TTL has expired, the packet has become too long, it
 * was an echo request that had to be fragmented, a fragment of AH [7915-5.1.1], IGMP, or it came
 * from 240.0.0.0/4. */
/* The way back swaps source and destination.  With the last setup, it refuses only packets whose
 * new source is denied. */
static bool is_denied(uint32_t a)
{
	return rig.conf.deny && (a >> 24 == 1 || a >> 7 == 0xcb0071ff >> 7);
}

static bool is_stranger(uint32_t a)
{
	return rig.conf.allow && a >> 30 == 2;
}

static bool may_stop(enum reason why, const struct message *in)
{
	if (in->v.ttl < 3 || why == REASON_TOO_BIG)
		return true;
	if (in->v.family == 6)
		return (why == REASON_PROTOCOL && in->v.proto == 2) ||
		       (why == REASON_NOT_ALLOWED && is_stranger(model_get32(in->v.dst6.b + 12)));
	return (why == REASON_ICMP_FRAGMENT && !in->v.df) ||
	       (why == REASON_RESERVED_DST && in->v.src4 >> 28 == 15) ||
	       (why == REASON_NOT_ALLOWED && is_stranger(in->v.src4)) ||
	       (why == REASON_DENIED && is_denied(in->v.dst4)) ||
	       (why == REASON_FRAG_EXT_HDR && in->v.proto == 51);
}

static bool is_mapped(const struct ip6 *a)
{
	uint32_t a4 = model_get32(a->b + 12);
	bool by_prefix = model_holds6(&model.prefix[0], a);

	for (unsigned i = 0; i < model.maps; i++)
		if (model_holds6(&model.map[i].p6, a) ||
		    (by_prefix && model_holds4(&model.map[i].p4, a4)))
			return true;
	return by_prefix && a4 == rig.conf.own4;
}

/* Mapped hosts communicate through the prefix [7757-4], and their packets come back with other
 * addresses. A packet to our own address does not come back, and a packet from our own address gets
 * another address.  No other host may claim our address. */
static bool is_hairpin(const struct model_view *v)
{
	const struct prefix6 *p = &model.prefix[0];

	if (v->family == 4)
		return v->src4 == rig.conf.own4 || v->dst4 == rig.conf.own4;
	if (model_same6(&v->src6, &rig.conf.own6) || model_same6(&v->dst6, &rig.conf.own6))
		return true;
	return (is_mapped(&v->src6) && is_mapped(&v->dst6)) ||
	       (model_holds6(p, &v->src6) && is_mapped(&v->src6)) ||
	       (model_holds6(p, &v->dst6) && is_mapped(&v->dst6));
}

static bool is_quoted_hairpin(const struct message *m)
{
	struct model_view q;

	return is_icmp_error(m) && model_view(&q, m->payload + 8, m->len - 8, true) == REASON_OK &&
	       is_hairpin(&q);
}

static const struct model nothing; /* no map or pool of the rig contains a link-local address */

/* A router without a mapping, or with an invalid address, gets one of our addresses as source
 * [6791]. */
static void forget_router(struct message *in, const struct message *half, const struct message *out)
{
	if (!is_icmp_error(in))
		return;
	if (half->v.src4 == rig.conf.own4)
		in->v.src6 = out->v.src6;
	if (out->v.src4 == rig.conf.own4 && !model_passes4(&nothing, in->v.src4))
		in->v.src4 = out->v.src4;
}

static bool there_and_back(const uint8_t *p, size_t len)
{
	static struct pile home, away, back;
	static struct message in, half, out;

	home.n = 0;
	add_packet(&home, p, len);
	if (!send_pile(&home, &away))
		return false;
	gather(&home, &in);
	if (is_hairpin(&in.v) || is_quoted_hairpin(&in))
		return false;
	gather(&away, &half);
	check_residue(&in, &half);
	if (!send_pile(&away, &back)) {
		enum reason why = rig_send(&rig, rig.input.b, rig.input.len);

		ck_assert_msg(may_stop(why, &in), "the way back: %s", reason_table[why].name);
		return false;
	}
	gather(&back, &out);
	check_residue(&half, &out);
	forget_router(&in, &half, &out);
	check_same(&in, &out);
	return true;
}

static void run_identity(unsigned family)
{
	static uint8_t p[GENERATE_MAX];

	for (int i = 0; i < ROWS(setups); i++) {
		unsigned passed = 0;

		open_rig(setups[i]);
		generate_seed(7915u + (unsigned)i);
		for (unsigned n = 0; n < ROUNDS; n++) {
			/* Packets of the second kind may have wrong checksums. */
			size_t len = n % 2 ? generate_sound(&model, family, p)
					   : generate_packet(&model, family, p);

			passed += there_and_back(p, len);
		}
		rig_close(&rig);
		ck_assert_msg(passed > ROUNDS / 8, "only %u of %u packets passed with %s", passed,
			      ROUNDS, setups[i]);
	}
}

START_TEST(test_4to6to4)
{
	run_identity(4);
}
END_TEST

START_TEST(test_6to4to6)
{
	run_identity(6);
}
END_TEST

/* --- fragments of a packet ------------------------------------------------------------------ */

/* Fragments the packet at P as a host would, with SIZE bytes of payload each. */
static void cut(const struct message *m, size_t size, struct pile *out)
{
	static uint8_t p[MODEL_BYTES];
	struct model_view v = m->v;
	size_t header = v.family == 4 ? 20 : 48, n;

	out->n = 0;
	for (size_t at = 0; at < m->len; at += n) {
		unsigned mf;

		n = m->len - at < size ? m->len - at : size;
		mf = at + n < m->len;
		if (v.family == 4) {
			model_header4(p, v.tos, 20 + n, 4711, (unsigned)at / 8 | mf << 13, v.ttl,
				      v.proto, v.src4, v.dst4);
		} else {
			model_header6(p, v.tos, 8 + n, 44, v.ttl, &v.src6, &v.dst6);
			model_put32(p + 40, v.proto * 0x1000000u | (unsigned)at | mf);
			model_put32(p + 44, 4711);
		}
		memcpy(p + header, m->payload + at, n);
		add_packet(out, p, header + n);
	}
}

/* Sends a TCP segment or UDP datagram in three or more fragments, each translated separately. */
static bool in_fragments(const uint8_t *p, size_t len)
{
	static struct pile whole, cuts, away;
	static struct message in, out;
	size_t size;

	if (model_view(&in.v, p, len, false))
		return false;
	whole.n = 0;
	add_packet(&whole, p, len);
	gather(&whole, &in);
	if (model_is_fragment(&in.v) || (in.v.proto != 6 && in.v.proto != 17) || in.len < 60 ||
	    lacks_checksum(&in))
		return false;
	size = 24 + 8 * generate_below((uint32_t)(in.len / 16));
	if (in.len / size >= XLAT_OUTPUTS / 2)
		size = 1200;
	if (in.len / size >= XLAT_OUTPUTS / 2 || in.len <= size)
		return false;
	cut(&in, size, &cuts);
	if (!send_pile(&cuts, &away))
		return false;
	gather(&away, &out);
	ck_assert_uint_eq(out.v.id, 4711);
	ck_assert_uint_eq(out.len, in.len);
	ck_assert_uint_eq(residue(&out), residue(&in));
	return residue(&out) == 0;
}

static void run_fragments(unsigned family)
{
	static uint8_t p[GENERATE_MAX];
	unsigned passed = 0;

	open_rig(setups[1]);
	generate_seed(8200);
	for (unsigned n = 0; n < ROUNDS; n++)
		passed += in_fragments(p, generate_sound(&model, family, p));
	rig_close(&rig);
	ck_assert_msg(passed > ROUNDS / 16, "only %u of %u passed", passed, ROUNDS);
}

START_TEST(test_fragments)
{
	run_fragments(4);
	run_fragments(6);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("identity");
	TCase *tc = tcase_create("identity");

	tcase_set_timeout(tc, 0);
	tcase_add_test(tc, test_4to6to4);
	tcase_add_test(tc, test_6to4to6);
	tcase_add_test(tc, test_fragments);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
