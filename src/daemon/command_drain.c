/* command_drain - answers `drain`: turns leases for new hosts off and on, and reports changes. */
#include <string.h>

#include "commands.h"

void command_drain(void *arg, const struct control_request *r, struct answer *a)
{
	struct daemon *d = arg;
	bool on = strcmp(r->word[1], "on") == 0;

	if (!on && strcmp(r->word[1], "off") != 0) {
		answer_add(a, "usage drain on | off\n");
		return;
	}
	if (on != d->xlat.draining) {
		log_notice("drain: %s", on ? "on, new hosts get no lease" : "off");
		daemon_watch(d, "drain", ", \"on\": %s", on ? "true" : "false");
	}
	xlat_set_draining(&d->xlat, on);
	answer_add(a, "ok\n");
	if (r->json)
		answer_add(a, "{\"draining\": %s}\n", on ? "true" : "false");
}
