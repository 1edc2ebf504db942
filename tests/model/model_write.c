/* model_write - writes headers, and translates transport headers. */
#include "model.h"

#include <string.h>

void model_header6(uint8_t *at, unsigned tc, size_t payload, unsigned next, unsigned hop,
		   const struct ip6 *src, const struct ip6 *dst)
{
	at[0] = (uint8_t)(0x60 | tc >> 4);
	at[1] = (uint8_t)(tc << 4);
	at[2] = at[3] = 0;
	model_put16(at + 4, (unsigned)payload);
	at[6] = (uint8_t)next;
	at[7] = (uint8_t)hop;
	memcpy(at + 8, src->b, 16);
	memcpy(at + 24, dst->b, 16);
}

void model_header4(uint8_t *at, unsigned tos, size_t len, unsigned id, unsigned frag, unsigned ttl,
		   unsigned proto, uint32_t src, uint32_t dst)
{
	at[0] = 0x45;
	at[1] = (uint8_t)tos;
	model_put16(at + 2, (unsigned)len);
	model_put16(at + 4, id);
	model_put16(at + 6, frag);
	at[8] = (uint8_t)ttl;
	at[9] = (uint8_t)proto;
	model_put16(at + 10, 0);
	model_put32(at + 12, src);
	model_put32(at + 16, dst);
	model_put16(at + 10, model_checksum(model_sum(at, 20)));
}

size_t model_write6(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    uint8_t *at, unsigned ttl, size_t n)
{
	unsigned tc = m->conf->tos_ignore_4to6 ? v->tos & 3u : v->tos;
	unsigned proto = v->proto == 1 ? 58 : v->proto;

	if (!model_is_fragment(v)) {
		model_header6(at, tc, n, proto, ttl, &to->src6, &to->dst6);
		return 40;
	}
	model_header6(at, tc, n + 8, 44, ttl, &to->src6, &to->dst6);
	at[40] = (uint8_t)proto;
	at[41] = 0;
	model_put16(at + 42, v->off | v->mf);
	model_put32(at + 44, v->id);
	return 48;
}

size_t model_write4(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    uint8_t *at, unsigned ttl, size_t n, unsigned id)
{
	size_t len =
		n + 20 > 65535 ? 65535 : n + 20; /* the length of a quoted packet may not fit */
	unsigned tos = m->conf->tos_ignore_6to4 ? v->tos & 3u : v->tos;
	unsigned frag = v->off / 8;

	if (v->mf)
		frag |= 0x2000;
	if (!v->has_frag_hdr && len > 1260)
		frag |= 0x4000;
	model_header4(at, tos, len, v->has_frag_hdr ? v->id & 0xffff : id, frag, ttl,
		      v->proto == 58 ? 1 : v->proto, to->src4, to->dst4);
	return 20;
}

/* --- the transport --------------------------------------------------------------------------- */

int model_echo(const struct model_view *v)
{
	int type = v->l4_len ? v->start[v->l4] : -1;

	if (v->family == 4)
		return type == 8 ? 128 : type == 0 ? 129 : -1;
	return type == 128 ? 8 : type == 129 ? 0 : -1;
}

/* The address sums of both pseudo-headers, before and after. */
static void sum_addresses(const struct model_view *v, const struct model_pair *to,
			  unsigned long *was, unsigned long *is)
{
	bool from4 = v->family == 4;

	*was = from4 ? model_pseudo4(v->src4, v->dst4) : model_pseudo6(&v->src6, &v->dst6);
	*is = from4 ? model_pseudo6(&to->src6, &to->dst6) : model_pseudo4(to->src4, to->dst4);
}

static void fix_echo(const struct model_view *v, const struct model_pair *to, uint8_t *at, size_t n)
{
	unsigned long was, is, pseudo = v->l4_stated + 58;
	uint8_t old = at[0];

	at[0] = (uint8_t)model_echo(v);
	if (n < 4 || model_is_fragment(v)) /* the checksum of a fragment covers missing bytes */
		return;
	sum_addresses(v, to, &was, &is);
	was = v->family == 6 ? was + pseudo : 0;
	is = v->family == 4 ? is + pseudo : 0;
	model_put16(at + 2,
		    model_adjust(model_get16(at + 2), was + old * 256ul, is + at[0] * 256ul));
}

void model_transport(const struct model_view *v, const struct model_pair *to, uint8_t *at, size_t n)
{
	unsigned long was, is;
	unsigned c;

	if (v->off != 0 || n == 0)
		return;
	if (model_is_icmp(v)) {
		fix_echo(v, to, at, n);
		return;
	}
	sum_addresses(v, to, &was, &is);
	if (v->proto == 6 && n >= 18)
		model_put16(at + 16, model_adjust(model_get16(at + 16), was, is));
	if (v->proto != 17 || n < 8)
		return;
	c = model_get16(at + 6);
	if (c == 0) /* no checksum */
		return;
	c = model_adjust(c, was, is);
	model_put16(at + 6, c ? c : 0xffff);
}

/* Computes ICMP from scratch, for a complete message with a correct checksum. */
void model_write_echo(const struct model_view *v, const struct model_pair *to, uint8_t *at,
		      size_t n)
{
	unsigned long sum = 0;

	at[0] = (uint8_t)model_echo(v);
	model_put16(at + 2, 0);
	if (v->family == 4)
		sum = model_pseudo6(&to->src6, &to->dst6) + n + 58;
	model_put16(at + 2, model_checksum(sum + model_sum(at, n)));
}

/* UDP without a checksum [7915-4.5]. */
void model_write_udp(const struct model_pair *to, uint8_t *at)
{
	size_t n = model_get16(at + 4);
	unsigned c =
		model_checksum(model_pseudo6(&to->src6, &to->dst6) + n + 17 + model_sum(at, n));

	model_put16(at + 6, c ? c : 0xffff);
}

static unsigned most_mss(const struct model *m)
{
	unsigned by4 = m->mtu - 20 - 20, by6 = m->mtu - 40 - 20;

	if (m->conf->mss_clamp == MSS_AUTO)
		return by4 < by6 ? by4 : by6;
	return (unsigned)m->conf->mss_clamp;
}

/* Returns the offset of the MSS in the options of a SYN, or 0. */
static size_t find_mss(const uint8_t *at, size_t n)
{
	size_t end = (size_t)(at[12] >> 4) * 4, i = 20;

	if (!(at[13] & 2) || end < 20 || end > n)
		return 0;
	while (i < end && at[i] != 0) {
		size_t len = at[i] == 1 ? 1 : i + 1 < end ? at[i + 1] : 0;

		if (at[i] != 1 && len < 2)
			return 0;
		if (at[i] == 2)
			return len == 4 && i + 4 <= end ? i + 2 : 0;
		i += len;
	}
	return 0;
}

void model_clamp_mss(const struct model *m, const struct model_view *v, uint8_t *at, size_t n)
{
	unsigned long was;
	size_t mss;

	if (m->conf->mss_clamp == MSS_OFF || v->proto != 6 || v->off != 0)
		return;
	mss = find_mss(at, n);
	if (!mss || model_get16(at + mss) <= most_mss(m))
		return;
	was = model_sum(at, n / 2 * 2) - model_get16(at + 16);
	model_put16(at + mss, most_mss(m));
	model_put16(at + 16, model_adjust(model_get16(at + 16), was,
					  model_sum(at, n / 2 * 2) - model_get16(at + 16)));
}
