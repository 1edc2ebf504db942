/* csum - the Internet checksum [1071]: sums, incremental update [1624], pseudo-headers.
 *
 * A *sum* is an unfolded uint64_t that adds 16-bit big-endian words in any order; sums of disjoint
 * even-length pieces may simply be added.  A *checksum* is the folded complement, in host order, as
 * it is read from a packet with get16(). */
#ifndef NAT64D_CSUM_H
#define NAT64D_CSUM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* The sum of LEN bytes; an odd last byte counts as the high half of a word.  Any alignment. */
uint64_t csum_sum(const void *p, size_t len);

/* The sum that the LEN bytes at P add to a message in which they stand at offset AT: at an odd one
 * they are the other halves of its words [1071-2 (B)]. */
uint64_t csum_sum_at(const void *p, size_t len, size_t at);

/* The 16-bit one's-complement sum of SUM (not complemented). */
uint16_t csum_fold(uint64_t sum);

/* The checksum: complement of the folded SUM. */
static inline uint16_t csum_finish(uint64_t sum)
{
	return (uint16_t)~csum_fold(sum);
}

/* The checksum CSUM of a packet in which words summing to OLD were replaced by words summing
 * to NEW [1624 eqn 3]. */
uint16_t csum_update(uint16_t csum, uint64_t old, uint64_t new);

/* Writes CSUM, as csum_update() gave it, to AT in the LEN bytes at MSG, an ICMPv4 message.  It has
 * no pseudo-header, so it can consist of nothing but zeros: that one needs 0xffff, where equation 3
 * says 0. */
void csum_put_icmp4(uint8_t *at, uint16_t csum, const uint8_t *msg, size_t len);

/* What a UDP header carries for CSUM: a computed zero is sent as 0xffff [768, 8200-8.1]. */
static inline uint16_t csum_udp(uint16_t csum)
{
	return csum ? csum : 0xffff;
}

/* The sum of the two addresses of a pseudo-header. */
uint64_t csum_addrs4(uint32_t src, uint32_t dst);
uint64_t csum_addrs6(const struct ip6 *src, const struct ip6 *dst);

/* The sum of the length and protocol of a pseudo-header; the same for IPv4 [793] and IPv6
 * [8200-8.1]. */
static inline uint64_t csum_pseudo(uint32_t len, uint8_t proto)
{
	return (uint64_t)(len >> 16) + (len & 0xffff) + proto;
}

#endif
