/* daemon_sandbox - the sandbox of the daemon and of the keeper: which directories they need, and
 * what is logged about it.
 *
 * The daemon enters it during the start, after everything that needs more: Landlock before the
 * keeper starts, and seccomp at the end. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon.h"
#include "lib/fd.h"
#include "lib/path.h"
#include "linux/landlock_linux.h"
#include "linux/sandbox.h"
#include "linux/sandbox_try.h"
#include "linux/seccomp_linux.h"

#define PLACES 16

/* The tools that such a build contains use other system calls and files. */
#ifdef SANDBOX_UNFIT
#define IS_UNFIT true
#else
#define IS_UNFIT false
#endif

#ifdef SANDBOX_KILL
#define KILL true
#else
#define KILL false
#endif

static enum sandbox_mode mode(const struct daemon *d)
{
	return (enum sandbox_mode)d->active->conf->sandbox;
}

static bool is_on(const struct daemon *d)
{
	return mode(d) == SANDBOX_STRICT || (mode(d) == SANDBOX_AUTO && !IS_UNFIT);
}

static void say(enum seccomp_who who, long call, bool killed)
{
	log_warning("sandbox: %s made the forbidden system call %s (%ld), %s",
		    who == SECCOMP_KEEPER ? "the keeper" : "nat64d", seccomp_name(call), call,
		    killed ? "and is killed" : "which failed");
}

static void say_last_words(enum seccomp_who who, long call)
{
	say(who, call, true);
}

/* --- the keeper --------------------------------------------------------------------------- */

/* Runs in the keeper.  The daemon has logged what this kernel lacks. */
static bool enter_keeper(void *arg, int dir)
{
	const struct daemon *d = arg;
	const struct landlock_place place = {.dir = dir, .may = LANDLOCK_WRITE};
	const struct seccomp_plan plan = {.who = SECCOMP_KEEPER,
					  .kill = KILL || mode(d) == SANDBOX_STRICT};
	bool files = landlock_enter(&place, 1) > 0, calls = seccomp_enter(&plan) == 0;

	return (files && calls) || mode(d) == SANDBOX_AUTO;
}

/* --- directories -------------------------------------------------------------------------- */

struct places {
	struct landlock_place at[PLACES];
	char path[PLACES][PATH_MAX];
	size_t n;
};

static void add(struct places *p, const char *path, unsigned may)
{
	size_t i = p->n;

	if (i == PLACES || strlen(path) >= PATH_MAX)
		return;
	strcpy(p->path[i], path);
	p->at[i] = (struct landlock_place){.path = p->path[i], .may = may};
	p->n++;
}

/* If the file is in the root directory, only the file itself: otherwise all files would be
 * allowed. */
static void add_around(struct places *p, const char *path, unsigned may)
{
	char dir[PATH_MAX];

	if (path_directory(dir, sizeof(dir), path))
		add(p, dir, may);
	else if (may == LANDLOCK_READ)
		add(p, path, may);
}

/* An editor replaces a file by another one in its directory.  The file may be a symbolic link. */
static void add_file(struct places *p, const char *path)
{
	char real[PATH_MAX];

	if (!path || strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return;
	add_around(p, path, LANDLOCK_READ);
	if (realpath(path, real))
		add_around(p, real, LANDLOCK_READ);
}

static void add_runtime(struct places *p)
{
	const char *list = getenv("RUNTIME_DIRECTORY");
	char dir[PATH_MAX];

	if (!list || *list != '/')
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)strcspn(list, ":"), list);
	add(p, dir, LANDLOCK_WRITE);
}

/* nat64ctl, as root, creates the directory of the socket again if it was removed. */
static void add_control(struct places *p, const struct conf *c)
{
	char path[CONF_SOCKET_MAX], dir[PATH_MAX];
	const char *at = conf_control_path(c, getenv("RUNTIME_DIRECTORY"), path);

	if (!at || !path_directory(dir, sizeof(dir), at))
		return;
	add(p, dir, LANDLOCK_WRITE);
	add_around(p, dir, LANDLOCK_SOCKET);
}

/* After a change of the root directory, only data-dir can be reached. */
static void find_places(struct places *p, const struct daemon *d)
{
	const struct conf *c = d->active->conf;

	p->n = 0;
	if (d->opt->chroot) {
		add(p, "/", LANDLOCK_WRITE);
		return;
	}
	if (c->data_dir)
		add(p, c->data_dir, LANDLOCK_WRITE);
	add_runtime(p);
	add_control(p, c);
	if (d->opt->pidfile)
		add_around(p, d->opt->pidfile, LANDLOCK_REMOVE);
	add_file(p, d->opt->config);
	add_file(p, c->map_file);
	if (c->pool_key && *c->pool_key == '/')
		add_file(p, c->pool_key);
}

/* --- start -------------------------------------------------------------------------------- */

/* Returns the ABI, or -1 with errno. */
static int limit_files(const struct daemon *d)
{
	struct places *p = malloc(sizeof(*p));
	int abi, err;

	if (!p)
		return -1;
	find_places(p, d);
	abi = landlock_enter(p->at, p->n);
	err = errno;
	free(p);
	errno = err;
	return abi;
}

static int limit_calls(const struct daemon *d)
{
	const struct seccomp_plan plan = {.who = SECCOMP_DAEMON,
					  .kill = KILL || mode(d) == SANDBOX_STRICT,
					  .bpf = d->active->conf->fast_path > 0,
					  .netlink = sandbox_may_configure(),
					  .last_words = say_last_words};

	return seccomp_enter(&plan);
}

static void remember_directory(struct daemon *d)
{
	const char *dir = d->active->conf->data_dir;

	d->sandbox.has_dir = dir && !d->opt->chroot && stat(dir, &d->sandbox.dir) == 0;
}

void daemon_prepare_sandbox(struct daemon *d)
{
	struct leasefile_hooks hooks = {.enter = enter_keeper, .arg = d};

	if (!is_on(d))
		return;
#ifdef SANDBOX_TEST
	hooks.work = sandbox_try_wanted;
	sandbox_try_prepare();
#endif
	seccomp_prepare(); /* without it, seccomp_enter() fails */
	if (d->leases.file)
		leasefile_set_hooks(d->leases.file, &hooks);
	/* Landlock lets the daemon kill a keeper that hangs only if that started later. */
	remember_directory(d);
	d->sandbox.landlock = limit_files(d);
	if (d->sandbox.landlock < 0)
		d->sandbox.landlock = -errno;
}

static const char *why_no_landlock(int err)
{
	switch (err) {
	case ENOSYS:
		return "this kernel has none";
	case EOPNOTSUPP:
		return "it was not enabled at boot (lsm=)";
	case EPERM: /* not from Landlock itself, because PR_SET_NO_NEW_PRIVS is set */
		return "a container or a filter of system calls forbids it";
	default:
		return strerror(err);
	}
}

/* Says what is missing.  Returns 0 if nothing is, or if that is no error. */
static int judge(struct daemon *d, const char *no_calls, const char *no_files)
{
	char *line = d->sandbox.lacks;

	if (!no_calls && !no_files)
		return 0;
	snprintf(line, sizeof(d->sandbox.lacks), "sandbox: incomplete:%s%s%s%s%s",
		 no_calls ? " seccomp: " : "", no_calls ? no_calls : "",
		 no_calls && no_files ? ";" : "", no_files ? " Landlock: " : "",
		 no_files ? no_files : "");
	if (mode(d) == SANDBOX_STRICT) {
		log_error("%s (use another kernel, or `sandbox auto`)", line);
		return -1;
	}
	return 0;
}

void daemon_announce_sandbox(const struct daemon *d)
{
	if (d->sandbox.lacks[0])
		log_notice("%s", d->sandbox.lacks);
}

int daemon_enter_sandbox(struct daemon *d)
{
	const char *no_calls = NULL, *no_files = NULL;

	if (!is_on(d))
		return 0;
	if (d->sandbox.landlock < 0) {
		no_files = why_no_landlock(-d->sandbox.landlock);
		d->sandbox.landlock = 0;
	}
	d->sandbox.seccomp = limit_calls(d) == 0;
	if (!d->sandbox.seccomp)
		no_calls = strerror(errno);
	return judge(d, no_calls, no_files);
}

/* --- while it runs ------------------------------------------------------------------------ */

/* Landlock knows directories by their inodes.  Looks only after the keeper has used the directory,
 * because stat() would not return while a network file system hangs. */
static void mind_directory(struct daemon *d)
{
	unsigned long answers = d->leases.file ? leasefile_answers(d->leases.file) : 0;
	const char *dir = d->active->conf->data_dir;
	char text[CONF_SHORT];
	struct stat st;

	if (!d->sandbox.landlock || !d->sandbox.has_dir || answers == d->sandbox.answers)
		return;
	d->sandbox.answers = answers;
	if (stat(dir, &st) < 0 || same_file(&st, &d->sandbox.dir))
		return;
	log_warning(
		"sandbox: data-dir %s was created anew: restart nat64d, which may only write to "
		"the directory of its start",
		conf_short(text, dir));
	d->sandbox.has_dir = false;
}

void daemon_mind_sandbox(struct daemon *d)
{
	enum seccomp_who who;
	long call;

	while (seccomp_next(&who, &call))
		say(who, call, who == SECCOMP_KEEPER && (KILL || mode(d) == SANDBOX_STRICT));
	mind_directory(d);
}

struct sandbox_state daemon_sandbox_state(const struct daemon *d)
{
	return (struct sandbox_state){
		.mode = conf_sandbox_name(mode(d)),
		.seccomp = d->sandbox.seccomp,
		.landlock = d->sandbox.landlock,
		.has_keeper = d->leases.file != NULL,
		.keeper = seccomp_keeper_entered(),
	};
}
