/* mss - decides whether a TCP segment announces more than the way carries. */
#include "mss.h"

#include "csum.h"
#include "wire.h"

enum tcp_option { /* [9293-3.1] */
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
};

/* The two bytes of the MSS option among OPTS, or NULL; a malformed option ends the search. */
static const uint8_t *find_mss(struct span opts)
{
	const uint8_t *kind;

	while ((kind = span_take(&opts, 1)) && *kind != OPT_END) {
		const uint8_t *len;

		if (*kind == OPT_NOP)
			continue;
		len = span_take(&opts, 1);
		if (!len || *len < 2)
			return NULL;
		if (*kind == OPT_MSS)
			return *len == 4 ? span_take(&opts, 2) : NULL;
		if (!span_take(&opts, *len - 2u))
			return NULL;
	}
	return NULL;
}

/* The sum that the 16-bit word at AT adds, where AT is an odd number of bytes from the header: its
 * bytes then stand in the other halves of two words. */
static uint64_t sum_at(size_t at, uint16_t v)
{
	return at % 2 == 0 ? v : (uint64_t)(v & 0xff) << 8 | v >> 8;
}

void mss_clamp(uint8_t *tcp, size_t len, unsigned most)
{
	const struct tcp_hdr *h = (const void *)tcp;
	size_t header, at;
	const uint8_t *mss;
	uint16_t was;

	if (len < sizeof(*h) || !(h->flags & TCP_SYN))
		return;
	header = (size_t)(h->doff >> 4) * 4;
	if (header < sizeof(*h) || header > len)
		return;
	mss = find_mss((struct span){tcp + sizeof(*h), header - sizeof(*h)});
	if (!mss || get16(mss) <= most)
		return;
	was = get16(mss);
	at = (size_t)(mss - tcp);
	put16(tcp + at, most);
	put16(tcp + offsetof(struct tcp_hdr, csum),
	      csum_update(get16(h->csum), sum_at(at, was), sum_at(at, (uint16_t)most)));
}
