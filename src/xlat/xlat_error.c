/* xlat_error - translates ICMP errors.
 *
 * The packet that an error quotes is translated by the same rules [7915-4.3, 5.3], and RFC 4884
 * extensions after it are copied. */
#include "packet/icmp.h"
#include "lib/csum.h"
#include "packet/nodeid.h"
#include "packet/reply.h"
#include "xlat_job.h"

#define QUOTE_MIN   128 /* minimum length of a quote before an extension [4884-3] */
#define EXT_HEADER  4   /* length of an extension header in bytes [4884-7] */
#define EXT_VERSION 2   /* the high nibble of its first byte */

struct message { /* the parts of an ICMP error */
	const struct icmp_row *row;
	struct span quote, extension;
	uint32_t rest;
};

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

/* Returns true if S begins with a valid extension header [4884-7]. */
static bool begins_extension(struct span s)
{
	return s.len >= EXT_HEADER && s.p[0] >> 4 == EXT_VERSION;
}

/* Finds where the quote ends and an extension begins.  Ignores a length field that exceeds the
 * message, or is less than an IP header and 8 bytes.  Below QUOTE_MIN it may come from a sender
 * that does not pad, or not be a length: it counts only if an extension begins there. */
static void split_quote(const struct xlat_job *j, struct message *m)
{
	struct span body = j->p.l4, ext;
	const uint8_t *icmp = span_take(&body, sizeof(struct icmp_hdr));
	size_t stated = m->row->extend == EXT_NONE ? 0 : icmp[j->dir->from_at] * j->dir->from_unit;
	size_t least = (j->p.family == 4 ? sizeof(struct ip4_hdr) : sizeof(struct ip6_hdr)) + 8;

	m->quote = body;
	m->extension = (struct span){NULL, 0};
	if (stated < least || stated > body.len)
		return;
	ext = (struct span){body.p + stated, body.len - stated};
	if (stated < QUOTE_MIN && !begins_extension(ext))
		return;
	m->quote.len = stated;
	m->extension = ext;
}

static enum reason take_apart(const struct xlat_job *j, struct message *m)
{
	const struct packet *p = &j->p;

	if (p->l4.len < sizeof(struct icmp_hdr))
		return REASON_BAD_L4;
	if (!packet_icmp_checksum_ok(p))
		return REASON_ICMP_CHECKSUM;
	m->row = j->dir->error(p->l4.p[0], p->l4.p[1]);
	if (!m->row)
		return REASON_ICMP_TYPE;
	split_quote(j, m);
	return REASON_OK;
}

/* Returns true if the receiver of ERROR sent the packet QUOTE.  An error to another host would
 * reveal addresses or disturb its connections. */
static bool is_from_receiver(const struct packet *error, const struct packet *quote)
{
	if (error->family == 4)
		return error->dst4 == quote->src4;
	return ip6_equal(&error->dst6, &quote->src6);
}

/* Decides how the quoted packet is translated.  The quote may be a fragment of a long echo request,
 * because we may have fragmented it. */
static enum reason plan_quote(struct xlat_job *quote, const struct xlat_job *outer,
			      struct span bytes)
{
	const struct packet *p = &quote->p;

	*quote = (struct xlat_job){.x = outer->x,
				   .out = outer->out,
				   .dir = outer->dir,
				   .now = outer->now,
				   .outer = outer};
	if (packet_parse(&quote->p, bytes.p, bytes.len, true) || p->family != outer->p.family)
		return REASON_QUOTE_BAD;
	if (quote->dir->refuse(p))
		return REASON_QUOTE_BAD;
	if (!xlat_addrs_pass(outer->x, p) || quote->dir->map(quote))
		return REASON_QUOTE_NO_MAP;
	if (!is_from_receiver(&outer->p, p))
		return REASON_QUOTE_OTHER;
	return xlat_check_l4(quote);
}

/* Writes at most ROOM bytes of the translated quote, and returns its length. */
static size_t put_quote(const struct xlat_job *quote, uint8_t *at, size_t room)
{
	size_t header = quote->dir->header(quote, quote->p.l4_stated, at);
	size_t len = min_size(quote->p.l4.len, room - header);

	if (len > 0)
		memcpy(at + header, quote->p.l4.p, len);
	xlat_fix_l4(quote, at + header, len);
	return header + len;
}

/* Appends the extension to the LEN bytes of quote at AT, in ROOM bytes in total, if it fits after
 * at least QUOTE_MIN of them.  Returns the padded or cut length of the quote, or 0 if the extension
 * is dropped. */
static size_t put_extension(const struct xlat_dir *dir, struct span ext, uint8_t *at, size_t len,
			    size_t room)
{
	size_t padded = round_up(len < QUOTE_MIN ? QUOTE_MIN : len, dir->extend_unit);
	size_t most;

	if (ext.len == 0 || ext.len > room)
		return 0;
	most = (room - ext.len) / dir->extend_unit * dir->extend_unit;
	if (padded > most)
		padded = most;
	if (padded < QUOTE_MIN)
		return 0;
	if (padded > len)
		memset(at + len, 0, padded - len);
	memcpy(at + padded, ext.p, ext.len);
	return padded;
}

static void put_icmp(const struct xlat_job *j, const struct message *m, uint8_t *icmp, size_t len,
		     size_t quote_len)
{
	uint64_t sum;

	memset(icmp, 0, sizeof(struct icmp_hdr));
	icmp[0] = m->row->to_type;
	icmp[1] = m->row->to_code == ICMP_SAME_CODE ? j->p.l4.p[1] : m->row->to_code;
	put32(icmp + offsetof(struct icmp_hdr, rest), m->rest);
	if (quote_len)
		icmp[j->dir->extend_at] = (uint8_t)(quote_len / j->dir->extend_unit);
	sum = csum_sum(icmp, len);
	if (j->p.family == 4)
		sum += csum_addrs6(&j->src6, &j->dst6) + csum_pseudo((uint32_t)len, PROTO_ICMPV6);
	put16(icmp + offsetof(struct icmp_hdr, csum), csum_finish(sum));
}

/* Returns the extension that follows the quote; both share ROOM bytes.  NAMED has as many bytes,
 * for an extension that names the router.  Message 3/4 may have one although 2/0 has none, because
 * its length field does not overlap the MTU [4884-4.1]. */
static struct span extension_of(const struct xlat_job *j, const struct message *m, uint8_t *named,
				size_t room)
{
	if (j->name_router)
		return (struct span){
			named, nodeid_append(named, room - QUOTE_MIN, m->extension, &j->p.src6)};
	if (m->row->extend == EXT_CARRIED)
		return m->extension;
	return (struct span){NULL, 0};
}

static void put_error(struct xlat_job *j, const struct xlat_job *quote, const struct message *m)
{
	uint8_t *message = xlat_scratch(j->out, REPLY_MAX6), *icmp = message + j->dir->header_len;
	uint8_t *at = icmp + sizeof(struct icmp_hdr), named[REPLY_MAX6];
	size_t room = j->dir->message_max - j->dir->header_len - sizeof(struct icmp_hdr);
	struct span ext = extension_of(j, m, named, room);
	size_t len = put_quote(quote, at, room);
	size_t padded = put_extension(j->dir, ext, at, len, room);

	if (padded)
		len = padded + ext.len;
	len += sizeof(struct icmp_hdr);
	put_icmp(j, m, icmp, len, padded);
	len += j->dir->header(j, len, message);
	xlat_add_icmp(j->out, j->p.family == 4 ? 6 : 4, message, len);
}

enum reason xlat_error(struct xlat_job *j)
{
	struct message m;
	struct xlat_job quote;
	enum reason why;

	if ((why = take_apart(j, &m)) || (why = j->dir->map(j)) ||
	    (why = plan_quote(&quote, j, m.quote)) ||
	    (why = j->dir->rest(j, m.row, &quote.p, &m.rest)))
		return why;
	put_error(j, &quote, &m);
	return REASON_OK;
}
