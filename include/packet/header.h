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
	uint16_t frag; /* flags and offset as on the wire: IP4_DF, IP4_MF, units of 8 bytes */
	uint32_t src, dst;
};

struct header6 {
	uint8_t tc, hop, next;
	uint16_t plen; /* bytes behind this header */
	const struct ip6 *src, *dst;
};

/* Writes the 20 bytes of an IPv4 header, checksum included, to AT. */
void header_put4(uint8_t *at, const struct header4 *h);

/* Writes the 40 bytes of an IPv6 header, flow label 0, to AT. */
void header_put6(uint8_t *at, const struct header6 *h);

/* Writes the 8 bytes of an IPv6 fragment header to AT; OFF is in bytes. */
void header_put_frag(uint8_t *at, uint8_t next, uint32_t off, bool mf, uint32_t id);

/* Makes LEN bytes the length of the whole packet in the header at AT, of either family. */
void header_put_len(uint8_t *at, size_t len);

#endif
