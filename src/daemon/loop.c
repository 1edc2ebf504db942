/* loop - the main loop: serves packets in bounded bursts, then other events, then timers. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"

#define REST_US     50   /* packets accumulate for so long, as network cards do it */
#define BLIND_US    5000 /* poll interval while ppoll() fails */
#define MAINTAIN_MS 1000 /* interval of maintenance */

static void log_counters(void *arg, const char *line)
{
	(void)arg;
	log_notice("%s", line);
}

static void report(struct daemon *d)
{
	daemon_count_fast(d);
	report_lines(&d->counters, d->active->pool, log_counters, NULL);
}

/* From now on, a second signal kills the process at once. */
/* seccomp: daemon: rt_sigprocmask */
static void let_signals_kill(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Returns true if the signal requests a stop. */
static bool serve_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return false;
	if (info.ssi_signo == SIGHUP) {
		daemon_reload(d, NULL);
		daemon_renew_control(d);
	} else if (info.ssi_signo == SIGUSR1)
		report(d);
	else
		let_signals_kill();
	return info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
}

static int64_t maintenance_due(const struct daemon *d)
{
	return d->maintain_at;
}

static void maintain(struct daemon *d)
{
	daemon_maintain_packets(d);
	daemon_maintain_link(d);
	daemon_maintain_leases(d);
	daemon_watch_pools(d);
	daemon_maintain_control(d);
	daemon_maintain_status(d);
	daemon_mind_sandbox(d);
	daemon_end_silence(&d->before->crashes, d->now);
	d->maintain_at = d->now + MAINTAIN_MS;
}

/* Functions that are called when their time has come. */
static const struct {
	int64_t (*due)(const struct daemon *d); /* ms; INT64_MAX: no time is set */
	void (*serve)(struct daemon *d);
} timers[] = {
	{daemon_routes_due, daemon_serve_routes}, {maintenance_due, maintain},
	{daemon_leases_due, daemon_serve_leases}, {daemon_watchdog_due, daemon_serve_watchdog},
	{daemon_fast_due, daemon_serve_fast},     {daemon_traces_due, daemon_serve_traces},
};

#define TIMERS (sizeof(timers) / sizeof(*timers))

static void serve_what_is_due(struct daemon *d)
{
	for (size_t i = 0; i < TIMERS; i++)
		if (d->now >= timers[i].due(d))
			timers[i].serve(d);
}

static int64_t wait_us(const struct daemon *d)
{
	int64_t first = INT64_MAX;

	if (d->pace.resting)
		return REST_US;
	if (d->now_us < d->pace.awake_until)
		return 0;
	for (size_t i = 0; i < TIMERS; i++) {
		int64_t at = timers[i].due(d);

		if (at < first)
			first = at;
	}
	if (daemon_control_rests(d) && d->control_rest / 1000 < first)
		return d->control_rest - d->now_us;
	return first > d->now ? (first - d->now) * 1000 : 0;
}

void daemon_tick(struct daemon *d)
{
	d->now_us = clock_us();
	d->now = d->now_us / 1000;
}

/* ppoll() fails if there is no memory, or if RLIMIT_NOFILE does not allow so many descriptors. Then
 * all sources are served every few milliseconds; reading them never blocks. */
/* seccomp: daemon: ppoll, clock_nanosleep */
static void wait_for(struct daemon *d, struct pollfd *from, nfds_t n)
{
	const struct timespec nap = {.tv_nsec = BLIND_US * 1000};
	int64_t us = wait_us(d);
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000 * 1000)};

	durations_add(&d->busy, clock_us() - d->now_us);
	if (ppoll(from, n, &t, NULL) < 0) {
		nanosleep(&nap, NULL);
		for (nfds_t i = 0; i < n; i++)
			from[i].revents = from[i].fd < 0 ? 0 : POLLIN;
	}
	daemon_tick(d);
}

static bool is_lost(const struct daemon *d)
{
	return d->link.lost || d->pace.lost;
}

int daemon_loop(struct daemon *d)
{
	enum {
		DEVICE,
		LINK,
		SIGNALS,
		LEASES,
		ROUTE_NEWS,
		ROUTE_DUMP,
		CONTROL,
		FAST_PATH,
		SOURCES
	};
	struct pollfd from[SOURCES] = {
		[DEVICE] = {.events = POLLIN},
		[LINK] = {.fd = tun_watch_fd(d->tun), .events = POLLIN},
		[SIGNALS] = {.fd = d->signals, .events = POLLIN},
		[LEASES] = {.events = POLLIN},
		[ROUTE_NEWS] = {.fd = routes_news_fd(d->routes), .events = POLLIN},
		[ROUTE_DUMP] = {.fd = routes_dump_fd(d->routes), .events = POLLIN},
		[CONTROL] = {.events = POLLIN},
		[FAST_PATH] = {.events = POLLIN},
	};
	bool stop = false;

	daemon_tick(d);
	while (!stop && !is_lost(d)) {
		bool rested = d->pace.resting;

		from[DEVICE].fd = d->pace.unreadable || rested ? -1 : tun_fd(d->tun);
		from[LEASES].fd = d->leases.file ? leasefile_fd(d->leases.file) : -1;
		from[CONTROL].fd = daemon_control_fd(d);
		from[FAST_PATH].fd = daemon_fast_fd(d);
		wait_for(d, from, SOURCES);
		if (from[SIGNALS].revents)
			stop = serve_signal(d);
		if (from[LINK].revents) {
			daemon_retry_device(d);
			daemon_serve_link(d);
		}
		if (from[CONTROL].revents)
			daemon_serve_control(d);
		if (from[LEASES].revents)
			daemon_serve_leases(d);
		if (from[ROUTE_NEWS].revents || from[ROUTE_DUMP].revents)
			daemon_serve_routes(d);
		if (from[FAST_PATH].revents)
			daemon_use_fast(d);
		serve_what_is_due(d);
		daemon_serve_pins(d);
		daemon_serve_role(d);
		if (rested || from[DEVICE].revents)
			daemon_serve_packets(d);
	}
	return is_lost(d) ? EXIT_DEVICE : 0;
}
