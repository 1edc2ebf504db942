/* header - writes IP headers. */
#ifndef NAT64D_HEADER_H
#define NAT64D_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

struct header4 {
	uint8_t tos, ttl, proto;
	uint16_t len; /* header and payload, bytes */
	uint16_t id;
	uint16_t frag; /* flags and offset as in the packet: IP4_DF, IP4_MF, units of 8 bytes */
	uint32_t src, dst;
};

struct header6 {
	uint8_t tc, hop, next;
	uint16_t plen; /* bytes after this header */
	const struct ip6 *src, *dst;
};

/* Writes an IPv4 header of 20 bytes, with its checksum, to AT. */
void header_put4(uint8_t *at, const struct header4 *h);

/* Writes an IPv6 header of 40 bytes, with flow label 0, to AT. */
void header_put6(uint8_t *at, const struct header6 *h);

/* Writes an IPv6 fragment header of 8 bytes to AT.  OFF is in bytes. */
void header_put_frag(uint8_t *at, uint8_t next, uint32_t off, bool mf, uint32_t id);

/* Sets the length of the whole packet to LEN bytes in the IPv4 or IPv6 header at AT. */
void header_put_len(uint8_t *at, size_t len);

#endif
