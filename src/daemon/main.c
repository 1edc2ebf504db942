/* main - decides the order of a start and of a stop; everything is owned here.
 *
 * The configuration is read before anything is touched; what needs root is opened before rights are
 * given up; the caller is told that all is well only after the leases are loaded. */
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

/* A start that follows says it better. */
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

static int build_translator(struct daemon *d)
{
	if (fill_random(&d->pool_key, sizeof(d->pool_key)) < 0 ||
	    fill_random(&d->pool_secret, sizeof(d->pool_secret)) < 0 ||
	    fill_random(&d->ratelimit_key, sizeof(d->ratelimit_key)) < 0 ||
	    fill_random(&d->batch_key, sizeof(d->batch_key)) < 0 ||
	    fill_random(&d->xlat.ipid, sizeof(d->xlat.ipid)) < 0)
		return complain("getrandom: the kernel gives no random numbers");
	d->xlat.ratelimit = ratelimit_new(&d->conf->icmp_rate, &d->ratelimit_key);
	if (d->conf->pools > 0)
		d->pool = daemon_new_pool(d, d->conf);
	d->batch = batch_new(&d->batch_key, &d->xlat.ipid);
	if (!d->xlat.ratelimit || !d->batch || (d->conf->pools > 0 && !d->pool))
		return complain("out of memory");
	d->xlat.conf = &d->conf->xlat;
	d->xlat.maps = d->conf->maps;
	d->xlat.pool = d->pool;
	d->xlat.mtu = tun_mtu(d->tun);
	d->send = (struct send){.tun = d->tun, .batch = d->batch, .counters = &d->counters};
	send_start(&d->send);
	return 0;
}

void daemon_set_queue(const struct daemon *d)
{
	char err[TUN_ERR];

	if (tun_queue(d->tun, d->conf->tun_queue, err) < 0)
		log_warning("tun-queue: %s", err);
}

static int open_device(struct daemon *d)
{
	char err[TUN_ERR];

	if (daemon_open_device(d) < 0)
		return -1;
	d->setup = setup_new(d->conf, NULL, true, d->tun);
	if (!d->setup)
		return complain("out of memory");
	daemon_sweep_device(d); /* first: with the last address the kernel takes away the routes */
	if (setup_apply(d->setup, NULL, d->tun, err) < 0)
		return complain(err);
	daemon_set_queue(d);
	return 0;
}

/* Without netlink a router that has not set its routes by hand misses nothing. */
static int open_routes(struct daemon *d)
{
	int64_t now = clock_ms();

	d->routes = routes_new(tun_index(d->tun));
	if (!d->routes || daemon_prepare_routes(d, d->conf->maps, d->setup) < 0)
		return complain("out of memory");
	routes_commit(d->routes, now);
	if (routes_load(d->routes, now) < 0)
		log_warning("netlink: the kernel's routes cannot be read: %s (only tun-setup and "
			    "tun-route tell what leads into the device)",
			    strerror(errno));
	d->xlat.routes6 = routes_table(d->routes);
	return 0;
}

static int open_leases(struct daemon *d)
{
	const char *dir = d->conf->data_dir, *name;
	char err[LEASEFILE_ERR], text[CONF_SHORT];

	if (!dir || !d->pool)
		return 0;
	name = conf_short(text, dir);
	d->leases = leasefile_open(d->opt->chroot ? "/" : dir, name, err, sizeof(err));
	if (!d->leases)
		return datadir_complain(d->conf, "%s", err);
	leasefile_key(d->leases, &d->pool_secret, log_say_warning, NULL);
	pool_set_secret(d->pool, &d->pool_secret);
	d->now = clock_ms();
	if (leasefile_load(d->leases, d->pool, d->conf->maps, &d->conf->xlat.own6,
			   daemon_seconds(d), clock_wall(), log_say_warning, daemon_lease_expired,
			   d) < 0)
		return datadir_complain(d->conf, "%s/" LEASEFILE_NAME ": %s", name,
					strerror(errno));
	return 0;
}

static int start_leases(struct daemon *d)
{
	char text[CONF_SHORT];
	const char *dir;
	int err;

	if (!d->leases || leasefile_start(d->leases) == 0)
		return 0;
	err = errno;
	dir = conf_short(text, d->conf->data_dir);
	if (err == EACCES || err == EPERM || err == EROFS)
		return datadir_complain(
			d->conf,
			"%s: %s (the user that nat64d runs as must be able to write there)", dir,
			strerror(err));
	return datadir_complain(d->conf,
				"%s: the process that syncs the leases cannot be started: %s", dir,
				strerror(err));
}

/* As the user that we become, whose it is.  What has been asked for must be had; the default is a
 * gift. */
static int open_control(struct daemon *d)
{
	const struct conf *c = d->conf;
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

/* Blocks the signals that are read from a descriptor, and returns them; those of a stop are left to
 * kill a start that hangs. */
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

/* First of all: a second daemon must not touch anything. */
static int open_pidfile(struct daemon *d)
{
	char err[SERVICE_ERR];

	if (!d->opt->pidfile)
		return 0;
	d->pidfile = service_pidfile_open(d->opt->pidfile, err);
	return d->pidfile < 0 ? complain(err) : 0;
}

/* Root stays root, with every right.  Whoever else we are or become needs none from here on.
 *
 * The lease file is opened by the user we become: it says what that user may not do, and root
 * follows no link that the user left there. */
static int give_up_rights(struct daemon *d, const struct service_user *user)
{
	bool root = (user->uid == (uid_t)-1 ? geteuid() : user->uid) == 0;
	const char *new_root = d->opt->chroot ? d->conf->data_dir : NULL;
	char err[LEASEFILE_ERR], text[CONF_SHORT];

	if (d->conf->data_dir && (new_root || d->pool) && geteuid() == 0)
		datadir_prepare(d->conf->data_dir, user);
	if (new_root &&
	    leasefile_missing(new_root, conf_short(text, new_root), d->opt->user, err, sizeof(err)))
		return datadir_complain(d->conf, "%s", err);
	if (!root)
		sandbox_bound();
	if (service_user_become(user, new_root, err) < 0 || (!root && sandbox_drop(err) < 0))
		return complain(err);
	if (!sandbox_hide())
		log_warning("processes of the same user can read the memory of nat64d (does a "
			    "filter of system calls forbid prctl?)");
	return 0;
}

/* The last word for the service manager, which shows it for as long as there is no next start. */
static void say_not_started(int notify)
{
	daemon_forget_crashes();
	service_notify(notify, "STATUS=not started, the log says why");
}

static int start(struct daemon *d, const struct service_user *user)
{
	if (open_pidfile(d) < 0 || open_device(d) < 0 || build_translator(d) < 0 ||
	    open_routes(d) < 0 || give_up_rights(d, user) < 0 || open_leases(d) < 0 ||
	    open_control(d) < 0 || open_signals(d) < 0)
		return -1;
	return start_leases(d);
}

static void announce_offload(const struct daemon *d)
{
	unsigned got = tun_offloads(d->tun);

	if (!d->conf->offload)
		log_notice("offload: off");
	else if (!(got & TUN_CSUM))
		log_notice("offload: none, the kernel has none for TUN devices");
	else
		log_notice("offload: checksums%s%s%s%s",
			   got & TUN_TCP ? ", TCP GSO" : "; no TCP GSO",
			   got & TUN_ECN ? " (with ECN)" : "", got & TUN_UDP ? ", UDP GSO" : "",
			   got & TUN_UDP ? "" : "; no UDP GSO, which need Linux 6.2");
}

/* The first thing that is said, since nothing works until it is done: Tayga's users know no
 * tun-setup. */
static void warn_link(const struct daemon *d)
{
	char line[CONF_LINE], path[CONF_SHORT];

	if (tun_is_up(d->tun))
		return;
	snprintf(line, sizeof(line),
		 "%s: tun-device %s: the link is down, nothing is translated (unless something "
		 "else sets it up, add the line: tun-setup yes)",
		 conf_short(path, d->conf->path), tun_name(d->tun));
	log_line(LEVEL_WARNING, line);
}

static void announce(struct daemon *d, const struct service_caller *caller)
{
	warn_link(d);
	daemon_check_mtu(d);
	setup_warn(d->setup, d->conf, d->tun, log_say_warning, NULL);
	if (caller) {
		service_detached(caller, d->opt->sink == SINK_STDOUT);
		log_tee_stderr(false);
	}
	log_never_wait();
	log_notice("translating on %s: MTU %u, %zu maps, %zu of %zu addresses leased",
		   tun_name(d->tun), tun_mtu(d->tun), map_count(d->conf->maps),
		   d->pool ? pool_used(d->pool) : 0, d->pool ? pool_size(d->pool) : 0);
	announce_offload(d);
	d->watchdog = service_watchdog();
	d->started = clock_ms();
	d->unkept = d->notify >= 0;
	daemon_ready(d);
}

static void finish(struct daemon *d)
{
	char text[CONF_SHORT];

	d->now = clock_ms();
	if (d->started)
		service_notify(d->notify, "STOPPING=1\nSTATUS=saving leases");
	if (leasefile_close(d->leases, d->pool, d->conf->maps, daemon_seconds(d), clock_wall()) < 0)
		datadir_complain(d->conf, "%s: the lease file was not rewritten: %s",
				 conf_short(text, d->conf->data_dir), strerror(errno));
	control_close(d->control);
	if (d->started)
		service_notify(d->notify, "STATUS=stopped");
	service_pidfile_close(d->pidfile, d->opt->pidfile);
	setup_free(d->setup);
	daemon_leave_device(d);
	routes_free(d->routes);
	batch_free(d->batch);
	pool_free(d->pool);
	free(d->aside.at);
	ratelimit_free(d->xlat.ratelimit);
}

/* What earlier processes of a service have left. */
struct before {
	int kept; /* a descriptor of the device, or -1 */
	struct crashes crashes;
};

/* CALLER waits for us; NULL: nobody does. */
static int run(const struct options *o, struct conf *c, const struct service_user *user,
	       const struct service_caller *caller, const struct before *before)
{
	struct daemon *d = calloc(1, sizeof(*d));
	int status = 1;

	if (!d)
		return exit_saying("out of memory");
	d->opt = o;
	d->conf = c;
	d->pidfile = d->signals = -1;
	d->kept = before->kept;
	if (before->crashes.quiet)
		d->speak_at = clock_ms() + 60000;
	d->notify = service_notify_open();
	d->lease_log = (struct log_limit){.rate = LEASE_LINES, .burst = LEASE_LINES};
	sandbox_hide(); /* before there is a key; the user may change yet */
	if (start(d, user) == 0) {
		announce(d, caller);
		daemon_loop(d);
		status = d->status;
		log_notice("stopping");
		if (status == 0)
			daemon_forget_crashes();
	} else {
		say_not_started(d->notify);
	}
	finish(d);
	conf_free(d->conf); /* a reload may have replaced C */
	free(d);
	return status;
}

/* Until the daemon stands, its caller reads what is wrong. */
static int run_detached(struct options *o, struct conf *c, const struct service_user *user,
			const struct before *before)
{
	struct service_caller caller;

	if (service_detach(&caller) < 0) {
		log_error("detaching: %s", strerror(errno));
		conf_free(c);
		return 1;
	}
	return run(o, c, user, &caller, before);
}

/* The configuration may have come from a descriptor of the caller, such as /dev/fd/63; from here on
 * nothing does. */
static int run_action(struct options *o, struct conf *c, const struct service_user *user,
		      const struct before *before)
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
	if (log_open(o->sink) < 0)
		log_warning("%s: %s (messages are tried there again)",
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
	if (o.action == ACTION_PREPARE)
		diag.say = say_nothing;
	/* a program asks, perhaps as root, and must not hang */
	diag.hurried = o.expand || o.action == ACTION_PREPARE;
	diag.judged = o.action != ACTION_RUN;
	c = conf_load(o.config, getenv("STATE_DIRECTORY"), &diag);
	if (!c) {
		if (o.action == ACTION_RUN)
			say_not_started(service_notify_open());
		return o.action == ACTION_PREPARE ? 0 : 1;
	}
	if (o.chroot && !c->data_dir) {
		datadir_complain(c, "missing, and --chroot needs one to go to (for example "
				    "`data-dir " CONF_UNIT_DIR "`)");
		status = 1;
	} else if (o.action == ACTION_RUN) {
		return run_action(&o, c, &user, &before);
	} else {
		status = action_run(&o, c, &user);
	}
	conf_free(c);
	return status;
}
