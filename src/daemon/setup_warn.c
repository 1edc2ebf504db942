/* setup_warn - warns about addresses and networks of the machine that conflict with a
 * configuration. */
#include <stdio.h>

#include "lib/addr_text.h"
#include "setup_impl.h"

#define MOST_SAID 8 /* maximum number of lines about routes that are left out */
#define LINE_SIZE (2 * TUN_ERR)

void setup_say_left(const struct prefix *r, const char *where, setup_say *say, void *arg)
{
	char line[LINE_SIZE], text[ADDR_TEXT];

	addr_text_prefix(text, r);
	if (r->len == 0)
		snprintf(line, sizeof(line),
			 "tun-setup: route %s is left out: it would attract all traffic without a "
			 "more specific route (if that is intended, write \"tun-route %s\")",
			 text, text);
	else
		snprintf(line, sizeof(line),
			 "tun-setup: route %s is left out: it is inside %s (use other addresses; "
			 "or, if no host there needs these, write \"tun-route %s\")",
			 text, where, text);
	say(arg, line);
}

/* Returns true if R is a single address that the machine has. warn_owned() has a better message for
 * that. */
static bool is_owned_address(struct tun *t, const struct prefix *r)
{
	char ignored[TUN_ERR];

	return r->len == (r->family == 4 ? 32 : 128) && tun_owned(t, r, ignored);
}

static void warn_left(const struct setup *s, struct tun *t, setup_say *say, void *arg)
{
	char line[LINE_SIZE], where[TUN_ERR];

	for (size_t i = 0; i < s->lefts && i < MOST_SAID; i++) {
		if (is_owned_address(t, &s->left[i]))
			continue;
		if (!tun_elsewhere(t, &s->left[i], where))
			snprintf(where, sizeof(where), "a former network of another interface");
		setup_say_left(&s->left[i], where, say, arg);
	}
	if (s->lefts <= MOST_SAID)
		return;
	snprintf(line, sizeof(line), "tun-setup: %zu more routes are left out for these reasons",
		 s->lefts - MOST_SAID);
	say(arg, line);
}

/* The configuration was already checked for such addresses in tun-ip, and a warning was logged. */
static bool is_asked_for(const struct setup *s, const struct prefix *net)
{
	for (size_t i = 0; i < s->addrs; i++) {
		struct prefix a = s->addr[i];

		a.len = a.family == 4 ? 32 : 128;
		if (addr_covers(net, &a))
			return true;
	}
	return false;
}

/* NET is the value of WHAT in the configuration.  INSTEAD is the remedy if the machine has an
 * address in it. */
static void warn_owned(const struct setup *s, struct tun *t, const struct prefix *net,
		       const char *what, const char *instead, setup_say *say, void *arg)
{
	char line[LINE_SIZE], where[TUN_ERR];

	if (is_asked_for(s, net) || !tun_owned(t, net, where))
		return;
	snprintf(line, sizeof(line), "%s: the machine has %s: %s (%s)", what, where,
		 net->family == 4
			 ? "the kernel answers for it, and drops packets that nat64d sends from it"
			 : "packets of other hosts are translated, but not those that the machine "
			   "itself sends from it",
		 instead);
	say(arg, line);
}

void setup_warn(const struct setup *s, const struct conf *c, struct tun *t, setup_say *say,
		void *arg)
{
	static const char other[] = "name addresses that no interface has";
	const struct xlat_conf *x = &c->xlat;
	struct prefix own4 = {.family = 4, .len = 32, .addr4 = x->own4};
	struct prefix own6 = {.family = 6, .len = 128, .addr6 = x->own6};
	struct prefix routers = {
		.family = 4, .len = x->icmp_source.len, .addr4 = x->icmp_source.addr};
	struct prefix dummy = {.family = 4, .len = 32, .addr4 = XLAT_DUMMY4};

	tun_look(t);
	warn_left(s, t, say, arg);
	warn_owned(s, t, &own4, "ipv4-addr", "name an address that no interface has", say, arg);
	warn_owned(s, t, &own6, "ipv6-addr",
		   map_prefix_count(c->maps) > 0
			   ? "remove the line ipv6-addr, and nat64d uses an address inside prefix; "
			     "or name an address there that no interface has"
			   : "name an address that no interface has",
		   say, arg);
	if (x->has_icmp_source)
		warn_owned(s, t, &routers, "icmp-source-pool", other, say, arg);
	if (x->node_id)
		warn_owned(s, t, &dummy, "icmp-node-id", "remove it from that interface", say, arg);
}
