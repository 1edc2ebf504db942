/* daemon_notify - decides when the service manager hears of us: at once of what it waits for, every
 * few seconds of how it goes, and never of what it knows. */
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "daemon/service.h"

#define STATUS_MS 5000 /* between two looks at how it goes */

/* READY=1 must not be lost when the manager is busy: it goes with every line until one is taken. */
void daemon_status(struct daemon *d)
{
	const struct status now = {&d->counters, d->pool, !tun_is_up(d->tun), d->refused};
	char line[STATUS_MAX], message[STATUS_MAX + 32];

	d->status_at = d->now + STATUS_MS;
	if (d->notify < 0)
		return;
	daemon_keep_device(d);
	status_line(line, &now);
	if (!d->unready && strcmp(line, d->told) == 0)
		return;
	snprintf(message, sizeof(message), "%sSTATUS=%s", d->unready ? "READY=1\n" : "", line);
	if (!service_notify(d->notify, message))
		return;
	d->unready = false;
	memcpy(d->told, line, sizeof(line));
}

void daemon_ready(struct daemon *d)
{
	d->unready = true;
	daemon_status(d);
}
