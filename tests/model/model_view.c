/* model_view - parses packets, and computes checksums. */
#include "model.h"

#include <string.h>

unsigned model_get16(const uint8_t *p)
{
	return p[0] * 256u + p[1];
}

uint32_t model_get32(const uint8_t *p)
{
	return model_get16(p) * 65536u + model_get16(p + 2);
}

void model_put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v / 256);
	p[1] = (uint8_t)(v % 256);
}

void model_put32(uint8_t *p, uint32_t v)
{
	model_put16(p, v / 65536);
	model_put16(p + 2, v % 65536);
}

/* --- checksums ------------------------------------------------------------------------------- */

unsigned long model_sum(const uint8_t *p, size_t len)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? p[i] * 256ul : p[i];
	return sum;
}

unsigned model_checksum(unsigned long sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned)(0xffff - sum);
}

/* One's-complement sums are modulo 65535.  A checksum shows its zero as 0; only an all-zero message
 * could show the other one. */
unsigned model_adjust(unsigned checksum, unsigned long was, unsigned long is)
{
	return (unsigned)((checksum + was % 65535 + 65535 - is % 65535) % 65535);
}

unsigned long model_pseudo4(uint32_t src, uint32_t dst)
{
	uint8_t a[8];

	model_put32(a, src);
	model_put32(a + 4, dst);
	return model_sum(a, 8);
}

unsigned long model_pseudo6(const struct ip6 *src, const struct ip6 *dst)
{
	return model_sum(src->b, 16) + model_sum(dst->b, 16);
}

bool model_icmp_checksum_right(const struct model_view *v)
{
	unsigned long sum = model_sum(v->start + v->l4, v->l4_len);

	if (v->family == 6)
		sum += model_pseudo6(&v->src6, &v->dst6) + v->l4_len + 58;
	return model_checksum(sum) == 0;
}

bool model_l4_checksum_right(const struct model_view *v)
{
	const uint8_t *l4 = v->start + v->l4;
	size_t len = v->l4_len;
	unsigned long pseudo;

	if (model_is_fragment(v) || (v->proto != 6 && v->proto != 17))
		return true;
	if (v->proto == 17) {
		if (model_get16(l4 + 6) == 0)
			return true;
		if (model_get16(l4 + 4) < 8 || model_get16(l4 + 4) > len)
			return false;
		len = model_get16(l4 + 4);
	}
	pseudo = v->family == 6 ? model_pseudo6(&v->src6, &v->dst6)
				: model_pseudo4(v->src4, v->dst4);
	return model_checksum(model_sum(l4, len) + pseudo + len + v->proto) == 0;
}

/* --- packets --------------------------------------------------------------------------------- */

bool model_is_fragment(const struct model_view *v)
{
	return v->mf || v->off > 0;
}

bool model_is_icmp(const struct model_view *v)
{
	return v->proto == (v->family == 4 ? 1 : 58);
}

/* ICMP whose type is not visible counts as an error, to be safe. */
bool model_is_error(const struct model_view *v)
{
	uint8_t type;

	if (!model_is_icmp(v))
		return false;
	if (v->off > 0 || v->l4_len == 0)
		return true;
	type = v->start[v->l4];
	if (v->family == 6)
		return type < 128;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* [791-3.1] Finds an unexpired source route: its pointer is not beyond its length. */
static bool has_source_route(const uint8_t *o, size_t n)
{
	size_t i = 0;

	while (i < n && o[i] != 0) {
		size_t len = 1;

		if (o[i] != 1) {
			if (i + 1 >= n || o[i + 1] < 2 || i + o[i + 1] > n)
				return false;
			len = o[i + 1];
		}
		if ((o[i] == 131 || o[i] == 137) && len >= 3 && o[i + 2] <= len)
			return true;
		i += len;
	}
	return false;
}

static enum reason check_fragment(const struct model_view *v)
{
	if (v->off + v->l4_stated > 65535)
		return REASON_BAD_FRAGMENT;
	return v->mf && v->l4_stated % 8 ? REASON_BAD_FRAGMENT : REASON_OK;
}

static void view_fields4(struct model_view *v, const uint8_t *p)
{
	unsigned frag = model_get16(p + 6);

	v->tos = p[1];
	v->id = model_get16(p + 4);
	v->df = frag & 0x4000;
	v->mf = frag & 0x2000;
	v->off = (frag & 0x1fff) * 8;
	v->ttl = p[8];
	v->proto = p[9];
	v->proto_at = 9;
	v->src4 = model_get32(p + 12);
	v->dst4 = model_get32(p + 16);
}

static enum reason view_4(struct model_view *v, const uint8_t *p, size_t len, bool quoted)
{
	size_t header, total;

	if (len < 20)
		return REASON_TOO_SHORT;
	header = (p[0] & 15u) * 4;
	total = model_get16(p + 2);
	if (header < 20)
		return REASON_BAD_IHL;
	if (total < 20 || (total > len && !quoted))
		return REASON_TOO_SHORT;
	if (header > total)
		return REASON_BAD_IHL;
	if (!quoted && model_checksum(model_sum(p, header)) != 0)
		return REASON_BAD_CHECKSUM;
	v->len = total < len ? total : len;
	if (header > v->len) /* a quote that ends inside its header */
		return REASON_TOO_SHORT;
	v->l4 = header;
	v->l4_len = v->len - v->l4;
	v->l4_stated = total - header;
	view_fields4(v, p);
	if (v->len >= header)
		v->source_route = has_source_route(p + 20, header - 20);
	return check_fragment(v);
}

/* Hop-by-hop, routing and destination options are skipped, in any position. */
static bool is_skipped(unsigned next)
{
	return next == 0 || next == 43 || next == 60;
}

static bool view_chain(struct model_view *v)
{
	const uint8_t *p = v->start;

	while (is_skipped(v->proto)) {
		size_t at = v->l4, n;

		if (at + 8 > v->len)
			return false;
		n = (p[at + 1] + 1u) * 8;
		if (at + n > v->len)
			return false;
		if (v->proto == 43 && p[at + 3] != 0 && !v->segments_left_at)
			v->segments_left_at = at + 3;
		v->proto = p[at];
		v->proto_at = at;
		v->l4 += n;
	}
	return true;
}

static bool view_fragment(struct model_view *v)
{
	const uint8_t *f = v->start + v->l4;

	if (v->l4 + 8 > v->len)
		return false;
	v->has_frag_hdr = true;
	v->off = model_get16(f + 2) / 8 * 8;
	v->mf = f[3] & 1;
	v->id = model_get32(f + 4);
	v->proto = f[0];
	v->proto_at = v->l4;
	v->l4 += 8;
	v->ext_in_frag = is_skipped(v->proto) || v->proto == 51 || v->proto == 44;
	return true;
}

static enum reason view_6(struct model_view *v, const uint8_t *p, size_t len, bool quoted)
{
	size_t total;

	if (len < 40)
		return REASON_TOO_SHORT;
	total = 40 + model_get16(p + 4);
	if (total > len && !quoted)
		return REASON_TOO_SHORT;
	v->len = total < len ? total : len;
	v->tos = (uint8_t)(p[0] % 16 * 16 + p[1] / 16);
	v->ttl = p[7];
	v->proto = p[6];
	v->proto_at = 6;
	memcpy(v->src6.b, p + 8, 16);
	memcpy(v->dst6.b, p + 24, 16);
	v->l4 = 40;
	if (!view_chain(v) || (v->proto == 44 && !view_fragment(v)))
		return REASON_BAD_CHAIN;
	v->l4_len = v->len - v->l4;
	v->l4_stated = total - v->l4;
	return check_fragment(v);
}

enum reason model_view(struct model_view *v, const uint8_t *p, size_t len, bool quoted)
{
	memset(v, 0, sizeof(*v));
	v->start = p;
	v->family = len ? p[0] / 16 : 0;
	if (len == 0)
		return REASON_TOO_SHORT;
	if (v->family == 4)
		return view_4(v, p, len, quoted);
	return v->family == 6 ? view_6(v, p, len, quoted) : REASON_BAD_VERSION;
}
