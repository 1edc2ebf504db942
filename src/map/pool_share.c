/* pool_share - memory shared with the kernel program.  It has a generation for each lease, which
 * the program checks, and counters, which the program increases. */
#include "pool_impl.h"

void pool_share(struct pool *p, union fastpath_element *shared, size_t n)
{
	p->shared = shared;
	p->shares = n;
}

long pool_shared(const struct pool *p, const struct lease *l)
{
	return pool_share_of(p, l) ? (long)(l - p->lease) - 1 : -1;
}

static uint64_t take(uint64_t *from, uint64_t *to)
{
	uint64_t n;

	if (fastpath_read(from) == 0)
		return 0;
	n = fastpath_take(from);
	*to += n;
	return n;
}

bool pool_gather(struct pool *p, struct lease *l, int32_t now)
{
	struct fastpath_lease *s = pool_share_of(p, l);
	uint64_t sent, came;

	if (!s)
		return false;
	sent = take(&s->packets[FASTPATH_6TO4], &l->packets[FASTPATH_6TO4]);
	came = take(&s->packets[FASTPATH_4TO6], &l->packets[FASTPATH_4TO6]);
	for (int dir = 0; dir < FASTPATH_DIRS; dir++)
		take(&s->bytes[dir], &l->bytes[dir]);
	if (sent > 0)
		pool_touch(p, l, now);
	if (came > 0)
		pool_answer(l);
	return sent > 0 && pool_outdated(l, now);
}
