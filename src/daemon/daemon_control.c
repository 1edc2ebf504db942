/* daemon_control - decides which commands there are, and where the socket is. */
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"

static const struct control_command commands[] = {
	{"counters", "[--explain]", 0, 1, false, command_counters},
	{"drain", "on | off", 1, 1, true, command_drain},
	{"explain", "SRC DST [PROTOCOL]", 2, 3, false, command_explain},
	{"leases", "[ADDRESS | PREFIX]", 0, 1, false, command_leases},
	{"log", "CLASS ... | none", 1, 63, true, command_log},
	{"reload", "", 0, 1, true, command_reload},
	{"setup", "", 0, 0, false, command_setup},
	{"status", "", 0, 0, false, command_status},
	{"trace", "[WORD ...]", 0, CONTROL_WORDS - 1, false, command_trace},
	{"watch", "", 0, 0, false, command_watch},
};

static void answer(void *arg, const struct control_request *r, struct answer *a)
{
	control_run(commands, sizeof(commands) / sizeof(*commands), arg, r, a);
}

/* --- the socket --------------------------------------------------------------------------- */

/* What has been asked for must be had; the default is a gift. */
int daemon_open_control(struct daemon *d)
{
	const struct conf *c = d->active->conf;
	char path[CONF_SOCKET_MAX], err[CONTROL_ERR], file[CONF_SHORT];
	const char *at = conf_control_path(c, getenv("RUNTIME_DIRECTORY"), path);

	if (!at || (d->opt->chroot && !c->control))
		return 0;
	if (!d->opt->chroot)
		d->control = control_open(at, err);
	else
		snprintf(err, sizeof(err),
			 "not with --chroot, which hides the place (leave out "
			 "one of the two)");
	if (d->control)
		return 0;
	if (!c->control) {
		log_warning("control socket %s: %s", at, err);
		return 0;
	}
	log_error("%s:%u: control: %s: %s", conf_short(file, c->path), c->control_line, at, err);
	return -1;
}

int daemon_control_fd(const struct daemon *d)
{
	return d->control ? control_fd(d->control) : -1;
}

void daemon_serve_control(struct daemon *d)
{
	control_serve(d->control, d->now, answer, d);
	daemon_count_traces(d);
}

void daemon_maintain_control(struct daemon *d)
{
	if (!d->control)
		return;
	control_expire(d->control, d->now);
	daemon_maintain_traces(d);
}
