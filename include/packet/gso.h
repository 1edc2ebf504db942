/* gso - TCP and UDP GSO packets: many segments that share one header.
 *
 * Writes the header for a part of such a packet, and completes partial checksums. */
#ifndef NAT64D_GSO_H
#define NAT64D_GSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/offload.h"
#include "lib/wire.h"

struct gso_packet {
	uint8_t proto;     /* PROTO_TCP or PROTO_UDP */
	bool cwr_stays;    /* CWR is in every segment, not only in the first (GSO_ACCECN) */
	const uint8_t *l4; /* the complete header, with a partial checksum */
	size_t header;     /* its length in bytes */
	size_t payload;    /* bytes after the header, wherever they are stored */
};

/* Returns the number of segments of SEG bytes for PAYLOAD bytes; at least one. */
static inline size_t gso_segments(size_t payload, size_t seg)
{
	return seg == 0 || payload <= seg ? 1 : (payload + seg - 1) / seg;
}

/* Returns the kernel's type of a GSO packet of PROTO and FAMILY. */
static inline enum gso_type gso_type_of(uint8_t proto, unsigned family)
{
	if (proto == PROTO_UDP)
		return GSO_UDP;
	return family == 4 ? GSO_TCP4 : GSO_TCP6;
}

/* Returns the offset of the checksum in a TCP or UDP header. */
static inline size_t gso_csum_at(uint8_t proto)
{
	return proto == PROTO_TCP ? offsetof(struct tcp_hdr, csum) : offsetof(struct udp_hdr, csum);
}

/* Writes to AT (t->header bytes, must not be t->l4) the header for the N payload bytes from OFF on,
 * which form a segment or a GSO packet.  Adjusts the sequence number, UDP length, FIN and PSH (last
 * part only), CWR (first part only), and the partial checksum. */
void gso_header(const struct gso_packet *t, size_t off, size_t n, uint8_t *at);

/* Completes the partial checksum in the HEADER bytes at L4, which are followed by PAYLOAD.  A UDP
 * checksum of 0 is written as 0xffff. */
void gso_complete(uint8_t *l4, size_t header, uint8_t proto, struct span payload);

/* The same for a payload whose sum is PAYLOAD_SUM. */
void gso_complete_sum(uint8_t *l4, size_t header, uint8_t proto, uint64_t payload_sum);

#endif
