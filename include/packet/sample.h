/* sample - makes the smallest packet of a protocol between two addresses, so that nothing except
 * addresses and protocol can prevent its translation. */
#ifndef NAT64D_SAMPLE_H
#define NAT64D_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

struct sample {
	uint8_t family,
		proto;       /* 4 or 6; for ICMP of its own family, the packet is an echo request */
	uint32_t src4, dst4; /* family 4 */
	struct ip6 src6, dst6; /* family 6 */
};

#define SAMPLE_MAX 64 /* bytes */

/* Writes the packet to AT and returns its length; all its checksums are correct. */
size_t sample_write(uint8_t at[SAMPLE_MAX], const struct sample *s);

#endif
