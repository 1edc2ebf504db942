/* icmp - translates ICMP types, codes, pointers and MTUs between the families [7915-4.2, 5.2]. */
#ifndef NAT64D_ICMP_H
#define NAT64D_ICMP_H

#include <stdbool.h>
#include <stdint.h>

enum icmp_rest { /* translation of the four bytes after the checksum */
	REST_ZERO,
	REST_POINTER,     /* translate the pointer, which may have no counterpart */
	REST_NEXT_HEADER, /* point to the IPv6 next-header field */
	REST_MTU,
};

enum icmp_extend { /* treatment of RFC 4884 extensions after the quoted packet */
	EXT_NONE,  /* the message has no length field for extensions */
	EXT_ENDS,  /* it has one, but its counterpart has none: remove the extensions */
	EXT_CARRIED,
};

#define ICMP_SAME_CODE 0xff

struct icmp_row {
	uint8_t type, first, last; /* a type and a range of its codes */
	uint8_t to_type, to_code;  /* ICMP_SAME_CODE: keep the code */
	enum icmp_rest rest;
	enum icmp_extend extend;
};

/* Return the row for an ICMP error of this type and code, or NULL if it has no counterpart. */
const struct icmp_row *icmp_find_4to6(uint8_t type, uint8_t code);
const struct icmp_row *icmp_find_6to4(uint8_t type, uint8_t code);

/* Return the counterpart of an echo request or reply type, or -1. */
int icmp_echo_4to6(int type);
int icmp_echo_6to4(int type);

/* Return the pointer into the header of the other family, or -1. */
int icmp_pointer_4to6(uint32_t pointer);
int icmp_pointer_6to4(uint32_t pointer);

/* Return the MTU to announce in the other family for an announced MTU of M bytes, on a device with
 * MTU4 and MTU6.  QUOTED_LEN is the total length of the quoted IPv4 packet; if a router announces
 * no MTU (M is 0), the MTU is estimated from it [1191-7.1].  FRAGMENT: the quoted IPv6 packet has a
 * fragment header, whose 8 bytes the translator added and which therefore count [7915-5.2]. */
uint32_t icmp_mtu_4to6(uint32_t m, uint32_t quoted_len, uint32_t mtu4, uint32_t mtu6);
uint32_t icmp_mtu_6to4(uint32_t m, bool fragment, uint32_t mtu4, uint32_t mtu6);

#endif
