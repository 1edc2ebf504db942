/* nat64ctl_reload - `reload` as root, for a daemon that has dropped its privileges.  Adds to the
 * device what the new configuration needs, lets the daemon reload, and then removes what is no
 * longer needed.
 *
 * The daemon is trusted no more than necessary.  The configuration file and all directories on its
 * path must belong to root.  Only the device that the daemon names is changed. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/fd.h"
#include "daemon/answer.h"
#include "lib/addr_text.h"
#include "conf/conf_rights.h"
#include "nat64ctl.h"
#include "daemon/setup.h"

#define LOCK      "/run/nat64ctl.lock"
#define LOCK_WAIT 30 /* seconds */
#define TRIES     5  /* attempts, if the configuration changes in the meantime */

/* The state of one attempt. */
struct job {
	const struct ctl *ctl;
	char *config, *state, *device; /* as the daemon reports them; they point into ITS */
	bool itself;                   /* the daemon may change its device itself */
	bool once_more;                /* the configuration has changed in the meantime */
	bool again;                    /* an earlier attempt has put a configuration into effect */
	struct ctl_reply its; /* the daemon's list of what it has requested from the kernel */
	struct conf *conf;
	struct tun *tun;
	struct setup *was, *now;
};

static const char reload_request[] = "reload", prepared_request[] = "reload prepared";

static int ask_reload(const struct job *j, const char *what, struct ctl_reply *r)
{
	char line[64];

	snprintf(line, sizeof(line), "%s%s", what, j->ctl->json ? " --json" : "");
	ctl_ask(j->ctl, line, r);
	return r->status;
}

static int refuse(const struct job *j, const char *text)
{
	struct answer a = {.text = NULL};

	if (j->ctl->json) {
		answer_add(&a, "{\"ok\": false, \"errors\": [{\"file\": null, \"line\": null, "
			       "\"text\": ");
		answer_json(&a, text);
		answer_add(&a, "}]}");
		puts(a.text ? a.text : "");
		answer_free(&a);
	}
	ctl_complain("%s; %s", text,
		     j->again
			     ? "the configuration that the daemon read in the meantime is in effect"
			     : "nothing is changed");
	return CTL_FAILED;
}

/* Returns a descriptor that holds the lock, or -1.  The previous holder has removed the file; a
 * lock on the removed file is not valid. */
static int try_lock(void)
{
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat mine, there;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &mine) == 0 &&
	    lstat(LOCK, &there) == 0 && same_file(&mine, &there))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Two reloads at the same time would remove each other's routes. */
static int take_lock(void)
{
	const struct timespec nap = {.tv_nsec = 50000000};
	int fd = try_lock();

	for (int i = 0; fd < 0 && i < LOCK_WAIT * 20; i++) {
		nanosleep(&nap, NULL);
		fd = try_lock();
	}
	return fd;
}

static void release_lock(int fd)
{
	if (fd < 0)
		return;
	unlink(LOCK);
	close(fd);
}

/* --- the daemon's list ---------------------------------------------------------------------- */

/* Allocates a list of N entries.  The daemon sends the list in the order that setup needs. */
static struct prefix *get_list(size_t n)
{
	return calloc(n + 1, sizeof(struct prefix));
}

static struct setup *empty_setup(size_t lines)
{
	struct setup *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->addr = get_list(lines);
	s->route = get_list(lines);
	s->named = get_list(lines);
	s->left = get_list(lines);
	s->mark = calloc(2 * lines + 1, 1);
	if (s->addr && s->route && s->named && s->left && s->mark)
		return s;
	setup_free(s);
	return NULL;
}

static void ignore(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)error;
	(void)line;
}

/* Adds the address or route VALUE to the list that WORD names.  False if there is no such list. */
static bool take_address(struct setup *s, const char *word, const char *value)
{
	if (strcmp(word, "address") == 0)
		return conf_scan_either(value, &s->addr[s->addrs]) && ++s->addrs;
	if (strcmp(word, "route") == 0)
		return conf_scan_either(value, &s->route[s->routes]) && ++s->routes;
	if (strcmp(word, "named") == 0)
		return conf_scan_either(value, &s->named[s->nameds]) && ++s->nameds;
	if (strcmp(word, "left-out") == 0)
		return conf_scan_either(value, &s->left[s->lefts]) && ++s->lefts;
	return false;
}

/* Ignores words of later versions. */
static void take_line(struct job *j, char *line)
{
	size_t n = strcspn(line, " ");
	char *value = line + n + strspn(line + n, " ");

	line[n] = '\0';
	if (strcmp(line, "config") == 0)
		j->config = value;
	else if (strcmp(line, "state") == 0)
		j->state = value;
	else if (strcmp(line, "device") == 0)
		j->device = value;
	else if (strcmp(line, "changes") == 0)
		j->itself = strcmp(value, "itself") == 0;
	else
		take_address(j->was, line, value);
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

/* False if the list is incomplete. */
static bool read_setup(struct job *j)
{
	char *line = (char *)(uintptr_t)j->its.rest, *next;
	bool ended = false;

	j->was = empty_setup(count_lines(line));
	for (; j->was && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		ended = strcmp(line, "end") == 0;
		take_line(j, line);
	}
	return j->was && ended && j->config && j->device;
}

/* --- changes as root ------------------------------------------------------------------------ */

/* Enters the daemon's network namespace, where the device is. */
static int enter_netns(const struct job *j)
{
	struct stat mine, its;
	char path[64];
	int fd, rc = 0;

	snprintf(path, sizeof(path), "/proc/%ld/ns/net", (long)j->its.pid);
	fd = j->its.pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return 0;
	if (fstat(fd, &its) == 0 && stat("/proc/self/ns/net", &mine) == 0 &&
	    !same_file(&mine, &its))
		rc = setns(fd, CLONE_NEWNET);
	close(fd);
	return rc;
}

/* A file that another user can change must not determine what root does to the routes of the
 * machine. */
static bool is_roots(const char *path)
{
	struct conf_rights rights;
	bool foreign;

	conf_rights_lower(&rights, path);
	foreign = rights.lowered;
	conf_rights_restore(&rights);
	return !foreign;
}

static int reload_as_it_is(const struct job *j)
{
	struct ctl_reply r;
	int status;

	ask_reload(j, reload_request, &r);
	status = ctl_print(j->ctl, &r);
	ctl_free(&r);
	return status;
}

/* Asks what the daemon has now requested from the kernel.  False if it does not answer. */
static bool ask_again(const struct job *j, struct job *again)
{
	*again = (struct job){.ctl = j->ctl};
	ctl_ask(j->ctl, "setup", &again->its);
	return again->its.status == CTL_DONE && read_setup(again);
}

static bool is_same(const struct setup *a, const struct setup *b)
{
	return !setup_changed_route(a, b) && !setup_changed_addr(a, b);
}

static void remove_others(const struct setup *was, const struct setup *now, struct tun *t)
{
	char err[TUN_ERR];

	if (setup_remove(was, now, t, err) < 0)
		ctl_complain("warning: %s", err);
}

/* With an address the kernel may remove other addresses and routes, and another program may have
 * removed a route.  So restores what is still needed. */
static void clear_away(const struct setup *was, const struct setup *now, struct tun *t)
{
	char err[TUN_ERR];

	remove_others(was, now, t);
	if (setup_restore(now, t, err) > 0)
		ctl_complain("warning: %s", err);
}

/* Makes the device match the configuration that is in effect after the answer R.  The daemon reads
 * the configuration later than this process, so it may have read a newer one.  If the answer was
 * lost, the daemon may have reloaded nevertheless, or a new daemon may have started.  False if the
 * device lacks, or may lack, something that the newer configuration needs. */
static bool settle(struct job *j, const struct ctl_reply *r)
{
	struct job again;
	bool told = ask_again(j, &again), same = told && is_same(again.was, j->now);
	bool done = r->status == CTL_DONE;
	bool undone = !done && (!told || is_same(again.was, j->was));

	if (undone && !same) {
		setup_take_back(j->now, j->was, j->tun);
	} else if (same || !told) {
		clear_away(j->was, j->now, j->tun);
	} else {
		remove_others(j->now, again.was, j->tun);
		clear_away(j->was, again.was, j->tun);
	}
	setup_free(again.was);
	ctl_free(&again.its);
	return same || !told || undone;
}

static int reload_prepared(struct job *j)
{
	struct ctl_reply r;
	char err[TUN_ERR];
	int status;

	j->now = setup_new(j->conf, j->was, true, j->tun);
	if (!j->now)
		return refuse(j, "out of memory");
	if (setup_apply(j->now, j->was, j->tun, err) < 0)
		return refuse(j, err);
	ask_reload(j, prepared_request, &r);
	if (r.status != CTL_DONE && !r.lost)
		setup_take_back(j->now, j->was, j->tun);
	else
		j->once_more = !settle(j, &r);
	status = j->once_more ? CTL_DONE : ctl_print(j->ctl, &r);
	ctl_free(&r);
	return status;
}

/* Asks the daemon even if the configuration is invalid or names another device, so that the daemon
 * reports that error and remembers it. */
static int reload(struct job *j)
{
	struct conf_diag diag = {.say = ignore, .hurried = true};
	char err[TUN_ERR];

	if (enter_netns(j) < 0)
		return refuse(j, "cannot enter the network namespace of nat64d");
	if (!is_roots(j->config))
		return reload_as_it_is(j);
	j->conf = conf_load(j->config, j->state, &diag);
	if (!j->conf || strcmp(j->conf->tun_device, j->device) != 0)
		return reload_as_it_is(j);
	j->tun = tun_reach(j->device, err);
	return j->tun ? reload_prepared(j) : refuse(j, err);
}

/* A reload that has begun must be finished. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int reload_once(const struct ctl *c, bool locked, bool again, bool *once_more)
{
	struct job j = {.ctl = c, .again = again};
	int status;

	ctl_ask(c, "setup", &j.its);
	if (!locked)
		status = refuse(&j, "another reload is in progress (it holds " LOCK ")");
	else if (j.its.status != CTL_DONE)
		status = ctl_print(c, &j.its);
	else if (!read_setup(&j))
		status = refuse(&j, "nat64d sent no valid list of its addresses and routes");
	else
		status = j.itself ? reload_as_it_is(&j) : reload(&j);
	*once_more = j.once_more;
	tun_close(j.tun);
	setup_free(j.now);
	setup_free(j.was);
	conf_free(j.conf);
	ctl_free(&j.its);
	return status;
}

int ctl_reload(const struct ctl *c)
{
	bool once_more = true;
	int status = CTL_FAILED, lock;

	block_signals();
	lock = take_lock();
	for (int i = 0; once_more && i < TRIES; i++)
		status = reload_once(c, lock >= 0, i > 0, &once_more);
	if (once_more)
		status = refuse(&(struct job){.ctl = c, .again = true},
				"the configuration keeps changing");
	release_lock(lock);
	return status;
}
