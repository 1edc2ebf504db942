/* csum - sums bytes fast: loads 64 bits in native order and swaps once at the end [1071-2]. */
#include "lib/csum.h"

#include <string.h>

#include "lib/wire.h"

static uint64_t load64(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* Sums the low and the high halves of words separately, so that no carry is lost below 32 GiB. */
struct halves {
	uint64_t lo, hi;
};

static inline void add64(struct halves *h, uint64_t w)
{
	h->lo += (uint32_t)w;
	h->hi += w >> 32;
}

/* A sum in native order is the sum in network order with its bytes swapped, if the two orders
 * differ [1071-2 (B)].  Storing it to memory makes this swap. */
static uint64_t to_network(const struct halves *h)
{
	uint16_t native = csum_fold(csum_fold(h->lo) + (uint64_t)csum_fold(h->hi));
	uint8_t b[2];

	memcpy(b, &native, sizeof(b));
	return get16(b);
}

uint64_t csum_sum(const void *data, size_t len)
{
	const uint8_t *p = data;
	struct halves even = {0, 0}, odd = {0, 0};
	uint64_t tail = 0;

	for (; len >= 32; p += 32, len -= 32) {
		add64(&even, load64(p));
		add64(&odd, load64(p + 8));
		add64(&even, load64(p + 16));
		add64(&odd, load64(p + 24));
	}
	for (; len >= 8; p += 8, len -= 8)
		add64(&even, load64(p));
	if (len) {
		memcpy(&tail, p, len); /* pads an odd last byte with zero */
		add64(&even, tail);
	}
	even.lo += odd.lo;
	even.hi += odd.hi;
	return to_network(&even);
}

uint64_t csum_sum_at(const void *p, size_t len, size_t at)
{
	uint64_t sum = csum_fold(csum_sum(p, len));

	return at % 2 ? sum << 8 : sum;
}

uint16_t csum_fold(uint64_t sum)
{
	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + (sum & 0xffff));
}

uint16_t csum_update(uint16_t csum, uint64_t old, uint64_t new)
{
	uint64_t sum = (uint16_t)~csum;

	sum += (uint16_t)~csum_fold(old);
	sum += csum_fold(new);
	return csum_finish(sum);
}

uint64_t csum_addrs4(uint32_t src, uint32_t dst)
{
	return (uint64_t)(src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff);
}

uint64_t csum_addrs6(const struct ip6 *src, const struct ip6 *dst)
{
	struct halves h = {0, 0};

	add64(&h, load64(src->b));
	add64(&h, load64(src->b + 8));
	add64(&h, load64(dst->b));
	add64(&h, load64(dst->b + 8));
	return to_network(&h);
}

void csum_put_icmp4(uint8_t *at, uint16_t csum, const uint8_t *msg, size_t len)
{
	put16(at, csum);
	if (csum == 0)
		put16(at, csum_finish(csum_sum(msg, len)));
}
