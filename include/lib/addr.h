/* addr - IPv4 and IPv6 addresses and prefixes: classes, RFC 6052 embedding and extraction.
 *
 * An IPv4 address is a uint32_t in host order; an IPv6 address is its 16 bytes as on the wire.
 * A prefix whose bits behind its length are zero is called clean; every function that takes a
 * prefix expects a clean one. */
#ifndef NAT64D_ADDR_H
#define NAT64D_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct ip6 {
	uint8_t b[16];
};

struct prefix4 {
	uint32_t addr;
	uint8_t len; /* 0..32 */
};

struct prefix6 {
	struct ip6 addr;
	uint8_t len; /* 0..128 */
};

/* A prefix of either family; or an address with the length of its network, and not clean. */
struct prefix {
	uint8_t family; /* 4 or 6 */
	uint8_t len;
	uint32_t addr4;
	struct ip6 addr6;
};

static inline bool ip6_equal(const struct ip6 *a, const struct ip6 *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static inline bool prefix6_equal(const struct prefix6 *a, const struct prefix6 *b)
{
	return a->len == b->len && ip6_equal(&a->addr, &b->addr);
}

/* LEN one bits from the top; 0 for LEN 0. */
static inline uint32_t addr_mask4(unsigned len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

static inline bool addr_in4(uint32_t a, const struct prefix4 *p)
{
	return (a & addr_mask4(p->len)) == p->addr;
}

bool addr_in6(const struct ip6 *a, const struct prefix6 *p);

/* Does all of B lie in A? */
bool addr_covers(const struct prefix *a, const struct prefix *b);

/* Zeroes the bits of A behind the first LEN. */
void addr_clean6(struct ip6 *a, unsigned len);

/* Is LEN one of the lengths a translation prefix may have [6052-2.2]? */
bool addr_embed_len_ok(unsigned len);

/* Writes ADDR behind PREFIX, stepping over the u octet; everything behind it is zero [6052-2.2].
 * PREFIX has a length for which addr_embed_len_ok() is true. */
void addr_embed(struct ip6 *out, const struct prefix6 *prefix, uint32_t addr);

/* The IPv4 address embedded in A behind PREFIX; u octet and suffix are ignored [6052-2.2]. */
uint32_t addr_extract(const struct ip6 *a, const struct prefix6 *prefix);

/* Is P the Well-Known Prefix 64:ff9b::/96 [6052-2.1]? */
bool addr_is_wkp(const struct prefix6 *p);

/* May the Well-Known Prefix represent A [6052-3.1]: is A global by the IANA special-purpose
 * registry? */
bool addr_is_global4(uint32_t a);

/* May a packet from or to A pass a router at all [7915-4.1, 1812-5.3.7]?  False for the addresses
 * of section 1.4 of nat64-rules(7): "this network", loopback, link-local, multicast,
 * broadcast. */
bool addr_passes4(uint32_t a);
bool addr_passes6(const struct ip6 *a);

bool addr_is_multicast4(uint32_t a);

static inline bool addr_is_link_local4(uint32_t a) /* 169.254.0.0/16 [3927] */
{
	return a >> 16 == 0xa9fe;
}

static inline bool addr_is_reserved4(uint32_t a) /* 240.0.0.0/4 [1112-4] */
{
	return a >> 28 == 0xf;
}

/* What a kernel sends out of any device by itself: IPv4 local and administratively scoped multicast
 * (224.0.0.0/24, 239.255.255.250) and IPv6 link-local scope multicast (ff02::/16). */
bool addr_is_noise4(uint32_t dst);
bool addr_is_noise6(const struct ip6 *dst);

#endif
