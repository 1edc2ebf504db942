/* poolwatch - the thresholds of the warnings about a pool, and their interval. */
#include "daemon/poolwatch.h"

#include <inttypes.h>
#include <stdio.h>

#define PAUSE 3600000 /* minimum ms between two warnings of a kind */
#define HIGH  80      /* percent */
#define LOW   75

#define REMEDY                                                                                  \
	"(`nat64ctl networks` shows the leases of each network: limit them with share, or add " \
	"another dynamic-pool, and reload)"

static const char *say_full(struct poolwatch *w, const char *name, uint64_t refused, int64_t now,
			    char line[POOLWATCH_LINE])
{
	uint64_t n = refused - w->said;

	w->said = refused;
	w->full_at = w->high_at = now + PAUSE;
	snprintf(line, POOLWATCH_LINE,
		 "%s: full, %" PRIu64 " packet%s of hosts without a lease refused " REMEDY, name, n,
		 n == 1 ? "" : "s");
	return line;
}

const char *poolwatch_look(struct poolwatch *w, const char *name, const struct poolwatch_look *is,
			   int64_t now, char line[POOLWATCH_LINE])
{
	if (is->refused < w->said) /* a reload has removed a range together with its count */
		w->said = is->refused;
	if (is->refused > w->said && now >= w->full_at)
		return say_full(w, name, is->refused, now, line);
	if (is->used * 100 < is->size * LOW || is->size == 0)
		w->high_at = 0;
	if (is->used * 100 < is->size * HIGH || is->size == 0 || now < w->high_at)
		return NULL;
	w->high_at = now + PAUSE;
	snprintf(line, POOLWATCH_LINE,
		 "%s: %zu of %zu addresses are leased; once it is full, new hosts may be "
		 "refused " REMEDY,
		 name, is->used, is->size);
	return line;
}
