/* icmp - how ICMP types, codes, pointers and MTUs of one family are said in the other
 * [7915-4.2, 5.2]. */
#ifndef NAT64D_ICMP_H
#define NAT64D_ICMP_H

#include <stdbool.h>
#include <stdint.h>

enum icmp_rest { /* what the four bytes behind the checksum become */
	REST_ZERO,
	REST_POINTER,     /* translated pointer; there may be no counterpart */
	REST_NEXT_HEADER, /* a pointer to the IPv6 next-header field */
	REST_MTU,
};

enum icmp_extend { /* RFC 4884 extensions behind the quoted packet */
	EXT_NONE,  /* this message has no length field */
	EXT_ENDS,  /* it has one, but its counterpart has none: extensions are left out */
	EXT_CARRIED,
};

#define ICMP_SAME_CODE 0xff

struct icmp_row {
	uint8_t type, first, last; /* a type and a range of its codes */
	uint8_t to_type, to_code;  /* ICMP_SAME_CODE: the code is kept */
	enum icmp_rest rest;
	enum icmp_extend extend;
};

/* The row for an ICMP error of this type and code; NULL: it has no counterpart. */
const struct icmp_row *icmp_find_4to6(uint8_t type, uint8_t code);
const struct icmp_row *icmp_find_6to4(uint8_t type, uint8_t code);

/* The counterpart of an echo request or reply type, or -1. */
int icmp_echo_4to6(int type);
int icmp_echo_6to4(int type);

/* The pointer into the header of the other family, or -1. */
int icmp_pointer_4to6(uint32_t pointer);
int icmp_pointer_6to4(uint32_t pointer);

/* The MTU to announce for one of M bytes, on a device whose MTU is MTU4 and MTU6 to either family.
 * QUOTED_LEN: total length of the quoted IPv4 packet, from which a router that gives no MTU (M = 0)
 * lets us guess [1191-7.1].  FRAGMENT: the quoted IPv6 packet has a fragment header, whose 8 bytes
 * were added here and count as well [7915-5.2]. */
uint32_t icmp_mtu_4to6(uint32_t m, uint32_t quoted_len, uint32_t mtu4, uint32_t mtu6);
uint32_t icmp_mtu_6to4(uint32_t m, bool fragment, uint32_t mtu4, uint32_t mtu6);

#endif
