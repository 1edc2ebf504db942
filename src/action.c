/* action - decides what is said and done when nothing is to be run: a device made or removed, a
 * configuration tested or printed. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "posix.h"
#include "action.h"
#include "leasefile.h"
#include "log.h"
#include "tun.h"

/* A question about what a unit of ours reads is answered as that unit would run it, if it ever has:
 * its directory is made by its first start. */
const char *action_state_directory(const struct options *o)
{
	const char *given = getenv("STATE_DIRECTORY");
	struct stat st;

	if ((given && *given) || (o->action != ACTION_TEST && o->action != ACTION_PRINT))
		return given;
	return stat(o->unit_dir, &st) == 0 && S_ISDIR(st.st_mode) ? o->unit_dir : NULL;
}

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

/* Who gives STATE_DIRECTORY makes it as well. */
static bool is_given(const char *dir)
{
	const char *given = getenv("STATE_DIRECTORY");

	return given && strncmp(given, dir, strlen(dir)) == 0;
}

/* The service would not start, so it is worth a word; who runs it should have the directory. */
static void check_data_dir(const struct options *o, const struct conf *c)
{
	const char *user = o->user;
	char err[LEASEFILE_ERR], line[CONF_LINE], text[CONF_SHORT];

	if (!user && o->unit_dir[0] && getpwnam("nat64d"))
		user = "nat64d";
	if (!c->data_dir || is_given(c->data_dir) || (c->pools == 0 && !o->chroot) ||
	    !leasefile_missing(c->data_dir, conf_short(text, c->data_dir), user, err, sizeof(err)))
		return;
	conf_say_data_dir(line, c, err);
	log_line(LEVEL_WARNING, line);
}

/* Expanded, it is all that a program has to ask: what -t would warn of is said, too. */
static int print(const struct options *o, const struct conf *c)
{
	if (o->expand) {
		check_data_dir(o, c);
		conf_print_expanded(c, stdout);
	} else {
		conf_print(c, stdout);
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	log_error("standard output: %s", strerror(errno));
	return 1;
}

static int tested(const struct options *o, const struct conf *c)
{
	char line[CONF_LINE], text[CONF_SHORT];

	check_data_dir(o, c);
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
	case ACTION_TEST:
		return tested(o, c);
	case ACTION_PRINT:
		return print(o, c);
	case ACTION_RUN:
		break;
	}
	return 1;
}
