/* sample - the least packet of a protocol between two addresses: nothing but these can be in the
 * way of its translation. */
#ifndef NAT64D_SAMPLE_H
#define NAT64D_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

struct sample {
	uint8_t family, proto; /* 4 or 6; ICMP of its own family: an echo request */
	uint32_t src4, dst4;   /* family 4 */
	struct ip6 src6, dst6; /* family 6 */
};

#define SAMPLE_MAX 64 /* bytes */

/* Writes it to AT and returns its length; all its checksums are right. */
size_t sample_write(uint8_t at[SAMPLE_MAX], const struct sample *s);

#endif
