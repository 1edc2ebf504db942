/* segment - what the kernel puts on the wire for a packet with something left to be done: cuts
 * GSO packets, completes checksums.  Naive, and shares nothing with src/. */
#ifndef NAT64D_TESTS_SEGMENT_H
#define NAT64D_TESTS_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "packet/offload.h"

#define SEGMENTS 4096 /* most packets in a list */

struct segments {
	uint8_t *bytes; /* SEGMENTS_BYTES */
	size_t end[SEGMENTS];
	unsigned n;
};

#define SEGMENTS_BYTES 1000000

void segments_open(struct segments *s);
void segments_close(struct segments *s);

/* Appends what becomes of the LEN bytes at P: one packet, or each segment of a GSO packet.  FIN and
 * PSH stay in the last, CWR in the first (in all with GSO_ACCECN), IPv4 Identifications count up.
 */
void segments_add(struct segments *s, const uint8_t *p, size_t len, const struct offload *o);

/* Packet I of S and its length. */
uint8_t *segments_at(const struct segments *s, unsigned i, size_t *len);

/* Makes the checksum of the complete packet at P, TCP or UDP behind L4_AT bytes of headers, partial
 * and returns the offload that says so; with SEG > 0 that of a GSO packet. */
struct offload segments_glue(uint8_t *p, size_t len, size_t l4_at, unsigned proto, size_t seg);

#endif
