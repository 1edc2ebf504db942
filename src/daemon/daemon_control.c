/* daemon_control - the table of commands, the place of the control socket, and the daemon's calls
 * of control.h. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "daemon/service.h"

#define REST_MOST 1000 /* us; limits the pause, for example after a reload */

static const struct control_command commands[] = {
	{"config", "", 0, 0, false, command_config},
	{"counters", "[--explain]", 0, 1, false, command_counters},
	{"demote", "POOL [REVISION]", 1, 2, true, command_demote},
	{"drain", "on | off", 1, 1, true, command_drain},
	{"explain", "SRC DST [PROTOCOL]", 2, 3, false, command_explain},
	{"export", "[ADDRESS | PREFIX]", 0, 1, false, command_export},
	{"health", "[--target ADDRESS]", 0, 2, false, command_health},
	{"history", "", 0, 0, false, command_history},
	{"import", "[--known | --recover | --replace PREFIX]", 0, 2, true, command_import},
	{"leases", "[ADDRESS | PREFIX]", 0, 1, false, command_leases},
	{"log", "CLASS ... | none", 1, 63, true, command_log},
	{"maps", "", 0, 0, false, command_maps},
	{"metrics", "[--openmetrics]", 0, 1, false, command_metrics},
	{"networks", "[ADDRESS | PREFIX]", 0, 1, false, command_networks},
	{"pin", "ADDRESS", 1, 1, true, command_pin},
	{"promote", "POOL [REVISION]", 1, 2, true, command_promote},
	{"release", "ADDRESS", 1, 1, true, command_release},
	{"reload", "[check]", 0, 1, true, command_reload},
	{"setup", "", 0, 0, false, command_setup},
	{"status", "", 0, 0, false, command_status},
#ifdef SANDBOX_TEST
	{"test-call", "[helper] NAME", 1, 2, true, command_test_call},
#endif
	{"trace", "[WORD ...]", 0, CONTROL_WORDS - 1, false, command_trace},
	{"unpin", "ADDRESS", 1, 1, true, command_unpin},
	{"watch", "", 0, 0, false, command_watch},
	{"who", "ADDRESS", 1, 1, false, command_who},
};

static void answer(void *arg, const struct control_request *r, struct answer *a)
{
	control_run(commands, sizeof(commands) / sizeof(*commands), arg, r, a);
}

/* --- the socket --------------------------------------------------------------------------- */

/* Writes the path of the socket to PATH and returns it; NULL: no socket. */
static const char *find_place(const struct daemon *d, char path[CONF_SOCKET_MAX])
{
	const struct conf *c = d->active->conf;

	if (d->opt->chroot && !c->control)
		return NULL;
	return conf_control_path(c, getenv("RUNTIME_DIRECTORY"), path);
}

static int complain(const struct conf *c, const char *name, const char *what, const char *why)
{
	char file[CONF_SHORT];

	log_error("%s:%u: %s: %s: %s", conf_short(file, c->path), conf_place(c, name, 0).line, name,
		  what, why);
	return -1;
}

int daemon_find_group(const struct daemon *d, gid_t *gid)
{
	const struct conf *c = d->active->conf;
	char path[CONF_SOCKET_MAX], err[SERVICE_ERR];

	*gid = (gid_t)-1;
	if (!c->control_group || !find_place(d, path) ||
	    service_group_find(gid, c->control_group, err) == 0)
		return 0;
	return complain(c, "control-group", c->control_group,
			"no such group (create it with groupadd(8), or remove this line)");
}

/* A socket that the configuration asks for must work.  Failure of the default one is only a
 * warning.
 */
int daemon_open_control(struct daemon *d, gid_t gid)
{
	const struct conf *c = d->active->conf;
	char path[CONF_SOCKET_MAX], err[CONTROL_ERR];
	const char *at = find_place(d, path);

	if (!at)
		return 0;
	if (gid != (gid_t)-1 && geteuid() != 0 && !service_is_in(gid))
		return complain(c, "control-group", c->control_group,
				"the user of nat64d is not a member of that group (add it with "
				"usermod(8), or start nat64d as root)");
	if (!d->opt->chroot)
		d->control = control_open(at, gid, err);
	else
		snprintf(err, sizeof(err),
			 "cannot be used with --chroot, which makes this path unreachable (remove "
			 "one of the two)");
	if (d->control)
		return 0;
	if (c->control)
		return complain(c, "control", at, err);
	log_warning("control socket %s: %s", at, err);
	return 0;
}

void daemon_renew_control(struct daemon *d)
{
	char err[CONTROL_ERR];
	int made = d->control ? control_renew(d->control, err) : 0;

	if (made > 0)
		log_notice("control socket: created again after it was removed");
	else if (made < 0)
		log_warning("control socket: it was removed and cannot be created again: %s", err);
}

bool daemon_control_rests(const struct daemon *d)
{
	return d->control_rest > d->now_us;
}

int daemon_control_fd(const struct daemon *d)
{
	return d->control && !daemon_control_rests(d) ? control_fd(d->control) : -1;
}

/* Clients that send requests without pause get a third of the CPU.  If the daemon never slept, the
 * kernel would schedule it late, and that would delay packets. */
void daemon_serve_control(struct daemon *d)
{
	int64_t began = clock_us(), rest;

	control_serve(d->control, d->now, answer, d);
	rest = 2 * (clock_us() - began);
	d->control_rest = clock_us() + (rest < REST_MOST ? rest : REST_MOST);
	daemon_count_traces(d);
}

void daemon_maintain_control(struct daemon *d)
{
	if (!d->control)
		return;
	control_expire(d->control, d->now);
	daemon_maintain_traces(d);
}
