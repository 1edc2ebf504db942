/* model - the order of the rules: which packets are refused, answered and sent. */
#include "model.h"

#include <string.h>

static bool is_whole(const struct model_view *v)
{
	return !model_is_fragment(v);
}

/* --- checks ---------------------------------------------------------------------------------- */

static enum reason check_udp(const struct model *m, const struct model_view *v)
{
	const uint8_t *udp = v->start + v->l4;

	if (v->l4_len < 8)
		return REASON_BAD_L4;
	if (model_get16(udp + 6) != 0)
		return REASON_OK;
	if (m->conf->udp_zero == UDP_ZERO_FWD)
		return REASON_OK;
	if (v->family == 6)
		return REASON_UDP_ZERO6;
	if (m->conf->udp_zero == UDP_ZERO_DROP || model_is_fragment(v))
		return REASON_UDP_ZERO;
	return model_get16(udp + 4) < 8 || model_get16(udp + 4) > v->l4_len ? REASON_BAD_L4
									    : REASON_OK;
}

static enum reason check_transport(const struct model *m, const struct model_view *v)
{
	if (v->off != 0)
		return REASON_OK;
	if (v->proto == 6)
		return v->l4_len < 20 ? REASON_BAD_L4 : REASON_OK;
	if (v->proto == 17)
		return check_udp(m, v);
	if (!model_is_icmp(v))
		return REASON_OK;
	if (v->l4_len < 8)
		return REASON_BAD_L4;
	if (model_echo(v) < 0)
		return REASON_ICMP_TYPE;
	return model_icmp_checksum_right(v) ? REASON_OK : REASON_ICMP_CHECKSUM;
}

/* --- outputs --------------------------------------------------------------------------------- */

static uint8_t *next_output(struct model_out *out)
{
	return out->bytes + (out->outputs ? out->end[out->outputs - 1] : 0);
}

static void end_output(struct model_out *out, size_t len)
{
	size_t from = out->outputs ? out->end[out->outputs - 1] : 0;

	out->end[out->outputs++] = from + len;
}

static void send_6(const struct model *m, const struct model_view *v, const struct model_pair *to,
		   const uint8_t *payload, struct model_out *out)
{
	size_t need = 40 + v->l4_len + (is_whole(v) ? 0 : 8), done = 0, n = v->l4_len;
	size_t limit = m->conf->offlink_mtu < m->mtu ? m->conf->offlink_mtu : m->mtu;

	if (!v->df && need > limit)
		n = (limit - 48) / 8 * 8;
	do {
		struct model_view piece = *v;
		uint8_t *at = next_output(out);
		size_t header;

		if (n > v->l4_len - done)
			n = v->l4_len - done;
		piece.off += (unsigned)done;
		piece.mf = v->mf || done + n < v->l4_len;
		header = model_write6(m, &piece, to, at, v->ttl - 1u, n);
		memcpy(at + header, payload + done, n);
		end_output(out, header + n);
		done += n;
	} while (done < v->l4_len);
}

static void send_4(const struct model *m, const struct model_view *v, const struct model_pair *to,
		   const uint8_t *payload, unsigned id, struct model_out *out)
{
	uint8_t *at = next_output(out);

	model_write4(m, v, to, at, v->ttl - 1u, v->l4_len, id);
	memcpy(at + 20, payload, v->l4_len);
	end_output(out, 20 + v->l4_len);
}

/* Returns the four bytes after the checksum of an error that we send. */
static uint32_t error_rest(const struct model *m, const struct model_view *v, enum reason why)
{
	if (why == REASON_TOO_BIG && v->family == 4)
		return m->mtu - (is_whole(v) ? 20 : 28);
	if (why == REASON_TOO_BIG)
		return m->mtu;
	if (why == REASON_ROUTING_HDR) /* to our own address: points to its type [8200-4.4] */
		return (uint32_t)v->segments_left_at -
		       (model_same6(&v->dst6, &m->conf->own6) ? 1 : 0);
	return why == REASON_SELF_PROTO && v->family == 6 ? (uint32_t)v->proto_at : 0;
}

struct code {
	int type, code;
};

/* Sections 1.5, 2.2, 2.3, 3 and 4 of nat64-rules(7): the error for each reason. */
static struct code error_4(enum reason why)
{
	switch (why) {
	case REASON_TTL:
		return (struct code){11, 0};
	case REASON_NO_MAP_DST:
	case REASON_ROUTED_BACK:
		return (struct code){3, 1};
	case REASON_NO_MAP_SRC:
	case REASON_NOT_ALLOWED:
	case REASON_WKP_PRIVATE:
	case REASON_RESERVED_DST:
	case REASON_UDP_ZERO:
		return (struct code){3, 13};
	case REASON_TOO_BIG:
		return (struct code){3, 4};
	case REASON_SOURCE_ROUTE:
		return (struct code){3, 5};
	case REASON_SELF_PROTO:
		return (struct code){3, 2};
	default:
		return (struct code){-1, 0};
	}
}

static struct code error_6(enum reason why)
{
	switch (why) {
	case REASON_TTL:
		return (struct code){3, 0};
	case REASON_NO_MAP_DST:
		return (struct code){1, 0};
	case REASON_NO_MAP_SRC:
	case REASON_SRC_IN_PREFIX:
		return (struct code){1, 5};
	case REASON_POOL_FULL:
	case REASON_DRAINING:
		return (struct code){1, 3};
	case REASON_TOO_BIG:
		return (struct code){2, 0};
	case REASON_ROUTING_HDR:
		return (struct code){4, 0};
	case REASON_FRAG_EXT_HDR:
	case REASON_NOT_ALLOWED:
	case REASON_DENIED:
	case REASON_WKP_PRIVATE:
	case REASON_RESERVED_DST:
		return (struct code){1, 1};
	case REASON_SELF_PROTO:
		return (struct code){4, 1};
	default:
		return (struct code){-1, 0};
	}
}

/* Returns the length of header NEXT at P (8 for a fragment header), or 0 if there is no such
 * header. */
static size_t header_size(unsigned family, unsigned next, const uint8_t *p)
{
	if (next == 51)
		return p[1] * 4u + 8;
	if (family == 4)
		return 0;
	if (next == 44)
		return 8;
	return next == 0 || next == 43 || next == 60 ? p[1] * 8u + 8 : 0;
}

/* Returns true if, after any headers, there is an error or a redirect, or another fragment might
 * contain one. */
static bool ends_in_error(const struct model_view *v)
{
	static const uint8_t none[8] = {0};
	struct model_view end = *v;
	size_t n;

	while ((n = header_size(v->family, end.proto, end.l4_len < 8 ? none : v->start + end.l4)) >
	       0) {
		const uint8_t *p = v->start + end.l4;

		if (n > end.l4_len)
			return end.mf;
		if (end.proto == 44 && model_get16(p + 2) >= 8)
			return true;
		if (end.proto == 44)
			end.mf = end.mf || p[3] & 1;
		end.proto = p[0];
		end.l4 += n;
		end.l4_len -= n;
	}
	return model_is_error(&end) ||
	       (v->family == 6 && end.proto == 58 && v->start[end.l4] == 137);
}

static bool is_one_host(uint32_t a)
{
	return a >> 24 != 0 && a >> 24 != 127 && a >> 28 != 0xe && a != 0xffffffff;
}

/* [1812-4.3.2.7, 4443-2.4e], and never about our own packets. */
static bool may_answer(const struct model *m, const struct model_view *v)
{
	if (v->off != 0 || ends_in_error(v))
		return false;
	if (v->family == 4)
		return is_one_host(v->src4) && v->src4 < 0xf0000000 && is_one_host(v->dst4) &&
		       v->src4 != m->conf->own4;
	return model_passes6(&v->src6) && model_passes6(&v->dst6) &&
	       !model_same6(&v->src6, &m->conf->own6);
}

static void write_error4(const struct model *m, const struct model_view *v, struct code what,
			 uint32_t rest, unsigned id, struct model_out *out)
{
	size_t quote = v->len < 576 - 28 ? v->len : 576 - 28;
	uint8_t *at = next_output(out), *icmp = at + 20;

	icmp[0] = (uint8_t)what.type;
	icmp[1] = (uint8_t)what.code;
	model_put16(icmp + 2, 0);
	model_put32(icmp + 4, rest);
	memcpy(icmp + 8, v->start, quote);
	model_put16(icmp + 2, model_checksum(model_sum(icmp, 8 + quote)));
	model_header4(at, 0xc0, 28 + quote, id, 0, 64, 1, m->conf->own4, v->src4);
	end_output(out, 28 + quote);
}

static void write_error6(const struct model *m, const struct model_view *v, struct code what,
			 uint32_t rest, struct model_out *out)
{
	size_t quote = v->len < 1280 - 48 ? v->len : 1280 - 48;
	uint8_t *at = next_output(out), *icmp = at + 40;
	unsigned long pseudo = model_pseudo6(&m->conf->own6, &v->src6) + 8 + quote + 58;

	icmp[0] = (uint8_t)what.type;
	icmp[1] = (uint8_t)what.code;
	model_put16(icmp + 2, 0);
	model_put32(icmp + 4, rest);
	memcpy(icmp + 8, v->start, quote);
	model_put16(icmp + 2, model_checksum(pseudo + model_sum(icmp, 8 + quote)));
	model_header6(at, 0, 8 + quote, 58, 64, &m->conf->own6, &v->src6);
	end_output(out, 48 + quote);
}

static void answer(const struct model *m, const struct model_view *v, enum reason why,
		   const uint8_t *chosen, struct model_out *out)
{
	struct code what = v->family == 4 ? error_4(why) : error_6(why);
	uint32_t rest = error_rest(m, v, why);

	if (what.type < 0 || !may_answer(m, v))
		return;
	if (m->conf->icmp_errors == ICMP_ERRORS_NEVER ||
	    (m->conf->icmp_errors == ICMP_ERRORS_LIMIT && m->rate_zero)) {
		out->suppressed = true;
		return;
	}
	out->is_answer = true;
	if (v->family == 4)
		write_error4(m, v, what, rest, model_get16(chosen + 4), out);
	else
		write_error6(m, v, what, rest, out);
}

/* --- the order of the checks ----------------------------------------------------------------- */

static enum reason check_addresses(const struct model *m, const struct model_view *v)
{
	if (v->family == 6) {
		if (v->dst6.b[0] == 0xff && v->dst6.b[1] == 2)
			return REASON_NOISE;
		return model_passes6(&v->src6) && model_passes6(&v->dst6) ? REASON_OK
									  : REASON_BAD_ADDRESS;
	}
	if (v->dst4 >> 8 == 0xe00000 || v->dst4 == 0xeffffffa)
		return REASON_NOISE;
	if (!model_passes4(m, v->dst4))
		return REASON_BAD_ADDRESS;
	if (model_passes4(m, v->src4))
		return REASON_OK;
	/* [7915-4.1]: 0.x, 127.x and 169.254.x are routers with invalid addresses; no router has a
	 * multicast address. */
	if (!model_is_error(v) || v->off > 0 || v->l4_len == 0)
		return REASON_BAD_ADDRESS;
	return v->src4 >> 28 == 0xe || v->src4 == 0xffffffff ? REASON_BAD_ADDRESS : REASON_OK;
}

static void write_reply(const struct model_view *v, const uint8_t *chosen, struct model_out *out)
{
	uint8_t *at = next_output(out), *icmp = at + (v->family == 4 ? 20 : 40);
	unsigned long pseudo = 0;

	memcpy(icmp, v->start + v->l4, v->l4_len);
	icmp[0] = v->family == 4 ? 0 : 129;
	model_put16(icmp + 2, 0);
	if (v->family == 6)
		pseudo = model_pseudo6(&v->dst6, &v->src6) + v->l4_len + 58;
	model_put16(icmp + 2, model_checksum(pseudo + model_sum(icmp, v->l4_len)));
	if (v->family == 4)
		model_header4(at, v->tos, 20 + v->l4_len, model_get16(chosen + 4), 0, 64, 1,
			      v->dst4, v->src4);
	else
		model_header6(at, v->tos, v->l4_len, 58, 64, &v->dst6, &v->src6);
	end_output(out, (size_t)(icmp - at) + v->l4_len);
	out->is_answer = true;
}

/* Section 3 of nat64-rules(7): protocols and header contents that cannot be translated. */
static enum reason check_header(const struct model_view *v)
{
	static const uint8_t only6[] = {0, 43, 44, 58, 60, 2};

	if (v->family == 4)
		for (unsigned i = 0; i < sizeof(only6); i++)
			if (v->proto == only6[i])
				return REASON_PROTOCOL;
	if (v->family == 6 && v->proto == 1)
		return REASON_PROTOCOL;
	if (v->source_route)
		return REASON_SOURCE_ROUTE;
	if (v->segments_left_at)
		return REASON_ROUTING_HDR;
	return v->ext_in_frag ? REASON_FRAG_EXT_HDR : REASON_OK;
}

/* To our own address, section 2.2 of nat64-rules(7). */
static enum reason serve(const struct model_view *v, const uint8_t *chosen, struct model_out *out)
{
	if (v->source_route)
		return REASON_SOURCE_ROUTE;
	if (v->segments_left_at)
		return REASON_ROUTING_HDR;
	if (v->ext_in_frag)
		return REASON_FRAG_EXT_HDR;
	if (v->family == 6 && v->proto == 59) /* cannot be answered [8200-4.7] */
		return REASON_SELF_OTHER;
	if (!model_is_icmp(v))
		return REASON_SELF_PROTO;
	if (model_is_fragment(v))
		return REASON_ICMP_FRAGMENT;
	if (v->l4_len < 8)
		return REASON_BAD_L4;
	if (v->start[v->l4] != (v->family == 4 ? 8 : 128))
		return REASON_SELF_OTHER;
	if (!model_icmp_checksum_right(v))
		return REASON_ICMP_CHECKSUM;
	write_reply(v, chosen, out);
	return REASON_SELF_ECHO;
}

static enum reason check_size(const struct model *m, const struct model_view *v)
{
	if (v->family == 4) {
		size_t need = 40 + v->l4_len + (is_whole(v) ? 0 : 8);

		return v->df && need > m->mtu ? REASON_TOO_BIG : REASON_OK;
	}
	return 20 + v->l4_len > m->mtu || v->len > m->mtu ? REASON_TOO_BIG : REASON_OK;
}

static void send_on(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    const uint8_t *chosen, struct model_out *out)
{
	static uint8_t payload[65536];
	const uint8_t *l4 = v->start + v->l4;

	memcpy(payload, l4, v->l4_len);
	if (model_is_icmp(v))
		model_write_echo(v, to, payload, v->l4_len);
	else
		model_transport(v, to, payload, v->l4_len);
	if (v->family == 4 && v->off == 0 && v->proto == 17 && model_get16(l4 + 6) == 0 &&
	    m->conf->udp_zero == UDP_ZERO_CALC)
		model_write_udp(to, payload);
	model_clamp_mss(m, v, payload, v->l4_len);
	if (v->family == 4)
		send_6(m, v, to, payload, out);
	else
		send_4(m, v, to, payload, model_get16(chosen + 4), out);
}

static enum reason translate(struct model *m, const struct model_view *v, int32_t now,
			     const uint8_t *chosen, struct model_pair *to, struct model_out *out)
{
	uint32_t source = model_get32(chosen + 12);
	enum reason why;

	if (model_is_error(v))
		return model_error(m, v, chosen, to, out);
	if (v->family == 4)
		why = model_map_4to6(m, v, false, false, to);
	else
		why = model_map_6to4(m, v, false, false, source, to);
	if (why || (why = check_size(m, v)) || (why = check_transport(m, v)) ||
	    (why = model_lease(m, v, to, now, source)))
		return why;
	send_on(m, v, to, chosen, out);
	return REASON_OK;
}

static enum reason judge(struct model *m, const struct model_view *v, int32_t now,
			 const uint8_t *chosen, struct model_out *out)
{
	bool for_us =
		v->family == 4 ? v->dst4 == m->conf->own4 : model_same6(&v->dst6, &m->conf->own6);
	struct model_pair to;
	enum reason why;

	if ((why = check_addresses(m, v)))
		return why;
	if (for_us)
		return serve(v, chosen, out);
	if (v->ttl <= 1)
		return v->ttl ? REASON_TTL : REASON_TTL_ZERO;
	if ((why = check_header(v)))
		return why;
	if (model_is_icmp(v) && model_is_fragment(v))
		return REASON_ICMP_FRAGMENT;
	why = translate(m, v, now, chosen, &to, out);
	if (!why && v->family == 6) /* only the host itself keeps its lease in use */
		model_touch(m, &to, now, out);
	else if (!why && to.lease[1])
		to.lease[1]->answered = true;
	return why;
}

void model_packet(struct model *m, const uint8_t *in, size_t len, int32_t now,
		  const uint8_t *chosen, struct model_out *out)
{
	struct model_view v;

	out->outputs = 0;
	out->record = false;
	out->is_answer = out->suppressed = false;
	out->why = model_view(&v, in, len, false);
	if (out->why)
		return;
	out->why = judge(m, &v, now, chosen, out);
	if (out->why && out->why != REASON_SELF_ECHO)
		answer(m, &v, out->why, chosen, out);
}
