/* addr - embeds IPv4 addresses in IPv6 ones [6052-2.2], and classifies addresses by registry and
 * scope. */
#include "lib/addr.h"

#define ROWS(table) (sizeof(table) / sizeof(*(table)))
#define U_OCTET     8 /* bits 64 to 71 stay zero [6052-2.2] */

/* IANA IPv4 Special-Purpose Address Registry [6890]: blocks that are not globally reachable.
 * Blocks that the registry calls global (192.31.196.0/24, 192.52.193.0/24, 192.175.48.0/24) need no
 * row. */
static const struct prefix4 special[] = {
	{0x00000000, 8},  /* "this network" [791] */
	{0x0a000000, 8},  /* private use [1918] */
	{0x64400000, 10}, /* shared address space [6598] */
	{0x7f000000, 8},  /* loopback [1122] */
	{0xa9fe0000, 16}, /* link local [3927] */
	{0xac100000, 12}, /* private use [1918] */
	{0xc0000000, 24}, /* IETF protocol assignments [6890] */
	{0xc0000200, 24}, /* TEST-NET-1 [5737] */
	{0xc0586300, 24}, /* 6to4 relay anycast [3068]: listed in [5735-3], cited in [6052-3.1] */
	{0xc0a80000, 16}, /* private use [1918] */
	{0xc6120000, 15}, /* benchmarking [2544] */
	{0xc6336400, 24}, /* TEST-NET-2 [5737] */
	{0xcb007100, 24}, /* TEST-NET-3 [5737] */
	{0xe0000000, 4},  /* multicast [5771] */
	{0xf0000000, 4},  /* reserved [1112], and limited broadcast [919] */
};

/* Globally reachable addresses inside a special block: PCP anycast [7723] and TURN anycast
 * [8155]. */
static const uint32_t global[] = {0xc0000009, 0xc000000a};

static const struct prefix4 never4[] = {
	{0x00000000, 8},  /* "this network" */
	{0x7f000000, 8},  /* loopback */
	{0xa9fe0000, 16}, /* link local */
	{0xe0000000, 4},  /* multicast */
	{0xffffffff, 32}, /* limited broadcast */
};

static const struct prefix6 never6[] = {
	{{{0}}, 128},                       /* :: */
	{{{[15] = 1}}, 128},                /* ::1 */
	{{{0xfe, 0x80}}, 10},               /* link local */
	{{{0xff}}, 8},                      /* multicast */
	{{{[10] = 0xff, [11] = 0xff}}, 96}, /* IPv4-mapped [4291-2.5.5.2] */
};

static const struct prefix6 wkp = {{{0x00, 0x64, 0xff, 0x9b}}, 96};

static bool in_any4(uint32_t a, const struct prefix4 *table, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		if (addr_in4(a, &table[i]))
			return true;
	return false;
}

bool addr_in6(const struct ip6 *a, const struct prefix6 *p)
{
	unsigned bytes = p->len / 8, bits = p->len % 8;

	if (memcmp(a->b, p->addr.b, bytes) != 0)
		return false;
	return bits == 0 || ((a->b[bytes] ^ p->addr.b[bytes]) >> (8 - bits)) == 0;
}

bool addr_covers(const struct prefix *a, const struct prefix *b)
{
	if (a->family != b->family || a->len > b->len)
		return false;
	if (a->family == 4)
		return addr_in4(b->addr4, &(struct prefix4){a->addr4, a->len});
	return addr_in6(&b->addr6, &(struct prefix6){a->addr6, a->len});
}

void addr_clean6(struct ip6 *a, unsigned len)
{
	unsigned bytes = (len + 7) / 8;

	if (len % 8)
		a->b[bytes - 1] &= (uint8_t)(0xff << (8 - len % 8));
	memset(a->b + bytes, 0, sizeof(a->b) - bytes);
}

bool addr_embed_len_ok(unsigned len)
{
	return len == 96 || (len >= 32 && len <= 64 && len % 8 == 0);
}

/* Returns the index of the byte that follows byte AT of an embedded address. */
static unsigned step(unsigned at)
{
	return at + 1 == U_OCTET ? at + 2 : at + 1;
}

static unsigned first_byte(const struct prefix6 *prefix)
{
	return step(prefix->len / 8u - 1);
}

void addr_embed(struct ip6 *out, const struct prefix6 *prefix, uint32_t addr)
{
	struct ip6 a = prefix->addr;

	for (unsigned at = first_byte(prefix), shift = 32; shift; at = step(at)) {
		shift -= 8;
		a.b[at] = (uint8_t)(addr >> shift);
	}
	*out = a;
}

uint32_t addr_extract(const struct ip6 *a, const struct prefix6 *prefix)
{
	uint32_t addr = 0;

	for (unsigned at = first_byte(prefix), n = 0; n < 4; n++, at = step(at))
		addr = addr << 8 | a->b[at];
	return addr;
}

bool addr_is_wkp(const struct prefix6 *p)
{
	return prefix6_equal(p, &wkp);
}

/* Saves the search for most addresses: rows of SPECIAL begin only with these first octets. */
static bool may_be_special(uint32_t a)
{
	switch (a >> 24) {
	case 0:
	case 10:
	case 100:
	case 127:
	case 169:
	case 172:
	case 192:
	case 198:
	case 203:
		return true;
	default:
		return a >> 24 >= 224;
	}
}

bool addr_is_global4(uint32_t a)
{
	if (!may_be_special(a))
		return true;
	for (size_t i = 0; i < ROWS(global); i++)
		if (a == global[i])
			return true;
	return !in_any4(a, special, ROWS(special));
}

bool addr_passes4(uint32_t a)
{
	return !in_any4(a, never4, ROWS(never4));
}

bool addr_passes6(const struct ip6 *a)
{
	if (a->b[0] != 0 && a->b[0] < 0xfe) /* no row begins with other octets */
		return true;
	for (size_t i = 0; i < ROWS(never6); i++)
		if (addr_in6(a, &never6[i]))
			return false;
	return true;
}

bool addr_is_multicast4(uint32_t a)
{
	return a >> 28 == 0xe;
}

bool addr_is_noise4(uint32_t dst)
{
	return dst >> 8 == 0xe00000 || dst == 0xeffffffa; /* IGMP, mDNS, LLMNR; SSDP */
}

bool addr_is_noise6(const struct ip6 *dst)
{
	return dst->b[0] == 0xff && dst->b[1] == 0x02;
}
