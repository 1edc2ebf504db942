/* batch - holds what leaves in one burst, and merges the packets of a flow into GSO packets, as the
 * kernel does where it receives.
 *
 * TCP: same addresses, ports, flags, acknowledgement, window and options; sequence numbers in a
 * row; FIN or PSH ends a GSO packet; SYN, RST, URG and CWR are never merged.  UDP: same addresses
 * and ports, all of one size, a shorter one ends the GSO packet.  Both: same TOS, TTL and DF.
 * Packets of one flow leave in the order in which they came; fragments are taken to be of any TCP
 * or UDP flow. Otherwise all leaves in the order in which its first packet came.  A packet joins a
 * GSO packet only if its checksum is partial, vouched for, or has been found right: what is corrupt
 * stays so. */
#ifndef NAT64D_BATCH_H
#define NAT64D_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ipid.h"
#include "packet/offload.h"
#include "lib/wire.h"
#include "xlat/xlat.h"

#define BATCH_PACKETS 1024 /* held at most */
#define BATCH_PARTS   64 /* merged into one GSO packet at most; the kernel takes 64 UDP segments */

enum batch_merge { /* what may be merged: what the device takes; bits */
	BATCH_TCP = 1,
	BATCH_UDP = 2,
};

struct batch;

/* A packet or a GSO packet to send.  OFFLOAD_HDR bytes in front of part[0] may be overwritten. */
struct batch_out {
	struct offload offload;
	unsigned parts;                    /* 1 to BATCH_PARTS + 1 */
	unsigned segments;                 /* packets that it makes on the wire */
	size_t len;                        /* of all parts */
	struct span part[BATCH_PARTS + 1]; /* all headers are in the first; a part may end anywhere
					    * in the payload */
};

/* An empty batch; KEY keeps strangers from knowing which flows get into each other's way.  IPID
 * numbers the packets of IPv4 GSO packets that may be fragmented on their way.  NULL without
 * memory. */
struct batch *batch_new(const struct siphash_key *key, struct ipid *ipid);
void batch_free(struct batch *b);

/* From now on merges what MERGE says; at first nothing. */
void batch_allow(struct batch *b, unsigned merge);

/* Takes F; its bytes must stay until batch_flush(), which may write to its headers.  False: full.
 */
bool batch_add(struct batch *b, const struct frame *f);

/* Gives all that is held to SEND, in order, and is empty then. */
void batch_flush(struct batch *b, void (*send)(void *arg, const struct batch_out *out), void *arg);

/* Packets, or GSO packets that came as such, that were merged onto others, ever. */
uint64_t batch_merged(const struct batch *b);

#endif
