/* nodeid - the ICMP extension object that names a node by its IPv6 address
 * [draft-ietf-intarea-extended-icmp-nodeid-3]. */
#ifndef NAT64D_NODEID_H
#define NAT64D_NODEID_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/wire.h"

/* Writes to OUT (SIZE bytes, 28 or more) the extension structure EXT [4884-7] with an object for
 * NODE behind its other objects, and returns the length.  Where there is none, or none that can be
 * understood, or one too long for SIZE, a new one holds just the object. */
size_t nodeid_append(uint8_t *out, size_t size, struct span ext, const struct ip6 *node);

#endif
