/* segment - does the work that the kernel does before a packet is on the wire: cuts GSO packets,
 * and completes checksums.  Naive, and shares nothing with src/. */
#ifndef NAT64D_TESTS_SEGMENT_H
#define NAT64D_TESTS_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "packet/offload.h"

#define SEGMENTS 4096 /* maximum number of packets in a list */

struct segments {
	uint8_t *bytes; /* SEGMENTS_BYTES */
	size_t end[SEGMENTS];
	unsigned n;
};

#define SEGMENTS_BYTES 1000000

void segments_open(struct segments *s);
void segments_close(struct segments *s);

/* Appends the result for the LEN bytes at P: one packet, or each segment of a GSO packet.  Only the
 * last segment keeps FIN and PSH, only the first keeps CWR (all with GSO_ACCECN), and IPv4
 * Identifications are consecutive. */
void segments_add(struct segments *s, const uint8_t *p, size_t len, const struct offload *o);

/* Returns packet I of S and its length. */
uint8_t *segments_at(const struct segments *s, unsigned i, size_t *len);

/* Makes the checksum of the complete TCP or UDP packet at P, which has L4_AT bytes of IP headers,
 * partial. Returns the matching offload; with SEG > 0 that of a GSO packet. */
struct offload segments_glue(uint8_t *p, size_t len, size_t l4_at, unsigned proto, size_t seg);

#endif
