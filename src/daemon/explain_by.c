/* explain_by - finds the configuration line that caused each decision about a packet, and describes
 * it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "explain.h"
#include "lib/addr_text.h"

#define POOLS_SHOWN 20 /* maximum number of full pools that are listed */

static void say(struct explain_by *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct explain_by *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out->text, sizeof(out->text), format, args);
	va_end(args);
}

static void place(const struct explained *x, const char *name, size_t number,
		  struct explain_by *out)
{
	out->place = conf_place(x->d->active->conf, name, number);
}

static void show_map(const struct explained *x, size_t number, struct explain_by *out)
{
	const struct map *m = map_at(x->d->active->conf->maps, number);
	char four[ADDR_TEXT], six[ADDR_TEXT];

	out->what = "map";
	place(x, "map", number, out);
	say(out, "map %s %s",
	    m->p4.len == 32 ? addr_text4(four, m->p4.addr) : addr_text_prefix4(four, &m->p4),
	    m->p6.len == 128 ? addr_text6(six, &m->p6.addr) : addr_text_prefix6(six, &m->p6));
}

static void show_prefix(const struct explained *x, size_t number, struct explain_by *out)
{
	char text[ADDR_TEXT];

	out->what = "prefix";
	place(x, "prefix", number, out);
	say(out, "prefix %s",
	    addr_text_prefix6(text, map_prefix_at(x->d->active->conf->maps, number)));
}

/* Returns the index of the configuration line whose range contains A.  A is in one of them. */
static size_t pool_number(const struct conf *c, uint32_t a)
{
	size_t i = 0;

	while (i + 1 < c->pools && !addr_in4(a, &c->pool[i].range))
		i++;
	return i;
}

#define POOL_TEXT (2 * ADDR_TEXT + 8)

/* Formats a pool as in the configuration, but only with the arguments that are relevant here. */
static const char *text_pool(char out[POOL_TEXT], const struct pool_conf *p)
{
	char range[ADDR_TEXT], from[ADDR_TEXT];

	addr_text_prefix4(range, &p->range);
	if (p->from.len)
		snprintf(out, POOL_TEXT, "%s from %s", range, addr_text_prefix6(from, &p->from));
	else
		snprintf(out, POOL_TEXT, "%s", range);
	return out;
}

static void show_pool(const struct explained *x, const struct xlat_item *item,
		      struct explain_by *out)
{
	const struct conf *c = x->d->active->conf;
	size_t number = pool_number(c, item->addr4);
	char pool[POOL_TEXT], addr[ADDR_TEXT];

	out->what = item->by == BY_LEASE ? "lease" : "pool";
	place(x, "dynamic-pool", number, out);
	text_pool(pool, &c->pool[number]);
	addr_text4(addr, item->addr4);
	if (item->by == BY_LEASE)
		say(out, "dynamic-pool %s: a lease of %s", pool, addr);
	else if (x->is.would_lease)
		say(out, "dynamic-pool %s: a new lease, which would get %s now", pool, addr);
	else if (x->is.why == REASON_DRAINING)
		say(out, "dynamic-pool %s: %s is free", pool, addr);
	else if (x->packet.family == 6)
		say(out, "dynamic-pool %s: contains %s, the IPv4 address in the source", pool,
		    addr);
	else
		say(out, "dynamic-pool %s: no host has a lease of %s", pool, addr);
}

/* Returns the index of the I-th range from which the host of X's packet gets a lease, or the number
 * of all ranges if there are not so many. */
static size_t pool_for_host(const struct explained *x, size_t i)
{
	const struct active *a = x->d->active;
	size_t number = 0;

	for (; number < a->conf->pools; number++)
		if (pool_serves_from(a->pool, &x->packet.src6, a->conf->pool[number].range.addr) &&
		    i-- == 0)
			break;
	return number;
}

static void show_full(const struct explained *x, size_t i, struct explain_by *out)
{
	size_t number = pool_for_host(x, i);
	char text[POOL_TEXT];

	out->what = "pool";
	place(x, "dynamic-pool", number, out);
	say(out, "dynamic-pool %s: full", text_pool(text, &x->d->active->conf->pool[number]));
}

/* If ipv6-addr is not configured, it is derived from ipv4-addr. */
static void show_own(const struct explained *x, struct explain_by *out)
{
	const struct xlat_conf *c = &x->d->active->conf->xlat;
	const struct sample *s = &x->packet;
	bool six =
		s->family == 6 && (ip6_equal(&s->src6, &c->own6) || ip6_equal(&s->dst6, &c->own6));
	char text[ADDR_TEXT];

	out->what = "own";
	place(x, six ? "ipv6-addr" : "ipv4-addr", 0, out);
	if (out->place.line == 0)
		place(x, "ipv4-addr", 0, out);
	say(out, "%s %s: nat64d's own address", six ? "ipv6-addr" : "ipv4-addr",
	    six ? addr_text6(text, &c->own6) : addr_text4(text, c->own4));
}

static void show_routers(const struct explained *x, uint32_t a, struct explain_by *out)
{
	const struct xlat_conf *c = &x->d->active->conf->xlat;
	char text[ADDR_TEXT];

	out->what = c->has_icmp_source ? "icmp-source-pool" : "icmp-node-id";
	place(x, out->what, 0, out);
	say(out, "%s: %s represents routers", out->what, addr_text4(text, a));
}

static void show_translatable(const struct explained *x, size_t number, struct explain_by *out)
{
	const struct conf *c = x->d->active->conf;
	enum reason why = x->is.why;
	bool passes = why == REASON_OK || why == REASON_NOT_ALLOWED || why == REASON_ROUTED_BACK;
	char text[ADDR_TEXT];

	out->what = "translatable";
	place(x, "translatable", number, out);
	if (c->translatables == 0)
		say(out, "translatable %s", c->xlat.translatable_all ? "yes" : "no");
	else if (passes)
		say(out, "translatable %s", addr_text_prefix4(text, &c->translatable[number]));
	else
		say(out, "translatable: none of its networks contains the host");
}

static void show_allow(const struct explained *x, size_t number, struct explain_by *out)
{
	char text[ADDR_TEXT];

	out->what = "allow";
	place(x, "allow", number, out);
	if (x->is.why == REASON_NOT_ALLOWED)
		say(out, "allow: none of its networks contains the host");
	else
		say(out, "allow %s", addr_text_prefix6(text, &x->d->active->conf->allow[number]));
}

static void show_deny(const struct explained *x, size_t number, struct explain_by *out)
{
	char text[ADDR_TEXT];

	out->what = "deny";
	place(x, "deny", number, out);
	say(out, "deny %s", addr_text_prefix4(text, &x->d->active->conf->deny[number]));
}

static void show_rule(const struct explained *x, enum xlat_by by, struct explain_by *out)
{
	if (by == BY_STRICT) {
		out->what = "wkpf-strict";
		place(x, "wkpf-strict", 0, out);
		say(out, "wkpf-strict yes");
	} else if (by == BY_ROUTE) {
		out->what = "route";
		say(out, "a route of the kernel leads back into %s", tun_name(x->d->tun));
	} else {
		out->what = "drain";
		say(out, "nat64ctl drain on");
	}
}

static void show(const struct explained *x, const struct xlat_item *item, struct explain_by *out)
{
	switch (item->by) {
	case BY_MAP:
		show_map(x, item->number, out);
		break;
	case BY_PREFIX:
		show_prefix(x, item->number, out);
		break;
	case BY_LEASE:
	case BY_POOL:
		show_pool(x, item, out);
		break;
	case BY_OWN:
		show_own(x, out);
		break;
	case BY_ROUTERS:
		show_routers(x, item->addr4, out);
		break;
	case BY_ALLOW:
		show_allow(x, item->number, out);
		break;
	case BY_DENY:
		show_deny(x, item->number, out);
		break;
	case BY_TRANSLATABLE:
		show_translatable(x, item->number, out);
		break;
	default:
		show_rule(x, item->by, out);
		break;
	}
}

/* An item that says that the pools for a host are full is expanded to one cause for each of them.
 */
static size_t width(const struct explained *x, const struct xlat_item *item)
{
	size_t pools = x->d->active->conf->pools, n = 0;

	if (!item->full)
		return 1;
	while (n < POOLS_SHOWN && pool_for_host(x, n) < pools)
		n++;
	return n;
}

bool explain_by(const struct explained *x, size_t i, struct explain_by *out)
{
	*out = (struct explain_by){.about = ABOUT_SOURCE};
	for (unsigned k = 0; k < x->is.items; k++) {
		const struct xlat_item *item = &x->is.item[k];
		size_t n = width(x, item);

		if (i >= n) {
			i -= n;
			continue;
		}
		out->about = item->about;
		if (item->full)
			show_full(x, i, out);
		else
			show(x, item, out);
		return true;
	}
	return false;
}
