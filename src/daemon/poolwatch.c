/* poolwatch - decides how full is worth a line, and how often. */
#include "daemon/poolwatch.h"

#include <inttypes.h>
#include <stdio.h>

#define PAUSE 3600000 /* ms between two lines of a kind */
#define HIGH  80      /* per cent */
#define LOW   75

static const char *say_full(struct poolwatch *w, uint64_t refused, int64_t now,
			    char line[POOLWATCH_LINE])
{
	uint64_t n = refused - w->said;

	w->said = refused;
	w->full_at = w->high_at = now + PAUSE;
	snprintf(line, POOLWATCH_LINE,
		 "dynamic-pool: full, %" PRIu64 " packet%s of hosts without a lease refused (add "
		 "another dynamic-pool, and reload)",
		 n, n == 1 ? "" : "s");
	return line;
}

const char *poolwatch_look(struct poolwatch *w, size_t used, size_t size, uint64_t refused,
			   int64_t now, char line[POOLWATCH_LINE])
{
	if (refused > w->said && now >= w->full_at)
		return say_full(w, refused, now, line);
	if (used * 100 < size * LOW || size == 0)
		w->high_at = 0;
	if (used * 100 < size * HIGH || size == 0 || now < w->high_at)
		return NULL;
	w->high_at = now + PAUSE;
	snprintf(line, POOLWATCH_LINE,
		 "dynamic-pool: %zu of %zu addresses are leased; once it is full, new hosts are "
		 "refused (add another dynamic-pool, and reload)",
		 used, size);
	return line;
}
