/* daemon_notify - notifies the service manager: at once of events that it waits for, and every few
 * seconds of the status line if that has changed. */
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "daemon/service.h"

#define STATUS_MS 5000 /* interval between updates of the status line */

void daemon_find_manager(struct daemon *d)
{
	d->manager.fd = service_notify_open();
	d->manager.watchdog = service_watchdog();
}

char *daemon_status_line(const struct daemon *d, char line[STATUS_MAX])
{
	const struct active *a = d->active;
	struct status now = {.counters = &d->counters,
			     .pool = a->pool,
			     .link_down = !tun_is_up(d->tun),
			     .reload_refused = d->reload.any && !d->reload.ok};
	char name[DAEMON_POOL_NAME];

	for (size_t i = 0; a->pool && i < a->ones; i++) {
		const struct one_pool *one = &a->one[i];

		if (one->standby || one->size == 0 || one->used < one->size)
			continue;
		if (now.fulls++ == 0)
			now.full = daemon_pool_name(a, one, name);
	}
	return status_line(line, &now);
}

/* The manager may be too busy to receive a message.  Therefore READY=1 is sent with each line until
 * one is accepted. */
void daemon_status(struct daemon *d)
{
	char line[STATUS_MAX], message[STATUS_MAX + 32];

	daemon_count_fast(d);
	d->manager.status_at = d->now + STATUS_MS;
	if (d->manager.fd < 0)
		return;
	daemon_keep_device(d);
	daemon_status_line(d, line);
	if (!d->manager.unready && strcmp(line, d->manager.told) == 0)
		return;
	snprintf(message, sizeof(message), "%sSTATUS=%s", d->manager.unready ? "READY=1\n" : "",
		 line);
	if (!service_notify(d->manager.fd, message))
		return;
	d->manager.unready = false;
	memcpy(d->manager.told, line, sizeof(line));
}

void daemon_ready(struct daemon *d)
{
	d->manager.unready = true;
	daemon_status(d);
}

void daemon_maintain_status(struct daemon *d)
{
	if (d->manager.unready || d->device.unkept || d->now >= d->manager.status_at)
		daemon_status(d);
}

void daemon_serve_watchdog(struct daemon *d)
{
	service_notify(d->manager.fd, "WATCHDOG=1");
	d->manager.watchdog_at = d->now + d->manager.watchdog;
}

int64_t daemon_watchdog_due(const struct daemon *d)
{
	return d->manager.watchdog > 0 ? d->manager.watchdog_at : INT64_MAX;
}
