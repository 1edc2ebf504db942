/* rates - selects the sample at which the interval of a rate begins. */
#include "daemon/rates.h"

#define LEAST_MS 500 /* minimum between two samples */

struct traffic rates_total(const struct counters *c)
{
	struct traffic t = {.bytes = {c->bytes[0], c->bytes[1]}};

	for (int dir = 0; dir < DIRS; dir++)
		for (int why = 0; why < REASON_COUNT; why++)
			t.packets[dir] += c->reason[dir][why];
	return t;
}

void rates_take(struct rates *r, int64_t now, const struct traffic *total)
{
	if (r->taken > 0 && now - r->sample[r->newest].at < LEAST_MS)
		return;
	r->newest = (r->newest + 1) % RATES_KEPT;
	r->sample[r->newest].at = now;
	r->sample[r->newest].total = *total;
	if (r->taken < RATES_KEPT)
		r->taken++;
}

/* Returns the index of the I-th sample before the newest. */
static unsigned before(const struct rates *r, unsigned i)
{
	return (r->newest + RATES_KEPT - i) % RATES_KEPT;
}

struct rate rates_over(const struct rates *r, int64_t now, const struct traffic *total, int64_t ms)
{
	struct rate rate = {.packets = {0}};
	unsigned i = 0, from;
	double seconds;

	if (r->taken == 0)
		return rate;
	while (i + 1 < r->taken && now - r->sample[before(r, i)].at < ms)
		i++;
	from = before(r, i);
	if (now <= r->sample[from].at)
		return rate;
	seconds = (double)(now - r->sample[from].at) / 1000;
	for (int dir = 0; dir < DIRS; dir++) {
		const struct traffic *was = &r->sample[from].total;

		rate.packets[dir] = (double)(total->packets[dir] - was->packets[dir]) / seconds;
		rate.bytes[dir] = (double)(total->bytes[dir] - was->bytes[dir]) / seconds;
	}
	return rate;
}
