/* mss - clamps the Maximum Segment Size option of a TCP SYN [9293-3.7.1]. */
#ifndef NAT64D_MSS_H
#define NAT64D_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lowers the MSS in the TCP segment of LEN bytes at TCP to at most MOST bytes.  Updates the
 * checksum, unless it is PARTIAL and thus does not cover the option.  Leaves a segment unchanged
 * that is not a SYN or has no MSS option. */
void mss_clamp(uint8_t *tcp, size_t len, unsigned most, bool partial);

#endif
