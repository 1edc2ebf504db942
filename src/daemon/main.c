/* main - the sequence of start and stop.  It owns everything.
 *
 * The configuration is read before anything is changed.  Everything that needs root is opened
 * before privileges are dropped.  Success is reported to the caller only after the leases have been
 * loaded.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "action.h"
#include "daemon.h"
#include "daemon/datadir.h"
#include "linux/sandbox.h"
#include "daemon/service.h"

/* Actions that the units run before each start and at each stop.  They report nothing about an
 * invalid configuration, because the start reports it better. */
static bool is_aside(enum action action)
{
	return action == ACTION_PREPARE || action == ACTION_UNFILTER;
}

static void say_nothing(void *arg, bool error, const char *line)
{
	(void)arg;
	(void)error;
	(void)line;
}

static int complain(const char *err)
{
	log_error("%s", err);
	return -1;
}

static int exit_saying(const char *err)
{
	log_error("%s", err);
	return 1;
}

static int fill_random(void *p, size_t len)
{
	uint8_t *at = p;

	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static int draw_keys(struct daemon *d)
{
	struct ipid ipid;

	if (fill_random(&d->keys, sizeof(d->keys)) < 0 || fill_random(&ipid, sizeof(ipid)) < 0)
		return complain("getrandom: the kernel provides no random numbers");
	xlat_start(&d->xlat, &ipid);
	explicit_bzero(&ipid, sizeof(ipid));
	return 0;
}

/* Makes everything that is derived from C active, and sets up the device. */
static int activate(struct daemon *d, struct conf *c)
{
	struct active *a =
		daemon_new_routes(d) == 0 ? active_new(d, c, &d->keys.secret, true) : NULL;
	char err[TUN_ERR];

	if (!a)
		return complain("out of memory");
	active_use(d, a);
	daemon_sweep_device(d); /* comes first: with the last address of a device, the kernel
				   removes its routes, too */
	if (setup_apply(a->setup, NULL, d->tun, err) < 0)
		return complain(err);
	daemon_set_queue(d);
	daemon_start_link(d);
	return daemon_start_packets(d) < 0 ? complain("out of memory") : 0;
}

/* Blocks the signals that are read from a descriptor, and returns them.  Without STOP_TOO, SIGTERM
 * and SIGINT can still kill a start that hangs. */
static sigset_t block_signals(bool stop_too)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	if (stop_too) {
		sigaddset(&set, SIGTERM);
		sigaddset(&set, SIGINT);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return set;
}

static int open_signals(struct daemon *d)
{
	sigset_t set = block_signals(true);

	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals >= 0)
		return 0;
	log_error("signalfd: %s", strerror(errno));
	return -1;
}

/* Comes first, so that a second daemon changes nothing. */
static int open_pidfile(struct daemon *d)
{
	char err[SERVICE_ERR];

	if (!d->opt->pidfile)
		return 0;
	d->pidfile = service_pidfile_open(d->opt->pidfile, err);
	return d->pidfile < 0 ? complain(err) : 0;
}

/* Root stays root with all its capabilities.  Any other user needs no capability from here on.
 *
 * The lease file is opened later, as the user that the daemon runs as.  Then errors show what that
 * user may not do, and root does not follow a symbolic link that the user created. */
static int give_up_rights(struct daemon *d, const struct service_user *user)
{
	const struct active *a = d->active;
	bool root = (user->uid == (uid_t)-1 ? geteuid() : user->uid) == 0;
	const char *new_root = d->opt->chroot ? a->conf->data_dir : NULL;
	char err[LEASEFILE_ERR], text[CONF_SHORT];

	if (a->conf->data_dir && (new_root || a->pool) && geteuid() == 0)
		datadir_prepare(a->conf->data_dir, user);
	if (new_root &&
	    leasefile_missing(new_root, conf_short(text, new_root), d->opt->user, err, sizeof(err)))
		return datadir_complain(a->conf, "%s", err);
	if (!root)
		sandbox_bound();
	if (service_user_become(user, new_root, err) < 0 || (!root && sandbox_drop(err) < 0))
		return complain(err);
	if (!sandbox_hide())
		log_warning("processes of the same user can read the memory of nat64d (does a "
			    "system call filter forbid prctl?)");
	return 0;
}

/* Sends the final status to the service manager, which shows it until the next start. */
static void say_not_started(int notify)
{
	daemon_forget_crashes();
	service_notify(notify, "STATUS=not started; see the log");
}

/* SECRET is where the secret of the pool is kept until the leases are opened. */
static int open_all(struct daemon *d, const struct service_user *user, struct siphash_key *secret)
{
	struct service_user as = *user;

	if (daemon_find_group(d, &as.also) < 0 || daemon_open_key_outside(d, secret) < 0 ||
	    give_up_rights(d, &as) < 0)
		return -1;
	daemon_tick(d);
	if (daemon_open_leases(d, secret) < 0 || daemon_open_control(d, as.also) < 0 ||
	    open_signals(d) < 0)
		return -1;
	return 0;
}

static int start(struct daemon *d, struct conf *c, const struct service_user *user)
{
	struct siphash_key secret;
	int rc;

	if (open_pidfile(d) < 0 || daemon_open_device(d, c) < 0 || draw_keys(d) < 0 ||
	    activate(d, c) < 0)
		return -1;
	daemon_open_fast(d);
	secret = d->keys.secret;
	rc = open_all(d, user, &secret);
	explicit_bzero(&secret, sizeof(secret));
	if (rc < 0)
		return -1;
	daemon_prepare_sandbox(d);
	return daemon_start_leases(d) < 0 ? -1 : daemon_enter_sandbox(d);
}

static void announce_offload(const struct daemon *d)
{
	unsigned got = tun_offloads(d->tun);

	if (!d->active->conf->offload)
		log_notice("offload: off");
	else if (!(got & TUN_CSUM))
		log_notice("offload: none, the kernel supports none for TUN devices");
	else
		log_notice("offload: checksums%s%s%s%s",
			   got & TUN_TCP ? ", TCP GSO" : "; no TCP GSO",
			   got & TUN_ECN ? " (with ECN)" : "", got & TUN_UDP ? ", UDP GSO" : "",
			   got & TUN_UDP ? "" : "; no UDP GSO, which needs Linux 6.2");
}

/* Logged first, since nothing works until the link is up, and former users of Tayga do not know
 * tun-setup. */
static void warn_link(const struct daemon *d)
{
	char line[CONF_LINE], path[CONF_SHORT];

	if (tun_is_up(d->tun))
		return;
	snprintf(line, sizeof(line),
		 "%s: tun-device %s: the link is down, nothing is translated (unless another "
		 "program sets it up, add the line: tun-setup yes)",
		 conf_short(path, d->active->conf->path), tun_name(d->tun));
	log_line(LEVEL_WARNING, line);
}

static void announce(struct daemon *d, const struct service_caller *caller)
{
	const struct active *a = d->active;
	struct pool_total own = a->pool ? pool_own(a->pool) : (struct pool_total){0, 0};

	warn_link(d);
	daemon_check_mtu(d);
	setup_warn(a->setup, a->conf, d->tun, log_say_warning, NULL);
	if (caller) {
		service_detached(caller, d->opt->sink == SINK_STDOUT);
		log_tee_stderr(false);
	}
	log_never_wait();
	log_notice("translating on %s: MTU %u, %zu maps, %zu of %zu addresses leased",
		   tun_name(d->tun), tun_mtu(d->tun), map_count(a->conf->maps), own.used, own.size);
	active_say_open(a, NULL);
	announce_offload(d);
	daemon_announce_fast(d);
	daemon_announce_sandbox(d);
	d->started = clock_ms();
	daemon_ready(d);
}

static void finish(struct daemon *d)
{
	daemon_tick(d);
	if (d->started)
		service_notify(d->manager.fd, "STOPPING=1\nSTATUS=saving leases");
	daemon_outdate_fast(d);
	daemon_count_fast(d);
	daemon_close_fast(d);
	if (d->started)
		daemon_mind_sandbox(d);
	daemon_close_leases(d);
	control_close(d->control);
	if (d->started)
		service_notify(d->manager.fd, "STATUS=stopped");
	service_pidfile_close(d->pidfile, d->opt->pidfile);
	daemon_leave_device(d);
	routes_free(d->routes);
	batch_free(d->batch);
	active_free(d->active);
}

/* CALLER is the process that waits for us, or NULL. */
static int run(const struct options *o, struct conf *c, const struct service_user *user,
	       const struct service_caller *caller, struct before *before)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int status = 1;

	if (!d)
		return exit_saying("out of memory");
	d->opt = o;
	d->before = before;
	d->pidfile = d->signals = -1;
	daemon_find_manager(d);
	daemon_tick(d);
	sandbox_hide(); /* before there are keys; called again after the user has changed */
	if (start(d, c, user) == 0) {
		announce(d, caller);
		status = daemon_loop(d);
		log_notice("stopping");
		if (status == 0)
			daemon_forget_crashes();
	} else {
		say_not_started(d->manager.fd);
	}
	if (!d->active)
		conf_free(c);
	finish(d);
	free(d);
	return status;
}

/* The caller's process receives error messages until the daemon has started. */
static int run_detached(struct options *o, struct conf *c, const struct service_user *user,
			struct before *before)
{
	struct service_caller caller;

	if (service_detach(&caller) < 0) {
		log_error("detaching: %s", strerror(errno));
		conf_free(c);
		return 1;
	}
	return run(o, c, user, &caller, before);
}

/* The configuration may have been read from an inherited descriptor, such as /dev/fd/63.  It is not
 * needed after this. */
static int run_action(struct options *o, struct conf *c, const struct service_user *user,
		      struct before *before)
{
	service_close_inherited(log_fd());
	return o->foreground ? run(o, c, user, NULL, before) : run_detached(o, c, user, before);
}

static void open_log(struct options *o)
{
	bool detach = o->action == ACTION_RUN && !o->foreground;

	if (detach && o->sink == SINK_STDERR)
		o->sink = SINK_SYSLOG;
	log_tee_stderr(detach);
	if (o->action == ACTION_RUN)
		log_hurry();
	if (log_open(o->sink) < 0)
		log_warning("%s: %s (each message will try it again)",
			    o->sink == SINK_SYSLOG ? "syslog" : "journal", strerror(errno));
}

int main(int argc, char **argv)
{
	struct options o;
	struct conf_diag diag = {.say = log_say};
	struct service_user user;
	char err[SERVICE_ERR];
	struct conf *c;
	struct before before = {.kept = -1};
	int status;

	service_fill_streams();
	status = options_parse(&o, argc, argv);
	if (status >= 0)
		return status;
	block_signals(false);
	if (o.action == ACTION_RUN)
		before.kept = daemon_hold_device();
	open_log(&o);
	if (o.action == ACTION_RUN)
		daemon_count_crashes(&before.crashes);
	if (service_user_find(&user, o.user, o.group, err) < 0)
		return exit_saying(err);
	if (is_aside(o.action))
		diag.say = say_nothing;
	/* the caller is a program, possibly with root privileges, and must not hang */
	diag.hurried = o.expand || is_aside(o.action);
	diag.judged = o.action != ACTION_RUN;
	diag.mapless = is_aside(o.action);
	c = conf_load(o.config, getenv("STATE_DIRECTORY"), &diag);
	if (!c) {
		if (o.action == ACTION_RUN)
			say_not_started(service_notify_open());
		return is_aside(o.action) ? 0 : 1;
	}
	if (o.chroot && !c->data_dir) {
		datadir_complain(c, "missing; --chroot needs it as the new root directory (for "
				    "example `data-dir " CONF_UNIT_DIR "`)");
		status = 1;
	} else if (o.action == ACTION_RUN) {
		return run_action(&o, c, &user, &before);
	} else {
		status = action_run(&o, c, &user);
	}
	conf_free(c);
	return status;
}
