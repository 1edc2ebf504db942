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
#include "lib/siphash.h"
#include "packet/output.h"

#define BATCH_PACKETS 1024 /* held at most */

enum batch_merge { /* what may be merged: what the device takes; bits */
	BATCH_TCP = 1,
	BATCH_UDP = 2,
};

struct batch;

/* An empty batch; KEY keeps strangers from knowing which flows get into each other's way.  IPID
 * numbers the packets of IPv4 GSO packets that may be fragmented on their way.  NULL without
 * memory. */
struct batch *batch_new(const struct siphash_key *key, struct ipid *ipid);
void batch_free(struct batch *b);

/* From now on merges what MERGE says; at first nothing. */
void batch_allow(struct batch *b, unsigned merge);

/* Takes O, as the translator has made it; its bytes must stay until it leaves, and its headers may
 * be written to.  False: full. */
bool batch_add(struct batch *b, const struct output *o);

/* The next one that leaves, valid until something is added; NULL: that was all, and B is empty.
 * Nothing may be added before that. */
const struct output *batch_next(struct batch *b);

/* Packets, or GSO packets that came as such, that were merged onto others, ever. */
uint64_t batch_merged(const struct batch *b);

#endif
