/* batch_impl - private to batch: what the headers of an outgoing packet say about merging it. */
#ifndef NAT64D_BATCH_IMPL_H
#define NAT64D_BATCH_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "packet/output.h"

enum merge_kind {
	MERGE_OTHER,   /* neither TCP nor UDP: never blocks a flow */
	MERGE_UNKNOWN, /* a fragment, which may be of any flow */
	MERGE_NEVER,   /* of a known flow, but must stay as it is */
	MERGE_MAYBE,
};

/* What may be done to O. */
enum merge_kind batch_kind(const struct output *o);

/* The flags of O, of MERGE_MAYBE, after which no segment may follow: TCP_FIN and TCP_PSH. */
uint8_t batch_ends(const struct output *o);

/* Are the IP addresses, the protocol and the ports of A and B the same? */
bool batch_same_flow(const struct output *a, const struct output *b);

/* Do the headers of B, which is of the flow of A, say nothing but what a segment of the GSO packet
 * that starts with A would say, HELD payload bytes after its start? */
bool batch_same_header(const struct output *a, const struct output *b, size_t held);

/* Is the complete checksum of O, which is not merged yet, right? */
bool batch_checksum_ok(const struct output *o);

/* Makes the headers of O those of a GSO packet of O's length that ends with the TCP flags ENDS.
 * ID: its IPv4 Identification. */
void batch_put_headers(struct output *o, uint8_t ends, unsigned id);

#endif
