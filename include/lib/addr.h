/* addr - IPv4 and IPv6 addresses and prefixes: address classes, and RFC 6052 embedding.
 *
 * An IPv4 address is a uint32_t in host order; an IPv6 address is its 16 bytes in network order.
 * Functions that take a prefix expect a clean one, whose bits after its length are zero. */
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

/* A prefix of either family, or an address with the length of its network (then not clean). */
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

static inline bool prefix4_equal(const struct prefix4 *a, const struct prefix4 *b)
{
	return a->len == b->len && a->addr == b->addr;
}

static inline bool prefix6_equal(const struct prefix6 *a, const struct prefix6 *b)
{
	return a->len == b->len && ip6_equal(&a->addr, &b->addr);
}

static inline bool prefix_equal(const struct prefix *a, const struct prefix *b)
{
	return a->family == b->family && a->len == b->len &&
	       (a->family == 4 ? a->addr4 == b->addr4 : ip6_equal(&a->addr6, &b->addr6));
}

/* Returns true if the N elements of A are the M elements of B, in the same order. */
static inline bool prefix6_all_equal(const struct prefix6 *a, size_t n, const struct prefix6 *b,
				     size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!prefix6_equal(&a[i], &b[i]))
			return false;
	return true;
}

/* Returns a mask of LEN leading one bits; 0 for LEN 0. */
static inline uint32_t addr_mask4(unsigned len)
{
	return len == 0 ? 0 : UINT32_MAX << (32 - len);
}

static inline bool addr_in4(uint32_t a, const struct prefix4 *p)
{
	return (a & addr_mask4(p->len)) == p->addr;
}

bool addr_in6(const struct ip6 *a, const struct prefix6 *p);

/* Returns true if A contains all of B. */
bool addr_covers(const struct prefix *a, const struct prefix *b);

/* Zeroes all bits of A after the first LEN. */
void addr_clean6(struct ip6 *a, unsigned len);

/* Returns true if a translation prefix may have length LEN [6052-2.2]. */
bool addr_embed_len_ok(unsigned len);

/* Writes ADDR after PREFIX, skips the u octet, and zeroes the rest [6052-2.2].  The length of
 * PREFIX must satisfy addr_embed_len_ok(). */
void addr_embed(struct ip6 *out, const struct prefix6 *prefix, uint32_t addr);

/* Returns the IPv4 address embedded in A after PREFIX; ignores the u octet and the suffix
 * [6052-2.2]. */
uint32_t addr_extract(const struct ip6 *a, const struct prefix6 *prefix);

/* Returns true if P is the Well-Known Prefix 64:ff9b::/96 [6052-2.1]. */
bool addr_is_wkp(const struct prefix6 *p);

/* Returns true if the IANA special-purpose registry calls A globally reachable, so that the
 * Well-Known Prefix may represent it [6052-3.1]. */
bool addr_is_global4(uint32_t a);

/* Returns true if routers forward packets from and to A [7915-4.1, 1812-5.3.7].  Returns false for
 * the addresses of section 1.4 of nat64-rules(7): "this network", loopback, link-local, multicast
 * and broadcast. */
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

/* Return true for the multicast that a kernel sends on every device: IPv4 local and
 * administratively scoped (224.0.0.0/24, 239.255.255.250), IPv6 link-local scope (ff02::/16). */
bool addr_is_noise4(uint32_t dst);
bool addr_is_noise6(const struct ip6 *dst);

#endif
