/* command_explain - answers `explain`: asks the translator about a packet, and the kernel where the
 * result is routed.  If that leads back into the device, asks the translator about the result as
 * well. */
#include "commands.h"
#include "daemon/explain_words.h"
#include "explain.h"

static uint8_t other_protocol(const struct sample *s)
{
	if (s->proto == (s->family == 4 ? PROTO_ICMP : PROTO_ICMPV6))
		return s->family == 4 ? PROTO_ICMPV6 : PROTO_ICMP;
	return s->proto;
}

static struct prefix address4(uint32_t a)
{
	return (struct prefix){.family = 4, .len = 32, .addr4 = a};
}

static struct prefix address6(const struct ip6 *a)
{
	return (struct prefix){.family = 6, .len = 128, .addr6 = *a};
}

/* E is the explanation of a packet of FAMILY.  Sets the addresses of an answer to it. */
static void find_answer(struct explained *x, unsigned family, const struct xlat_explanation *e)
{
	bool only_no_lease = e->why == REASON_NO_MAP_SRC && e->has_dst6 && x->is.would_lease;

	x->answered = e->why == REASON_OK || only_no_lease;
	if (!x->answered)
		return;
	x->from = family == 4 ? address6(&e->dst6) : address4(e->dst4);
	if (e->would_lease || only_no_lease)
		x->to = (struct prefix){.family = 0};
	else
		x->to = family == 4 ? address6(&e->src6) : address4(e->src4);
}

/* The result is routed back into the device: explains it like any other packet. */
static void ask_again(struct explained *x, struct daemon *d)
{
	x->back = (struct sample){
		.family = x->packet.family == 4 ? 6 : 4,
		.proto = other_protocol(&x->packet),
		.src4 = x->is.src4,
		.dst4 = x->is.dst4,
		.src6 = x->is.src6,
		.dst6 = x->is.dst6,
	};
	xlat_explain(&d->xlat, &x->back, daemon_pool_clock(d), &x->then);
	find_answer(x, x->back.family, &x->then);
}

static void ask(struct explained *x, struct daemon *d)
{
	struct prefix to;

	xlat_explain(&d->xlat, &x->packet, daemon_pool_clock(d), &x->is);
	if (x->is.why != REASON_OK)
		return;
	to = x->packet.family == 4 ? address6(&x->is.dst6) : address4(x->is.dst4);
	x->hairpin = tun_is_way(d->tun, &to);
	if (x->hairpin)
		ask_again(x, d);
	else
		find_answer(x, x->packet.family, &x->is);
}

void command_explain(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	const struct map_table *maps = d->active->conf->maps;
	struct explained x = {.d = d};

	if (!explain_parse(r, map_prefix_count(maps) ? map_prefix_at(maps, 0) : NULL, &x.packet, a))
		return;
	ask(&x, d);
	answer_add(a, "ok\n");
	(r->json ? explain_json : explain_text)(a, &x);
}
