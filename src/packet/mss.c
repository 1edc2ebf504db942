/* mss - finds the MSS option of a SYN and lowers it to what the path can carry. */
#include "packet/mss.h"

#include "lib/csum.h"
#include "lib/wire.h"

enum tcp_option { /* [9293-3.1] */
	OPT_END = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
};

/* Returns the two bytes of the MSS value in OPTS, or NULL.  A malformed option ends the search. */
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

void mss_clamp(uint8_t *tcp, size_t len, unsigned most, bool partial)
{
	const struct tcp_hdr *h = (const void *)tcp;
	size_t header, at;
	const uint8_t *mss;
	uint64_t was;

	if (len < sizeof(*h) || !(h->flags & TCP_SYN))
		return;
	header = (size_t)(h->doff >> 4) * 4;
	if (header < sizeof(*h) || header > len)
		return;
	mss = find_mss((struct span){tcp + sizeof(*h), header - sizeof(*h)});
	if (!mss || get16(mss) <= most)
		return;
	at = (size_t)(mss - tcp);
	was = csum_sum_at(mss, 2, at);
	put16(tcp + at, most);
	if (!partial)
		put16(tcp + offsetof(struct tcp_hdr, csum),
		      csum_update(get16(h->csum), was, csum_sum_at(mss, 2, at)));
}
