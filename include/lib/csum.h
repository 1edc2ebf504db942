/* csum - the Internet checksum [1071]: sums, incremental updates [1624] and pseudo-headers.
 *
 * A *sum* is an unfolded uint64_t that adds 16-bit big-endian words in any order; sums of separate
 * even-length pieces can be added.  A *checksum* is the folded complement, in host order, as
 * get16() reads it from a packet. */
#ifndef NAT64D_CSUM_H
#define NAT64D_CSUM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

/* Returns the sum of LEN bytes; an odd last byte is the high half of a word.  P needs no
 * alignment. */
uint64_t csum_sum(const void *p, size_t len);

/* Returns what the LEN bytes at P add to the sum of a message that has them at offset AT.  At an
 * odd offset, the bytes are the other halves of the words [1071-2 (B)]. */
uint64_t csum_sum_at(const void *p, size_t len, size_t at);

/* Returns the 16-bit one's-complement sum of SUM, not complemented. */
uint16_t csum_fold(uint64_t sum);

/* Returns the checksum: the complement of the folded SUM. */
static inline uint16_t csum_finish(uint64_t sum)
{
	return (uint16_t)~csum_fold(sum);
}

/* Returns checksum CSUM updated for words with sum OLD that were replaced by words with sum NEW
 * [1624 eqn 3]. */
uint16_t csum_update(uint16_t csum, uint64_t old, uint64_t new);

/* Writes CSUM, a result of csum_update(), to AT inside the ICMPv4 message MSG of LEN bytes.  ICMPv4
 * has no pseudo-header, so a message can be all zeros; its checksum is 0xffff, but equation 3 gives
 * 0. */
void csum_put_icmp4(uint8_t *at, uint16_t csum, const uint8_t *msg, size_t len);

/* Returns the checksum field of UDP for CSUM: a computed zero is sent as 0xffff [768, 8200-8.1]. */
static inline uint16_t csum_udp(uint16_t csum)
{
	return csum ? csum : 0xffff;
}

/* Return the sum of the two addresses of a pseudo-header. */
uint64_t csum_addrs4(uint32_t src, uint32_t dst);
uint64_t csum_addrs6(const struct ip6 *src, const struct ip6 *dst);

/* Returns the sum of the length and protocol of a pseudo-header; IPv4 [793] and IPv6 [8200-8.1]
 * give the same sum. */
static inline uint64_t csum_pseudo(uint32_t len, uint8_t proto)
{
	return (uint64_t)(len >> 16) + (len & 0xffff) + proto;
}

#endif
