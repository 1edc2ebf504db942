/* conf_own - finds conflicts with the addresses of the daemon and of the device.
 *
 * The daemon always keeps its own addresses, and the kernel keeps those of the device.  A
 * conflict in which another host loses an address is a warning; one that makes a line useless is
 * an error. */
#include "conf_text.h"

/* ipv4-addr lies inside a mapped network: the host at the mapped IPv6 address has no IPv4 address.
 * A map of 0.0.0.0/0 contains every possible ipv4-addr, so there is nothing to warn about. */
static void check_map_around4(struct conf_reader *r, const struct map *m)
{
	const struct xlat_conf *x = &r->conf->xlat;
	char net[ADDR_TEXT], own[ADDR_TEXT], host[ADDR_TEXT];
	struct ip6 lost;

	map_to6(m, x->own4, &lost);
	if (m->p4.len == 0 || ip6_equal(&lost, &x->own6))
		return;
	conf_point_to_map(r, m);
	conf_warn(
		r,
		"%s contains ipv4-addr: nat64d keeps %s, and %s has no IPv4 address (if that is a "
		"host, choose another ipv4-addr)",
		addr_text_prefix4(net, &m->p4), addr_text4(own, x->own4), addr_text6(host, &lost));
}

/* ipv6-addr lies inside a mapped network: the IPv4 address that maps to it reaches no host. */
static void check_map_around6(struct conf_reader *r, const struct map *m)
{
	const struct xlat_conf *x = &r->conf->xlat;
	uint32_t lost = map_to4(m, &x->own6);
	char net[ADDR_TEXT], own[ADDR_TEXT], addr[ADDR_TEXT];
	struct ip6 back;

	map_to6(m, lost, &back);
	if (lost == x->own4 || !ip6_equal(&back, &x->own6) ||
	    (!addr_passes4(lost) && !conf_is_link_local4(&m->p4)))
		return;
	conf_point_to_map(r, m);
	conf_warn(r,
		  "%s contains ipv6-addr: nat64d keeps %s, and %s reaches no host (if a host needs "
		  "that address, choose another ipv6-addr)",
		  addr_text_prefix6(net, &m->p6), addr_text6(own, &x->own6),
		  addr_text4(addr, lost));
}

static void complain_map(struct conf_reader *r, const struct map *m, const char *name)
{
	conf_point_to_map(r, m);
	conf_error(r, "this is %s, the address of nat64d itself (map another address)", name);
}

static void check_map4(struct conf_reader *r)
{
	const struct map *m = map_find4(r->conf->maps, r->conf->xlat.own4);

	if (m && m->p4.len == 32)
		complain_map(r, m, "ipv4-addr");
	else if (m)
		check_map_around4(r, m);
}

/* Returns true if A can be an IPv4 host in translation prefix P. */
static bool is_host_behind(const struct xlat_conf *x, const struct prefix6 *p, uint32_t a)
{
	return addr_passes4(a) && (!x->wkpf_strict || !addr_is_wkp(p) || addr_is_global4(a));
}

static void check_prefix_around(struct conf_reader *r, const struct prefix6 *p, unsigned line)
{
	const struct xlat_conf *x = &r->conf->xlat;
	uint32_t lost = addr_extract(&x->own6, p);
	char net[ADDR_TEXT], addr[ADDR_TEXT], better[ADDR_TEXT];
	struct ip6 back, own;

	addr_embed(&back, p, lost);
	addr_embed(&own, p, x->own4);
	if (lost == x->own4 || !is_host_behind(x, p, lost) || !ip6_equal(&back, &x->own6))
		return;
	conf_point_first(r, "ipv6-addr");
	conf_warn(
		r,
		"in prefix %s on line %u this address means %s, which no IPv6 host can reach then "
		"(use an address outside the prefix, or %s)",
		addr_text_prefix6(net, p), line, addr_text4(addr, lost), addr_text6(better, &own));
}

static void check_map6(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	const struct map *m = map_find6(c->maps, &c->xlat.own6);
	int prefix = m ? -1 : map_find_prefix(c->maps, &c->xlat.own6);

	if (m && m->p6.len == 128)
		complain_map(r, m, "ipv6-addr");
	else if (m)
		check_map_around6(r, m);
	else if (prefix >= 0)
		check_prefix_around(r, map_prefix_at(c->maps, (size_t)prefix),
				    conf_line_of(r, "prefix", (size_t)prefix));
}

static void check_icmp_source(struct conf_reader *r)
{
	const struct xlat_conf *x = &r->conf->xlat;
	char text[ADDR_TEXT];

	if (!x->has_icmp_source || !addr_in4(x->own4, &x->icmp_source))
		return;
	conf_point_first(r, "icmp-source-pool");
	conf_warn(r,
		  "%s contains ipv4-addr: in a traceroute some routers will look like nat64d (use "
		  "other addresses)",
		  addr_text_prefix4(text, &x->icmp_source));
}

/* Returns the name of A if it is an address of the daemon, or NULL. */
static const char *own_name(const struct xlat_conf *x, const struct prefix *a)
{
	if (a->family == 6)
		return ip6_equal(&a->addr6, &x->own6) ? "ipv6-addr" : NULL;
	if (a->addr4 == x->own4)
		return "ipv4-addr";
	return x->has_icmp_source && addr_in4(a->addr4, &x->icmp_source)
		       ? "an address of icmp-source-pool"
		       : NULL;
}

uint32_t conf_broadcast(const struct prefix *a)
{
	return a->family == 4 && a->len < 31 ? a->addr4 | ~addr_mask4(a->len) : 0;
}

/* All routers answer to the Subnet-Router anycast address, the first of an IPv6 network
 * [4291-2.6.1]. */
static bool is_anycast(const struct prefix *a, const struct ip6 *addr)
{
	struct ip6 first = a->addr6;

	addr_clean6(&first, a->len);
	return a->family == 6 && a->len < 127 && ip6_equal(&first, addr);
}

/* Returns true if the kernel would also treat one of the daemon's addresses as its own because of
 * the length of A. */
static bool check_network(struct conf_reader *r, const struct prefix *a)
{
	const struct xlat_conf *x = &r->conf->xlat;
	struct prefix alone = *a;
	char text[ADDR_TEXT];

	alone.len = a->family == 4 ? 32 : 128;
	if (x->own4 && conf_broadcast(a) == x->own4)
		conf_warn(r,
			  "the last address of its network is ipv4-addr, and the kernel treats "
			  "that as "
			  "a broadcast address (use for example %s)",
			  addr_text_prefix(text, &alone));
	else if (is_anycast(a, &x->own6))
		conf_warn(r,
			  "the first address of its network is ipv6-addr, and the kernel treats "
			  "that as "
			  "its own (use for example %s)",
			  addr_text_prefix(text, &alone));
	else
		return false;
	return true;
}

/* The kernel uses the device's address as the source of packets that it sends through the device.
 * If that address is inside a translation prefix, the daemon takes it for an IPv4 host. */
static void check_source(struct conf_reader *r, const struct prefix *a)
{
	const struct conf *c = r->conf;
	int i = map_find6(c->maps, &a->addr6) ? -1 : map_find_prefix(c->maps, &a->addr6);
	const struct prefix6 *p = i < 0 ? NULL : map_prefix_at(c->maps, (size_t)i);
	uint32_t a4 = p ? addr_extract(&a->addr6, p) : 0;
	char text[ADDR_TEXT];

	if (!p || (xlat_is_translatable(&c->xlat, a4) && is_host_behind(&c->xlat, p, a4)))
		return;
	conf_warn(
		r,
		"this is inside prefix %s on line %u: packets that this machine sends from it are "
		"not translated (use an address outside the prefix)",
		addr_text_prefix6(text, p), conf_line_of(r, "prefix", (size_t)i));
}

/* If the kernel has one of the daemon's addresses, the kernel answers in place of the daemon, and
 * treats the daemon's ICMP errors as forged. */
static void check_tun_ip(struct conf_reader *r)
{
	const struct conf *c = r->conf;

	for (size_t i = 0; i < c->tun_ips; i++) {
		const struct prefix *a = &c->tun_ip[i];
		const char *name = own_name(&c->xlat, a);

		conf_point_at(r, "tun-ip", i);
		if (name)
			conf_warn(
				r,
				"this is %s: the kernel would answer in place of nat64d (give the "
				"device another address)",
				name);
		else if (!check_network(r, a) && a->family == 6)
			check_source(r, a);
	}
}

/* Only this translator keeps its address out of its pool.  If there are several, each can become
 * the owner of each range. */
static void check_other_owners(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	const struct prefix4 *around = NULL;
	bool standby = false;
	char text[ADDR_TEXT];

	for (size_t i = 0; i < c->pools; i++) {
		if (addr_in4(c->xlat.own4, &c->pool[i].range))
			around = &c->pool[i].range;
		standby |= c->pool[i].standby;
	}
	if (!around || !standby)
		return;
	conf_point_first(r, "ipv4-addr");
	conf_warn(r,
		  "this is inside dynamic-pool %s: another translator that owns the pool gives the "
		  "address to a host (use an address outside of all pools)",
		  addr_text_prefix4(text, around));
}

void conf_check_own(struct conf_reader *r)
{
	static const struct ip6 none;

	if (r->conf->xlat.own4) {
		check_map4(r);
		check_icmp_source(r);
		check_other_owners(r);
	}
	if (!ip6_equal(&r->conf->xlat.own6, &none))
		check_map6(r);
	check_tun_ip(r);
}
