/* nodeid - the ICMP extension object that identifies a node by its IPv6 address
 * [draft-ietf-intarea-extended-icmp-nodeid-3]. */
#ifndef NAT64D_NODEID_H
#define NAT64D_NODEID_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/wire.h"

/* Copies the extension structure EXT [4884-7] to OUT (SIZE bytes, at least 28), appends an object
 * for NODE, and returns the length.  If EXT is empty, malformed, or too long for SIZE, writes a new
 * structure with only this object. */
size_t nodeid_append(uint8_t *out, size_t size, struct span ext, const struct ip6 *node);

#endif
