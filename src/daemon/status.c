/* status - the one-line summary of the daemon's state. */
#include "daemon/status.h"

#include <inttypes.h>
#include <stdio.h>

/* Link-local multicast of the kernel and answered echo requests count as neither translated nor
 * refused. */
static bool is_refusal(enum reason why)
{
	return why != REASON_OK && why != REASON_SELF_ECHO && reason_table[why].class != CLASS_NONE;
}

static uint64_t translated(const struct counters *c)
{
	return c->reason[DIR_4TO6][REASON_OK] + c->reason[DIR_6TO4][REASON_OK];
}

static uint64_t refused(const struct counters *c)
{
	uint64_t n = 0;

	for (int why = 0; why < REASON_COUNT; why++)
		if (is_refusal((enum reason)why))
			n += c->reason[DIR_4TO6][why] + c->reason[DIR_6TO4][why];
	return n;
}

char *status_line(char out[STATUS_MAX], const struct status *s)
{
	char leases[64] = "", full[192] = "", more[32] = "";
	struct pool_total own;

	if (s->fulls > 1)
		snprintf(more, sizeof(more), " and %zu more", s->fulls - 1);
	if (s->full)
		snprintf(full, sizeof(full), "%s%s %s full, ", s->full, more,
			 s->fulls > 1 ? "are" : "is");
	if (s->pool) {
		own = pool_own(s->pool);
		snprintf(leases, sizeof(leases), "%zu of %zu addresses leased, ", own.used,
			 own.size);
	}
	snprintf(out, STATUS_MAX, "%s%s%s%" PRIu64 " packets translated, %" PRIu64 " refused%s",
		 s->link_down ? "the link is down, nothing is translated: " : "", leases, full,
		 translated(s->counters), refused(s->counters),
		 s->reload_refused ? "; the last reload was refused, see the log" : "");
	return out;
}
