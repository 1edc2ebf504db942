/* action - the actions of nat64d other than running: creates or removes a device, removes our
 * filter, and checks or prints a configuration. */
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "action.h"
#include "daemon/datadir.h"
#include "daemon/log.h"
#include "linux/tc.h"
#include "linux/tun.h"

static int complain(const char *err)
{
	log_error("%s", err);
	return 1;
}

static int make_device(const struct conf *c, const struct service_user *user)
{
	char err[TUN_ERR];

	if (tun_make(c->tun_device, c->tun_mtu, user->uid, user->gid, err) < 0)
		return complain(err);
	log_notice("tun-device %s: now persistent", c->tun_device);
	return 0;
}

static int remove_device(const struct conf *c)
{
	char err[TUN_ERR];
	int rc = tun_remove(c->tun_device, err);

	if (rc < 0)
		return complain(err);
	log_notice("tun-device %s: %s", c->tun_device,
		   rc > 0 ? "does not exist, nothing to remove" : "removed");
	return 0;
}

/* The units call this at each stop, so it prints nothing if there is nothing to do. */
static int remove_filter(const struct conf *c)
{
	unsigned index = if_nametoindex(c->tun_device);
	int n = index > 0 ? tc_detach(index) : 0;

	if (n < 0) {
		log_error("tun-device %s: tc filter nat64d: %s%s", c->tun_device, strerror(errno),
			  errno == EPERM ? " (this needs root or CAP_NET_ADMIN)" : "");
		return 1;
	}
	if (n > 0)
		log_notice("tun-device %s: tc filter nat64d removed", c->tun_device);
	return 0;
}

/* The service manager that sets STATE_DIRECTORY, a list separated by colons, also creates those
 * directories; conf_load() uses the first one. */
static bool is_given(const char *dir)
{
	const char *given = getenv("STATE_DIRECTORY");
	size_t n = strlen(dir);

	return given && strcspn(given, ":") == n && strncmp(given, dir, n) == 0;
}

/* Returns the user of the daemon: the one named on the command line, or else that of the units. */
static struct service_user daemon_user(const struct service_user *named)
{
	struct service_user user = *named;
	char ignored[SERVICE_ERR];

	if (user.uid == (uid_t)-1)
		service_user_find(&user, "nat64d", NULL, ignored);
	return user;
}

static bool needs_data_dir(const struct options *o, const struct conf *c)
{
	return c->data_dir && !is_given(c->data_dir) && (c->pools > 0 || o->chroot);
}

/* Logs at LEVEL a problem with data-dir that would keep the daemon from starting. */
static bool check_data_dir(const struct options *o, const struct conf *c,
			   const struct service_user *named, enum log_level level)
{
	const struct service_user user = daemon_user(named);
	char err[LEASEFILE_ERR], line[CONF_LINE], text[CONF_SHORT];

	if (!needs_data_dir(o, c) ||
	    datadir_usable(c->data_dir, conf_short(text, c->data_dir), &user, err, sizeof(err)))
		return true;
	conf_say_data_dir(line, c, err);
	log_line(level, line);
	return false;
}

/* The same for pool-key if it is outside of data-dir.  If --chroot is given, root reads the file
 * before the root directory changes. */
static bool check_key(const struct options *o, const struct conf *c,
		      const struct service_user *named, enum log_level level)
{
	const struct service_user root = {.uid = 0}, user = o->chroot ? root : daemon_user(named);
	char err[LEASEKEY_ERR], line[CONF_LINE], text[CONF_SHORT];

	if (!c->pool_key || *c->pool_key != '/' || c->pools == 0 ||
	    datadir_key_usable(c->pool_key, conf_short(text, c->pool_key), &user, err, sizeof(err)))
		return true;
	datadir_say_key(line, c, err);
	log_line(level, line);
	return false;
}

static bool is_in(const struct service_user *user, gid_t gid)
{
	gid_t all[256];
	int n = sizeof(all) / sizeof(*all);

	if (getgrouplist(user->name, user->gid, all, &n) < 0)
		return true; /* too many groups: assume that it is a member */
	while (n-- > 0)
		if (all[n] == gid)
			return true;
	return false;
}

static void say_group(const struct conf *c, enum log_level level, const char *what)
{
	char line[CONF_LINE], file[CONF_SHORT];

	snprintf(line, sizeof(line), "%s:%u: control-group: %s: %s", conf_short(file, c->path),
		 conf_place(c, "control-group", 0).line, c->control_group, what);
	log_line(level, line);
}

/* Logs at LEVEL a problem with control-group that would keep the daemon from starting.  Without -u
 * the units start the daemon as a user who cannot join a group.  Then a warning is enough, since
 * root may start the daemon as well. */
static bool check_control_group(const struct conf *c, const struct service_user *named,
				enum log_level level)
{
	const struct service_user user = daemon_user(named);
	char ignored[SERVICE_ERR];
	gid_t gid;

	if (!c->control_group || c->control_off)
		return true;
	if (service_group_find(&gid, c->control_group, ignored) < 0) {
		say_group(c, level,
			  "no such group (create it with groupadd(8), or remove this line)");
		return false;
	}
	if (named->uid == (uid_t)-1 && user.name[0] && !is_in(&user, gid))
		say_group(c, LEVEL_WARNING,
			  "user nat64d is not a member of that group, so the units cannot start "
			  "the daemon (add it with usermod(8))");
	return true;
}

/* Does nothing without root privileges or without a user to prepare for. */
static int prepare(const struct options *o, const struct conf *c, const struct service_user *named)
{
	const struct service_user user = daemon_user(named);

	if (geteuid() == 0 && user.uid != (uid_t)-1 && needs_data_dir(o, c))
		datadir_prepare(c->data_dir, &user);
	return 0;
}

/* With --expand, a program asks for everything at once, so the warnings of -t are included. */
static int print(const struct options *o, const struct conf *c, const struct service_user *user)
{
	if (o->expand) {
		check_control_group(c, user, LEVEL_WARNING);
		check_data_dir(o, c, user, LEVEL_WARNING);
		check_key(o, c, user, LEVEL_WARNING);
		conf_print_expanded(c, stdout);
	} else {
		conf_print(c, stdout);
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_error("standard output: %s", strerror(errno));
	return 1;
}

static int tested(const struct options *o, const struct conf *c, const struct service_user *user)
{
	char line[CONF_LINE], text[CONF_SHORT];

	bool group = check_control_group(c, user, LEVEL_ERROR);
	bool key = check_key(o, c, user, LEVEL_ERROR);

	if (!check_data_dir(o, c, user, LEVEL_ERROR) || !group || !key)
		return 1;
	snprintf(line, sizeof(line), "%s: configuration is valid", conf_short(text, c->path));
	log_line(LEVEL_NOTICE, line);
	return 0;
}

int action_run(const struct options *o, const struct conf *c, const struct service_user *user)
{
	switch (o->action) {
	case ACTION_MAKE:
		return make_device(c, user);
	case ACTION_REMOVE:
		return remove_device(c);
	case ACTION_UNFILTER:
		return remove_filter(c);
	case ACTION_TEST:
		return tested(o, c, user);
	case ACTION_PRINT:
		return print(o, c, user);
	case ACTION_PREPARE:
		return prepare(o, c, user);
	case ACTION_RUN:
		break;
	}
	return 1;
}
