/* gso - a TCP or UDP packet of many segments behind one header.  Writes the header that a
 * part of it needs, and completes checksums that were left partial. */
#ifndef NAT64D_GSO_H
#define NAT64D_GSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/offload.h"
#include "lib/wire.h"

struct gso_packet {
	uint8_t proto;     /* PROTO_TCP or PROTO_UDP */
	bool cwr_stays;    /* in every segment, not the first alone (GSO_ACCECN) */
	const uint8_t *l4; /* the header, complete, its checksum partial */
	size_t header;     /* bytes of it */
	size_t payload;    /* bytes behind it, wherever they are */
};

/* How many segments of SEG bytes PAYLOAD bytes make; a packet without payload is one. */
static inline size_t gso_segments(size_t payload, size_t seg)
{
	return seg == 0 || payload <= seg ? 1 : (payload + seg - 1) / seg;
}

/* What the kernel calls a GSO packet of PROTO in a packet of FAMILY. */
static inline enum gso_type gso_type_of(uint8_t proto, unsigned family)
{
	if (proto == PROTO_UDP)
		return GSO_UDP;
	return family == 4 ? GSO_TCP4 : GSO_TCP6;
}

/* Where the checksum of a TCP or UDP header stands. */
static inline size_t gso_csum_at(uint8_t proto)
{
	return proto == PROTO_TCP ? offsetof(struct tcp_hdr, csum) : offsetof(struct udp_hdr, csum);
}

/* Writes to AT (t->header bytes, not t->l4) the header of the N payload bytes from OFF on, itself a
 * GSO packet or a segment: sequence number, UDP length, FIN and PSH at the very end only, CWR at
 * the start only; its partial checksum is that of the new length. */
void gso_header(const struct gso_packet *t, size_t off, size_t n, uint8_t *at);

/* Completes the partial checksum in the HEADER bytes at L4, which PAYLOAD follows: a UDP checksum
 * that comes out as 0 is written as 0xffff. */
void gso_complete(uint8_t *l4, size_t header, uint8_t proto, struct span payload);

/* The same, where the payload, wherever it is, has the sum PAYLOAD_SUM. */
void gso_complete_sum(uint8_t *l4, size_t header, uint8_t proto, uint64_t payload_sum);

#endif
