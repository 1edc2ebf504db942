/* icmp - the tables of RFC 7915 sections 4.2 and 5.2. */
#include "packet/icmp.h"

#include <stddef.h>

#include "lib/wire.h"

#define SAME ICMP_SAME_CODE

/* clang-format off */
static const struct icmp_row table_4to6[] = {
	/* type, codes     to type, code        rest              extensions */
	{3,  0,  1,        1, 0,                REST_ZERO,        EXT_CARRIED}, /* network, host unreachable */
	{3,  2,  2,        4, 1,                REST_NEXT_HEADER, EXT_ENDS},    /* protocol unreachable */
	{3,  3,  3,        1, 4,                REST_ZERO,        EXT_CARRIED}, /* port unreachable */
	{3,  4,  4,        2, 0,                REST_MTU,         EXT_ENDS},    /* fragmentation needed */
	{3,  5,  8,        1, 0,                REST_ZERO,        EXT_CARRIED}, /* source route failed, unknown, isolated */
	{3,  9,  10,       1, 1,                REST_ZERO,        EXT_CARRIED}, /* prohibited */
	{3,  11, 12,       1, 0,                REST_ZERO,        EXT_CARRIED}, /* unreachable for this TOS */
	{3,  13, 13,       1, 1,                REST_ZERO,        EXT_CARRIED}, /* filtered */
	{3,  15, 15,       1, 1,                REST_ZERO,        EXT_CARRIED}, /* precedence cutoff */
	{11, 0,  255,      3, SAME,             REST_ZERO,        EXT_CARRIED}, /* time exceeded */
	{12, 0,  0,        4, 0,                REST_POINTER,     EXT_ENDS},    /* parameter problem */
	{12, 2,  2,        4, 0,                REST_POINTER,     EXT_ENDS},    /* bad length */
};

static const struct icmp_row table_6to4[] = {
	{1,  0,  0,        3, 1,                REST_ZERO,        EXT_CARRIED}, /* no route */
	{1,  1,  1,        3, 10,               REST_ZERO,        EXT_CARRIED}, /* prohibited */
	{1,  2,  3,        3, 1,                REST_ZERO,        EXT_CARRIED}, /* scope, address unreachable */
	{1,  4,  4,        3, 3,                REST_ZERO,        EXT_CARRIED}, /* port unreachable */
	{2,  0,  255,      3, 4,                REST_MTU,         EXT_NONE},    /* packet too big, whatever its code [4443-3.2] */
	{3,  0,  255,      11, SAME,            REST_ZERO,        EXT_CARRIED}, /* time exceeded */
	{4,  0,  0,        12, 0,               REST_POINTER,     EXT_NONE},    /* erroneous header field */
	{4,  1,  1,        3, 2,                REST_ZERO,        EXT_NONE},    /* unknown next header */
};
/* clang-format on */

static const struct icmp_row *find(const struct icmp_row *row, size_t n, uint8_t type, uint8_t code)
{
	for (; n; row++, n--)
		if (row->type == type && row->first <= code && code <= row->last)
			return row;
	return NULL;
}

#define FIND(table, type, code) find(table, sizeof(table) / sizeof(*(table)), type, code)

const struct icmp_row *icmp_find_4to6(uint8_t type, uint8_t code)
{
	return FIND(table_4to6, type, code);
}

const struct icmp_row *icmp_find_6to4(uint8_t type, uint8_t code)
{
	return FIND(table_6to4, type, code);
}

int icmp_echo_4to6(int type)
{
	return type == ICMP4_ECHO ? ICMP6_ECHO : type == ICMP4_ECHO_REPLY ? ICMP6_ECHO_REPLY : -1;
}

int icmp_echo_6to4(int type)
{
	return type == ICMP6_ECHO ? ICMP4_ECHO : type == ICMP6_ECHO_REPLY ? ICMP4_ECHO_REPLY : -1;
}

/* [7915-4.2 figure 3]; -1: the field has no counterpart */
int icmp_pointer_4to6(uint32_t pointer)
{
	static const int8_t to[20] = {
		0,  1,  4,  4,  -1, -1, -1, -1, /* version, TOS, length, id, flags */
		7,  6,  -1, -1, 8,  8,  8,  8,  /* TTL, protocol, checksum, source */
		24, 24, 24, 24,                 /* destination */
	};

	return pointer < sizeof(to) ? to[pointer] : -1;
}

/* [7915-5.2 figure 6] */
int icmp_pointer_6to4(uint32_t pointer)
{
	static const int8_t to[8] = {0, 1, -1, -1, 2, 2, 9, 8};

	if (pointer < sizeof(to))
		return to[pointer];
	if (pointer < offsetof(struct ip6_hdr, dst))
		return offsetof(struct ip4_hdr, src);
	return pointer < sizeof(struct ip6_hdr) ? (int)offsetof(struct ip4_hdr, dst) : -1;
}

static uint32_t min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Returns the largest plateau below LEN [1191-7.1]. */
static uint32_t plateau_below(uint32_t len)
{
	static const uint16_t plateau[] = {65535, 32000, 17914, 8166, 4352, 2002,
					   1492,  1006,  508,   296,  68};
	size_t i = 0;

	while (i < sizeof(plateau) / sizeof(*plateau) - 1 && plateau[i] >= len)
		i++;
	return plateau[i];
}

uint32_t icmp_mtu_4to6(uint32_t m, uint32_t quoted_len, uint32_t mtu4, uint32_t mtu6)
{
	if (m == 0)
		m = plateau_below(quoted_len);
	m = min32(m + 20, min32(mtu6, mtu4 + 20));
	return m < IP6_MTU_MIN ? IP6_MTU_MIN : m;
}

/* An IPv6 packet too big may announce an MTU below 1280, which is kept [7915-5.2].  A result below
 * the minimum MTU of IPv4 is raised to it. */
uint32_t icmp_mtu_6to4(uint32_t m, bool fragment, uint32_t mtu4, uint32_t mtu6)
{
	uint32_t growth = sizeof(struct ip6_hdr) - sizeof(struct ip4_hdr);

	if (fragment)
		growth += sizeof(struct frag_hdr);
	if (m < IP4_MTU_MIN + growth)
		return IP4_MTU_MIN;
	return min32(m - growth, min32(mtu4, mtu6 - growth));
}
