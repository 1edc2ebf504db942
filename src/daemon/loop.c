/* loop - decides what is served in which order: packets in bounded bursts, then everybody else,
 * then what is due. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"
#include "linux/sandbox.h"
#include "daemon/service.h"
#include "lib/wire.h"

#define REST_US       50   /* that packets are left to gather, as network cards do it */
#define BLIND_US      5000 /* between two looks where ppoll() fails */
#define MAINTAIN_MS   1000 /* between two rounds of maintenance */
#define EXPIRE_BUDGET 1000 /* leases ended per round */

void daemon_lease_news(struct daemon *d)
{
	const char *line;
	bool bad;

	while ((line = leasefile_news(d->leases, &bad)))
		if (bad)
			log_error("%s", line);
		else
			log_notice("%s", line);
}

void daemon_stop(struct daemon *d, int status)
{
	d->stopping = true;
	d->status = status;
}

/* What only a new start can mend.  Without a service manager, half of a translator is left until
 * somebody reads the line. */
static void want_restart(struct daemon *d)
{
	log_error("tun-device %s: its addresses and routes have gone with the link, and nat64d has "
		  "given up the right to set them again (CAP_NET_ADMIN): %s",
		  tun_name(d->tun),
		  d->notify >= 0 ? "ending, to be started anew" : "restart nat64d");
	if (d->notify >= 0)
		daemon_stop(d, EXIT_DEVICE);
}

void daemon_renew_setup(const struct daemon *d)
{
	char err[TUN_ERR];
	size_t failed = setup_renew(d->setup, d->tun, log_say_warning, NULL, err);

	if (failed > 1)
		log_warning("%s (and %zu more that could not be set)", err, failed - 1);
	else if (failed > 0)
		log_warning("%s", err);
}

/* Routes go with the link, and come back with it if we may.  A link that comes up for the first
 * time has lost nothing. */
static void set_up_again(struct daemon *d)
{
	bool lost = d->unrouted && d->setup->addrs + d->setup->routes > 0;

	d->unrouted = false;
	if (sandbox_may_configure())
		daemon_renew_setup(d);
	else if (lost)
		want_restart(d);
}

void daemon_check_mtu(const struct daemon *d)
{
	if (tun_mtu(d->tun) < IP6_MTU_MIN)
		log_warning("tun-device %s: MTU %u is too small for IPv6, which needs %u",
			    tun_name(d->tun), tun_mtu(d->tun), IP6_MTU_MIN);
}

/* Below its minimum IPv6 leaves the device, and its addresses and routes with it. */
static void take_mtu(struct daemon *d)
{
	bool was_small = d->xlat.mtu < IP6_MTU_MIN;

	d->xlat.mtu = tun_mtu(d->tun);
	log_notice("tun-device %s: MTU %u", tun_name(d->tun), d->xlat.mtu);
	daemon_check_mtu(d);
	d->unrouted |= d->xlat.mtu < IP6_MTU_MIN;
	if (was_small && d->xlat.mtu >= IP6_MTU_MIN && tun_is_up(d->tun))
		set_up_again(d);
}

static void serve_link(struct daemon *d)
{
	unsigned change = tun_watch(d->tun);
	const char *name = tun_name(d->tun);

	d->unreadable = false;
	if (change & TUN_GONE) {
		log_error("tun-device %s: has been deleted", name);
		daemon_stop(d, EXIT_DEVICE);
	}
	if (change & TUN_MOVED)
		log_warning("tun-device %s: is in another network namespace now: changes of its "
			    "MTU and state are not seen any more",
			    name);
	if (change & TUN_RENAMED)
		log_notice("tun-device %s: is now named %s", d->conf->tun_device, name);
	if (change & TUN_MTU)
		take_mtu(d);
	if (change & TUN_NARROWED) {
		log_notice("tun-device %s: the MTU was too small for IPv6 for a moment", name);
		d->unrouted = true;
	}
	if (change & TUN_DOWN) {
		log_warning("tun-device %s: the link is down, nothing is translated", name);
		d->unrouted = true;
	}
	if (change & TUN_UP)
		log_notice("tun-device %s: the link is up", name);
	if ((change & (TUN_UP | TUN_NARROWED)) && tun_is_up(d->tun))
		set_up_again(d);
	if (change)
		daemon_status(d);
}

static void serve_routes(struct daemon *d)
{
	routes_serve(d->routes, d->now);
	d->xlat.routes6 = routes_table(d->routes);
}

static void log_counters(void *arg, const char *line)
{
	(void)arg;
	log_notice("%s", line);
}

/* From now on a second signal ends us at once. */
static void stop_by_signal(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	daemon_stop(d, 0);
}

static void serve_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		daemon_reload(d, NULL);
	else if (info.ssi_signo == SIGUSR1)
		report_lines(&d->counters, d->pool, log_counters, NULL);
	else
		stop_by_signal(d);
}

static void serve_leases(struct daemon *d)
{
	d->leases_at = d->now + leasefile_maintain(d->leases, d->pool, d->conf->maps,
						   daemon_seconds(d), clock_wall());
	daemon_lease_news(d);
}

static void maintain(struct daemon *d)
{
	unsigned long suppressed = log_limit_suppressed(&d->packet_log);

	if (suppressed > 0)
		log_notice("%lu lines about packets suppressed", suppressed);
	suppressed = log_limit_suppressed(&d->lease_log);
	if (suppressed > 0)
		log_notice("%lu lines about leases suppressed", suppressed);
	if (d->pool) {
		daemon_expire_leases(d, EXPIRE_BUDGET);
		daemon_watch_pool(d);
	}
	if (d->control)
		control_expire(d->control, d->now);
	if (d->unready || d->unkept || d->now >= d->status_at)
		daemon_status(d);
	if (d->speak_at && d->now >= d->speak_at) {
		log_mute(false);
		d->speak_at = 0;
	}
	d->unreadable = false;
	d->maintain_at = d->now + MAINTAIN_MS;
}

static void serve_what_is_due(struct daemon *d)
{
	if (d->now >= routes_due(d->routes))
		serve_routes(d);
	if (d->now >= d->maintain_at)
		maintain(d);
	if (d->leases && d->now >= d->leases_at)
		serve_leases(d);
	if (d->watchdog > 0 && d->now >= d->watchdog_at) {
		service_notify(d->notify, "WATCHDOG=1");
		d->watchdog_at = d->now + d->watchdog;
	}
}

static int64_t wait_us(const struct daemon *d)
{
	int64_t at = d->maintain_at, routes_at = routes_due(d->routes);

	if (d->resting)
		return REST_US;
	if (d->now_us < d->awake_until)
		return 0;
	if (routes_at < at)
		at = routes_at;
	if (d->leases && d->leases_at < at)
		at = d->leases_at;
	if (d->watchdog > 0 && d->watchdog_at < at)
		at = d->watchdog_at;
	return at > d->now ? (at - d->now) * 1000 : 0;
}

/* If ppoll() fails, for want of memory or of the right to so many descriptors [RLIMIT_NOFILE],
 * everybody is asked every few milliseconds: no reading waits. */
static void wait_for(struct daemon *d, struct pollfd *from, nfds_t n)
{
	const struct timespec nap = {.tv_nsec = BLIND_US * 1000};
	int64_t us = wait_us(d);
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	if (ppoll(from, n, &t, NULL) < 0) {
		nanosleep(&nap, NULL);
		for (nfds_t i = 0; i < n; i++)
			from[i].revents = from[i].fd < 0 ? 0 : POLLIN;
	}
	d->now_us = clock_us();
	d->now = d->now_us / 1000;
}

/* Is the device to be looked at, whether it has called or not? */
static bool end_rest(struct daemon *d)
{
	bool rested = d->resting;

	d->resting = false;
	return rested;
}

void daemon_loop(struct daemon *d)
{
	enum {
		DEVICE,
		LINK,
		SIGNALS,
		LEASES,
		ROUTE_NEWS,
		ROUTE_DUMP,
		CONTROL,
		SOURCES
	};
	struct pollfd from[SOURCES] = {
		[DEVICE] = {.fd = tun_fd(d->tun), .events = POLLIN},
		[LINK] = {.fd = tun_watch_fd(d->tun), .events = POLLIN},
		[SIGNALS] = {.fd = d->signals, .events = POLLIN},
		[LEASES] = {.fd = -1, .events = POLLIN},
		[ROUTE_NEWS] = {.fd = routes_news_fd(d->routes), .events = POLLIN},
		[ROUTE_DUMP] = {.fd = routes_dump_fd(d->routes), .events = POLLIN},
		[CONTROL] = {.fd = d->control ? control_fd(d->control) : -1, .events = POLLIN},
	};

	d->now = clock_ms();
	while (!d->stopping) {
		from[DEVICE].fd = d->unreadable || d->resting ? -1 : tun_fd(d->tun);
		from[LEASES].fd = d->leases ? leasefile_fd(d->leases) : -1;
		wait_for(d, from, SOURCES);
		if (from[SIGNALS].revents)
			serve_signal(d);
		if (from[LINK].revents)
			serve_link(d);
		if (from[CONTROL].revents)
			control_serve(d->control, d->now, daemon_answer, d);
		if (from[LEASES].revents)
			d->leases_at = d->now;
		if (from[ROUTE_NEWS].revents || from[ROUTE_DUMP].revents)
			serve_routes(d);
		serve_what_is_due(d);
		if (end_rest(d) || from[DEVICE].revents)
			daemon_serve_packets(d);
	}
}
