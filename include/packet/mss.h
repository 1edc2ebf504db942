/* mss - clamps the Maximum Segment Size option of a TCP SYN [9293-3.7.1]. */
#ifndef NAT64D_MSS_H
#define NAT64D_MSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lowers the MSS that the LEN bytes at TCP announce to at most MOST bytes, and brings the checksum
 * up to date unless it is PARTIAL and does not cover the option yet.  Leaves alone what is no SYN
 * or has no such option. */
void mss_clamp(uint8_t *tcp, size_t len, unsigned most, bool partial);

#endif
