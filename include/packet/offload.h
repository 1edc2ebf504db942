/* offload - what a device leaves to be done about a packet: its checksum, and cutting a GSO packet
 * into segments; and the struct virtio_net_hdr that says so on the way in and out. */
#ifndef NAT64D_OFFLOAD_H
#define NAT64D_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum csum_state {
	CSUM_WHOLE,   /* complete, and nobody has looked whether it is right */
	CSUM_VOUCHED, /* complete, and right says the kernel (DATA_VALID) */
	CSUM_PARTIAL, /* only the sum of the pseudo-header stands there (NEEDS_CSUM) */
};

enum gso_type { /* the kernel's numbers */
	GSO_NONE = 0,
	GSO_TCP4 = 1,
	GSO_TCP6 = 4,
	GSO_UDP = 5, /* of either family */
};

#define GSO_ECN \
	0x80 /* flag of TCP GSO packets: CWR stands in the first segment alone [3168-6.1.2] */
#define GSO_ACCECN 0x10 /* flag: CWR stands in every segment, as AccECN uses it */

struct offload {         /* all zero: nothing is left to be done */
	uint8_t csum;    /* enum csum_state */
	uint8_t gso;     /* enum gso_type */
	uint8_t ecn;     /* GSO_ECN, GSO_ACCECN or 0 */
	uint16_t seg;    /* of a GSO packet: payload bytes in each segment but the last */
	uint16_t header; /* of a GSO packet: bytes of IP and L4 header; of what comes in a mere hint
			  */
	uint16_t csum_start; /* partial: the sum runs from this byte of the packet to its end ... */
	uint16_t csum_offset; /* ... and goes to this byte from there */
};

#define OFFLOAD_HDR 10 /* bytes of a struct virtio_net_hdr, in the byte order of this machine */

/* Reads HDR, OFFLOAD_HDR bytes.  False: it speaks of what we did not ask for. */
bool offload_read(struct offload *o, const uint8_t *hdr);

/* Writes O to HDR, OFFLOAD_HDR bytes. */
void offload_write(const struct offload *o, uint8_t *hdr);

#endif
