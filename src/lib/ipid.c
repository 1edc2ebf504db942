/* ipid - a table of counters [7739-5.3].
 *
 * A keyed hash assigns each address pair to a counter, which several pairs share, and to its own
 * offset. */
#include "lib/ipid.h"

uint16_t ipid_take(struct ipid *t, uint32_t src, uint32_t dst, unsigned n)
{
	uint32_t pair[2] = {src, dst};
	uint64_t h = siphash(&t->key, pair, sizeof(pair));
	uint16_t *counter = &t->counter[h % IPID_COUNTERS];
	uint16_t first = (uint16_t)(*counter + (h >> 32));

	*counter = (uint16_t)(*counter + n);
	return first;
}
