/* xlat_answer - sends the ICMP error to the source of a refused packet, if one is due. */
#include "packet/header.h"
#include "packet/reply.h"
#include "xlat_job.h"

/* Returns the rate limit budget.  Too big has its own budgets.  Path MTU discovery then works even
 * while a flood of packets that are refused for other reasons, possibly with forged sources,
 * exhausts the budgets of those reasons. */
static unsigned budget(const struct xlat_job *j, enum reason why)
{
	return (j->p.family == 6 ? 2u : 0u) + (why == REASON_TOO_BIG ? 1u : 0u);
}

static bool within_rate(const struct xlat_job *j, enum reason why, int64_t now)
{
	uint8_t net[4];

	if (j->x->conf->icmp_errors != ICMP_ERRORS_LIMIT || !j->x->ratelimit)
		return j->x->conf->icmp_errors != ICMP_ERRORS_NEVER;
	if (j->p.family == 6)
		return ratelimit_take(j->x->ratelimit, budget(j, why), j->p.src6.b, 8, now);
	put32(net, j->p.src4);
	return ratelimit_take(j->x->ratelimit, budget(j, why), net, sizeof(net), now);
}

/* Returns the pointer for a routing header with segments left.  It prevents translation [7915-5.1],
 * and for us its type is unknown [8200-4.4]. */
static uint32_t routing_pointer(const struct xlat_job *j)
{
	bool for_us = ip6_equal(&j->p.dst6, &j->x->conf->own6);

	return (uint32_t)j->p.header_at - (for_us ? 1 : 0);
}

/* Returns the four bytes after the checksum of an error that we send. */
static uint32_t answer_rest(const struct xlat_job *j, enum reason why)
{
	switch (why) {
	case REASON_TOO_BIG:
		return j->mtu;
	case REASON_ROUTING_HDR:
		return routing_pointer(j);
	case REASON_SELF_PROTO:
		return j->p.family == 6 ? (uint32_t)j->p.proto_at : 0;
	default:
		return 0;
	}
}

/* An error about GSO packet P quotes its first segment, because the source believes that it sent
 * segments.  Writes the quoted part of that segment to AT, with a complete checksum. */
static void put_first(const struct packet *p, uint8_t *at, struct packet *first)
{
	struct gso_packet t = xlat_gso(p, p->l4.p);
	size_t ip_len = (size_t)(p->l4.p - p->whole.p);
	size_t payload = packet_l4_len(p) - t.header;
	size_t len = ip_len + t.header + payload;
	uint8_t l4[TCP_HEADER_MAX];

	first->whole = (struct span){at, min_size(len, REPLY_MAX6)};
	memcpy(at, p->whole.p, first->whole.len);
	header_put_len(at, len);
	gso_header(&t, 0, payload, l4);
	gso_complete(l4, t.header, t.proto, (struct span){p->l4.p + t.header, payload});
	if (ip_len < first->whole.len)
		memcpy(at + ip_len, l4, min_size(t.header, first->whole.len - ip_len));
}

static struct reply_own own_addresses(const struct xlat_job *j)
{
	return (struct reply_own){j->x->conf->own4, j->x->conf->own6};
}

struct icmp_answer xlat_due(const struct xlat_job *j, enum reason why)
{
	const struct reason_row *row = &reason_table[why];
	struct icmp_answer what = j->p.family == 4 ? row->icmp4 : row->icmp6;
	struct reply_own own = own_addresses(j);

	if (what.type != ICMP_NO_ANSWER && !reply_allowed(&j->p, &own))
		what.type = ICMP_NO_ANSWER;
	return what;
}

void xlat_answer(struct xlat_job *j, enum reason why, int64_t now)
{
	struct icmp_answer what = xlat_due(j, why);
	struct reply_own own = own_addresses(j);
	struct packet first = j->p;
	uint8_t *at;
	uint16_t id;
	size_t len;

	if (what.type == ICMP_NO_ANSWER)
		return;
	if (!within_rate(j, why, now)) {
		j->out->suppressed++;
		return;
	}
	if (j->p.csum == CSUM_PARTIAL)
		put_first(&j->p, xlat_scratch(j->out, REPLY_MAX6), &first);
	id = j->p.family == 4 ? ipid_take(&j->x->ipid, own.own4, j->p.src4, 1) : 0;
	at = xlat_scratch(j->out, REPLY_MAX6);
	len = reply_error(at, &first, &own, what, answer_rest(j, why), id);
	xlat_add_icmp(j->out, j->p.family, at, len);
	j->out->answers++;
}
