/* command_counters - answers `counters` with the packet counters. */
#include <string.h>

#include "commands.h"
#include "daemon/counts.h"

void command_counters(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	bool explain = r->words > 1;

	if (explain && strcmp(r->word[1], "--explain") != 0) {
		answer_add(a, "usage counters [--explain]\n");
		return;
	}
	daemon_count_fast(d);
	answer_add(a, "ok\n");
	(r->json ? counts_json : counts_text)(a, &d->counters, explain);
}
