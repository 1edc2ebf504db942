/* loop - decides what is served in which order: packets in bounded bursts, then everybody else,
 * then what is due.
 *
 * The packets of a burst stay in the arena until they are sent together.  Records of new leases are
 * written before that. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include "posix.h"
#include "daemon.h"
#include "sandbox.h"
#include "service.h"
#include "wire.h"

#define BURST         1024        /* packets between two looks at everything else */
#define LINE          64          /* bytes of a cache line, where every packet begins */
#define HOT           (16 * 1024) /* bytes of a train that is sent before it leaves the cache */
#define AWAKE_US      50          /* without sleep after such a train */
#define DENSE         16   /* packets in a burst, of fewer bytes in all, after which we rest ... */
#define REST_US       50   /* ... for so long, as network cards do between interrupts */
#define MAINTAIN_MS   1000 /* between two rounds of maintenance */
#define EXIT_DEVICE   2    /* status: the device or its routes are lost; the unit starts us anew */
#define EXPIRE_BUDGET 1000 /* leases ended per round */

static int64_t clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t daemon_clock(void)
{
	return clock_us() / 1000;
}

int64_t daemon_wall(void)
{
	return (int64_t)time(NULL);
}

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

static void stop(struct daemon *d, int status)
{
	d->stopping = true;
	d->status = status;
}

static void commit(struct daemon *d)
{
	if (leasefile_commit(d->leases) < 0)
		daemon_lease_news(d);
	d->recorded = false;
}

static void record(struct daemon *d)
{
	for (unsigned i = 0; i < d->out.records; i++) {
		struct lease *l = d->out.record[i];

		if (d->leases)
			leasefile_append(d->leases, l, daemon_seconds(d), daemon_wall());
		l->saved = daemon_seconds(d);
		l->on_record = true;
	}
	d->counters.recorded += d->out.records;
	d->recorded = d->leases != NULL;
}

/* An answered echo request has become the reply by now: that is described then. */
static void log_packet(struct daemon *d, enum reason why, const uint8_t *bytes, size_t len)
{
	char line[512];

	if (!(reason_table[why].class & d->conf->log) || !log_limit_take(&d->packet_log, d->now))
		return;
	if (why == R_SELF_ECHO && d->out.frames > 0) {
		bytes = d->out.frame[0].head;
		len = d->out.frame[0].head_len;
	}
	log_notice("%s", report_packet(line, sizeof(line), why, bytes, len));
}

/* A new lease goes on record before anyone can know of it. */
static void flush(struct daemon *d)
{
	if (d->recorded)
		commit(d);
	batch_flush(d->batch, send_out, &d->send);
	d->counters.merged = batch_merged(d->batch);
}

/* What is in the arena from here on need not stay. */
static void restart_arena(struct daemon *d)
{
	flush(d);
	d->arena_used = 0;
}

static void hold_frames(struct daemon *d)
{
	for (unsigned i = 0; i < d->out.frames; i++) {
		const struct frame *f = &d->out.frame[i];

		if (batch_add(d->batch, f))
			continue;
		flush(d);
		batch_add(d->batch, f);
	}
	d->counters.answers += d->out.is_answer ? d->out.frames : 0;
	d->counters.suppressed += d->out.suppressed;
}

static uint8_t *align(uint8_t *p)
{
	return p + (LINE - (uintptr_t)p % LINE) % LINE;
}

/* Where the next packet goes, with room for the longest one and all that may come of it. */
static uint8_t *next_place(struct daemon *d)
{
	const size_t most = XLAT_HEADROOM + TUN_PACKET_MAX + XLAT_ROOM + (size_t)2 * LINE;

	if (d->arena_used + most > ARENA_SIZE)
		restart_arena(d);
	return align(d->arena + d->arena_used + XLAT_HEADROOM);
}

/* A packet that is dropped leaves its place to the next one. */
static void keep_place(struct daemon *d, const uint8_t *end)
{
	if (d->out.room_used > 0)
		end = d->out.room + d->out.room_used;
	if (d->out.frames > 0)
		d->arena_used = (size_t)(end - d->arena);
}

static void serve_packet(struct daemon *d, uint8_t *bytes, size_t len, const struct offload *o)
{
	enum report_dir dir = report_dir(bytes[0]);
	enum reason why;

	d->out.room = align(bytes + len);
	why = xlat_packet(&d->xlat, bytes, len, o, d->now, &d->out);
	d->counters.reason[dir][why] += d->out.packets;
	d->counters.bytes[dir] += len;
	d->counters.trains_read += o->gso != GSO_NONE;
	keep_place(d, bytes + len);
	if (d->out.records > 0)
		record(d);
	log_packet(d, why, bytes, len);
	hold_frames(d);
}

/* A device that is down or in some trouble is left alone until netlink or the next maintenance. */
static void device_failed(struct daemon *d)
{
	d->unreadable = true;
	if (errno == EIO)
		return;
	if (errno == EBADFD)
		log_error("tun-device %s: has been deleted", tun_name(d->tun));
	else
		log_error("tun-device %s: read: %s", tun_name(d->tun), strerror(errno));
	stop(d, EXIT_DEVICE);
}

/* After a train more will come at once: to look again costs less than to fall asleep and be woken,
 * which the sender's processor has to do.  After many small packets there is more to merge, and we
 * are woken less often, if they are left to gather for a moment. */
static void set_pace(struct daemon *d, int packets, size_t bytes, bool bulk)
{
	if (bulk)
		d->awake_until = clock_us() + AWAKE_US;
	else
		d->resting = packets >= DENSE && bytes < HOT;
}

static void serve_packets(struct daemon *d)
{
	struct offload offload;
	bool bulk = false;
	size_t bytes_read = 0;
	int i;

	for (i = 0; i < BURST; i++) {
		uint8_t *bytes = next_place(d);
		ssize_t n = tun_read(d->tun, bytes, TUN_PACKET_MAX, &offload);

		if (n < 0)
			device_failed(d);
		if (n <= 0)
			break;
		serve_packet(d, bytes, (size_t)n, &offload);
		bytes_read += (size_t)n;
		if (n < HOT)
			continue;
		bulk = true;
		restart_arena(d);
	}
	restart_arena(d);
	set_pace(d, i, bytes_read, bulk);
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
		stop(d, EXIT_DEVICE);
}

/* Routes go with the link, and come back with it if we may.  A link that comes up for the first
 * time has lost nothing. */
static void set_up_again(struct daemon *d)
{
	bool lost = d->unrouted;
	char err[TUN_ERR];

	d->unrouted = false;
	if (setup_apply(d->setup, NULL, d->tun, err) == 0)
		return;
	if (sandbox_may_configure())
		log_warning("%s", err);
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
		stop(d, EXIT_DEVICE);
	}
	if (change & TUN_MOVED)
		log_warning("tun-device %s: is in another network namespace now: changes of its "
			    "MTU and state are not seen any more",
			    name);
	if (change & TUN_RENAMED)
		log_notice("tun-device %s: is now named %s", d->conf->tun_device, name);
	if (change & TUN_MTU)
		take_mtu(d);
	if (change & TUN_DOWN) {
		log_warning("tun-device %s: the link is down, nothing is translated", name);
		d->unrouted = true;
	}
	if (change & TUN_UP) {
		log_notice("tun-device %s: the link is up", name);
		set_up_again(d);
	}
	if (change)
		daemon_status(d);
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
	stop(d, 0);
}

static void serve_signal(struct daemon *d)
{
	struct signalfd_siginfo info;

	if (read(d->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP)
		daemon_reload(d);
	else if (info.ssi_signo == SIGUSR1)
		report_lines(&d->counters, d->pool, log_counters, NULL);
	else
		stop_by_signal(d);
}

static void serve_leases(struct daemon *d)
{
	d->leases_at = d->now + leasefile_maintain(d->leases, d->pool, d->conf->maps,
						   daemon_seconds(d), daemon_wall());
	daemon_lease_news(d);
}

static void maintain(struct daemon *d)
{
	unsigned long suppressed = log_limit_suppressed(&d->packet_log);

	if (suppressed > 0)
		log_notice("%lu lines about packets suppressed", suppressed);
	if (d->pool)
		pool_expire(d->pool, daemon_seconds(d), EXPIRE_BUDGET);
	if (d->unready || d->now >= d->status_at)
		daemon_status(d);
	d->unreadable = false;
	d->maintain_at = d->now + MAINTAIN_MS;
}

static void serve_what_is_due(struct daemon *d)
{
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
	int64_t at = d->maintain_at;

	if (d->resting)
		return REST_US;
	if (d->now_us < d->awake_until)
		return 0;
	if (d->leases && d->leases_at < at)
		at = d->leases_at;
	if (d->watchdog > 0 && d->watchdog_at < at)
		at = d->watchdog_at;
	return at > d->now ? (at - d->now) * 1000 : 0;
}

/* If ppoll() fails, for want of memory, what is due is still done. */
static void wait_for(struct daemon *d, struct pollfd *from, nfds_t n)
{
	int64_t us = wait_us(d);
	struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	if (ppoll(from, n, &t, NULL) < 0)
		for (nfds_t i = 0; i < n; i++)
			from[i].revents = 0;
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
		SOURCES
	};
	struct pollfd from[SOURCES] = {
		[DEVICE] = {.fd = tun_fd(d->tun), .events = POLLIN},
		[LINK] = {.fd = tun_watch_fd(d->tun), .events = POLLIN},
		[SIGNALS] = {.fd = d->signals, .events = POLLIN},
		[LEASES] = {.fd = -1, .events = POLLIN},
	};

	d->now = daemon_clock();
	while (!d->stopping) {
		from[DEVICE].fd = d->unreadable || d->resting ? -1 : tun_fd(d->tun);
		from[LEASES].fd = d->leases ? leasefile_fd(d->leases) : -1;
		wait_for(d, from, SOURCES);
		if (from[SIGNALS].revents)
			serve_signal(d);
		if (from[LINK].revents)
			serve_link(d);
		if (from[LEASES].revents)
			d->leases_at = d->now;
		serve_what_is_due(d);
		if (end_rest(d) || from[DEVICE].revents)
			serve_packets(d);
	}
}
