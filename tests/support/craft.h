/* craft - builds test packets from a line of text, and checks packets, with separate naive code.
 *
 * A packet is a list of layers separated by '|', each a name and its keys.  Keys that are left out
 * have sensible defaults; lengths, next headers and checksums are correct unless a key changes
 * them.  Numbers are C numbers.
 *
 *   4 | 4r       IPv4 from CRAFT_WORLD4 to CRAFT_HOST4, or in the opposite direction.
 *                s= d= tos= id= ttl= p= df mf rf off= (bytes) opts=HEX len= ihl= ver= ck=
 *   6 | 6r       the same for IPv6.  s= d= tc= flow= hop= p= len= ver=
 *   hbh dst rt ah
 *                IPv6 extension headers of 8 bytes (ah: 16).
 *                n= (units of 8 beyond) nh= el= left= type=
 *   frag         IPv6 fragment header.  off= mf id= nh=
 *   part A N     bytes A to A+N-1 of the following layers, which are built completely.  Sets the
 *                offset and MF of an IPv4 header, or writes an IPv6 fragment header with id=
 *   udp tcp      n= (payload bytes) w= (first payload word) sp= dp= zero bad ck= ulen= doff=
 *                fl= (TCP flags) opts=HEX
 *   echo reply   n= id= seq= bad
 *   icmp T C REST
 *                an error that quotes the packet that follows, or n= bytes.
 *                cut= (quoted bytes that are left) ext= (bytes of RFC 4884 extensions, version 2)
 *                pad= (quote padded to) lf= (length field) bad
 *   data N       payload, for p=.
 *   hex HEX      the same, with these bytes.
 *   in           the input packet
 *
 * Payload byte I is always craft_byte(I). */
#ifndef NAT64D_TESTS_CRAFT_H
#define NAT64D_TESTS_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRAFT_MAX    70000
#define CRAFT_WORLD4 "198.51.100.7"
#define CRAFT_HOST4  "203.0.113.5"
#define CRAFT_WORLD6 "2001:db8:64::c633:6407"
#define CRAFT_HOST6  "2001:db8:1::5"

struct bytes {
	uint8_t *b;
	size_t len;
};

uint8_t craft_byte(size_t i);

/* Builds the packet described by TEXT at OUT (CRAFT_MAX bytes) and returns its length.  `in` stands
 * for INPUT. */
size_t craft(uint8_t *out, const char *text, const struct bytes *input);

/* Adds the one's-complement sum of LEN bytes to SUM and returns the folded result. */
unsigned craft_sum(unsigned sum, const uint8_t *p, size_t len);

/* Writes the header checksum of an IPv4 packet. */
void craft_seal4(uint8_t *packet);

/* Returns what is wrong with the packet at P as an output of a translator, or NULL: header,
 * lengths, extension headers, checksums of complete TCP, UDP and ICMP payloads, quoted headers.
 * UDP_ZERO: UDP over IPv6 may have no checksum. */
const char *craft_fault(const uint8_t *p, size_t len, bool udp_zero);

/* Returns the folded sum of the L4 message at P, with its checksum field, and the pseudo-header of
 * addresses SRC and DST of ALEN bytes: 0xffff if the checksum is right. */
unsigned craft_l4_sum(const uint8_t *src, const uint8_t *dst, size_t alen, unsigned proto,
		      const uint8_t *p, size_t len);

#endif
