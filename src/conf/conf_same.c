/* conf_same - tells whether two configurations make the same leases possible. */
#include <string.h>

#include "conf/conf.h"

static bool same4(const struct prefix4 *a, const struct prefix4 *b)
{
	return a->addr == b->addr && a->len == b->len;
}

static bool same_pool(const struct pool_conf *a, const struct pool_conf *b)
{
	return same4(&a->range, &b->range) && prefix6_equal(&a->from, &b->from) &&
	       a->standby == b->standby && a->promoted == b->promoted &&
	       a->guarantee == b->guarantee && a->keep == b->keep && a->share == b->share &&
	       a->share_len == b->share_len;
}

static bool same_pools(const struct conf *a, const struct conf *b)
{
	if (a->pools != b->pools)
		return false;
	for (size_t i = 0; i < a->pools; i++)
		if (!same_pool(&a->pool[i], &b->pool[i]))
			return false;
	return true;
}

static bool same_allows(const struct conf *a, const struct conf *b)
{
	if (a->allows != b->allows)
		return false;
	for (size_t i = 0; i < a->allows; i++)
		if (!prefix6_equal(&a->allow[i], &b->allow[i]))
			return false;
	return true;
}

/* A lease has the index of its prefix. */
static bool same_prefixes(const struct map_table *a, const struct map_table *b)
{
	if (map_prefix_count(a) != map_prefix_count(b))
		return false;
	for (size_t i = 0; i < map_prefix_count(a); i++)
		if (!prefix6_equal(map_prefix_at(a, i), map_prefix_at(b, i)))
			return false;
	return true;
}

static bool same_maps(const struct map_table *a, const struct map_table *b)
{
	if (map_count(a) != map_count(b))
		return false;
	for (size_t i = 0; i < map_count(a); i++)
		if (!same4(&map_at(a, i)->p4, &map_at(b, i)->p4) ||
		    !prefix6_equal(&map_at(a, i)->p6, &map_at(b, i)->p6))
			return false;
	return true;
}

static bool same_device(const struct conf *a, const struct conf *b)
{
	if (a->tun_ips != b->tun_ips)
		return false;
	for (size_t i = 0; i < a->tun_ips; i++) {
		const struct prefix *x = &a->tun_ip[i], *y = &b->tun_ip[i];

		if (x->family != y->family || x->len != y->len ||
		    (x->family == 4 ? x->addr4 != y->addr4 : !ip6_equal(&x->addr6, &y->addr6)))
			return false;
	}
	return true;
}

static bool same_own(const struct xlat_conf *a, const struct xlat_conf *b)
{
	return a->own4 == b->own4 && a->has_icmp_source == b->has_icmp_source &&
	       (!a->has_icmp_source || same4(&a->icmp_source, &b->icmp_source));
}

bool conf_same_leases(const struct conf *a, const struct conf *b)
{
	return same_pools(a, b) && same_allows(a, b) && same_prefixes(a->maps, b->maps) &&
	       same_maps(a->maps, b->maps) && same_device(a, b) && same_own(&a->xlat, &b->xlat);
}
