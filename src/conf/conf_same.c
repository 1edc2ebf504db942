/* conf_same - tells whether two configurations make the same leases possible. */
#include "conf/conf.h"

static bool same_pool(const struct pool_conf *a, const struct pool_conf *b)
{
	return prefix4_equal(&a->range, &b->range) && prefix6_equal(&a->from, &b->from) &&
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
		if (!map_equal(map_at(a, i), map_at(b, i)))
			return false;
	return true;
}

static bool same_device(const struct conf *a, const struct conf *b)
{
	if (a->tun_ips != b->tun_ips)
		return false;
	for (size_t i = 0; i < a->tun_ips; i++)
		if (!prefix_equal(&a->tun_ip[i], &b->tun_ip[i]))
			return false;
	return true;
}

static bool same_own(const struct xlat_conf *a, const struct xlat_conf *b)
{
	return a->own4 == b->own4 && a->has_icmp_source == b->has_icmp_source &&
	       (!a->has_icmp_source || prefix4_equal(&a->icmp_source, &b->icmp_source));
}

bool conf_same_leases(const struct conf *a, const struct conf *b)
{
	return same_pools(a, b) && prefix6_all_equal(a->allow, a->allows, b->allow, b->allows) &&
	       same_prefixes(a->maps, b->maps) && same_maps(a->maps, b->maps) &&
	       same_device(a, b) && same_own(&a->xlat, &b->xlat);
}
