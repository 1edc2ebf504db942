/* action - decides what is said and done when nothing is to be run: a device made or removed, or
 * rid of our filter, a configuration tested or printed. */
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
	log_notice("tun-device %s: is persistent", c->tun_device);
	return 0;
}

static int remove_device(const struct conf *c)
{
	char err[TUN_ERR];
	int rc = tun_remove(c->tun_device, err);

	if (rc < 0)
		return complain(err);
	log_notice("tun-device %s: %s", c->tun_device,
		   rc > 0 ? "is not there, nothing to remove" : "removed");
	return 0;
}

/* The units do this at each stop: where there is nothing to do, nothing is said. */
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

/* Who gives STATE_DIRECTORY makes it as well. */
static bool is_given(const char *dir)
{
	const char *given = getenv("STATE_DIRECTORY");

	return given && strncmp(given, dir, strlen(dir)) == 0;
}

/* Whom the daemon runs as: the user named, or else that of the units. */
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

/* What is wrong with data-dir, and keeps the daemon from starting, is said at LEVEL. */
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

/* The same of pool-key, where that is elsewhere.  Before it changes its root directory, root reads
 * it. */
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
		return true; /* of so many groups nobody can tell */
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

/* What is wrong with control-group, and keeps the daemon from starting, is said at LEVEL.  Without
 * -u the units start the daemon, as a user who cannot join a group by himself; a warning is enough
 * then, since root may start it as well. */
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
			  "there is no such group (add it, as with groupadd(8), or leave the line "
			  "out)");
		return false;
	}
	if (named->uid == (uid_t)-1 && user.name[0] && !is_in(&user, gid))
		say_group(c, LEVEL_WARNING,
			  "user nat64d is not in that group, so the units cannot start it (add it, "
			  "as with usermod(8))");
	return true;
}

/* Without rights, or a user to do it for, there is nothing to do. */
static int prepare(const struct options *o, const struct conf *c, const struct service_user *named)
{
	const struct service_user user = daemon_user(named);

	if (geteuid() == 0 && user.uid != (uid_t)-1 && needs_data_dir(o, c))
		datadir_prepare(c->data_dir, &user);
	return 0;
}

/* Expanded, it is all that a program has to ask: what -t would warn of is said, too. */
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
	snprintf(line, sizeof(line), "%s: configuration is fine", conf_short(text, c->path));
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
