/* offload - the work that a packet still needs: a checksum to complete, or a GSO packet to segment.
 *
 * Reads and writes the struct virtio_net_hdr that carries this information to and from the
 * device. */
#ifndef NAT64D_OFFLOAD_H
#define NAT64D_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum csum_state {
	CSUM_WHOLE,   /* complete, but not verified */
	CSUM_VOUCHED, /* complete, and verified by the kernel (DATA_VALID) */
	CSUM_PARTIAL, /* contains only the sum of the pseudo-header (NEEDS_CSUM) */
};

enum gso_type { /* the kernel's numbers */
	GSO_NONE = 0,
	GSO_TCP4 = 1,
	GSO_TCP6 = 4,
	GSO_UDP = 5, /* for both families */
};

#define GSO_ECN    0x80 /* flag of TCP GSO packets: only the first segment has CWR [3168-6.1.2] */
#define GSO_ACCECN 0x10 /* flag: every segment has CWR, which AccECN uses */

struct offload {         /* all zero: no work is left */
	uint8_t csum;    /* enum csum_state */
	uint8_t gso;     /* enum gso_type */
	uint8_t ecn;     /* GSO_ECN, GSO_ACCECN or 0 */
	uint16_t seg;    /* GSO only: payload bytes per segment, except the last */
	uint16_t header; /* GSO only: length of the IP and L4 headers (only a hint on receive) */
	uint16_t csum_start;  /* partial only: first byte of the packet that the checksum covers, to
				 the end */
	uint16_t csum_offset; /* partial only: position of the checksum after csum_start */
};

#define OFFLOAD_HDR 10 /* size of a struct virtio_net_hdr, which is in host byte order */

/* Reads OFFLOAD_HDR bytes at HDR.  Returns false if they contain something that we did not
 * enable. */
bool offload_read(struct offload *o, const uint8_t *hdr);

/* Writes O to the OFFLOAD_HDR bytes at HDR. */
void offload_write(const struct offload *o, uint8_t *hdr);

#endif
