/* daemon - everything there is while it runs, owned by main. */
#ifndef NAT64D_DAEMON_H
#define NAT64D_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "xlat/batch.h"
#include "conf/conf.h"
#include "daemon/control.h"
#include "lease/leaseevent.h"
#include "lease/leasefile.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "map/pool.h"
#include "daemon/durations.h"
#include "daemon/poolwatch.h"
#include "daemon/rates.h"
#include "daemon/report.h"
#include "linux/fastpath_linux.h"
#include "linux/routes.h"
#include "daemon/send.h"
#include "daemon/setup.h"
#include "lib/siphash.h"
#include "daemon/status.h"
#include "daemon/trace.h"
#include "linux/tun.h"
#include "xlat/xlat.h"

#define ARENA_SIZE ((size_t)1 << 20) /* bytes of a burst that are held before they are sent */

#define DAEMON_PATH 4096

/* Leases that reloads have ended, for a later one that has room for them again. */
struct aside {
	struct aside_lease *at;
	size_t n;
};

/* Ranges with the same hosts in front of them: what people call a pool. */
struct one_pool {
	size_t first, ranges; /* the number of the first one in the configuration; all of them */
	size_t size, used;    /* together, by the last daemon_count_pools() */
	uint64_t refused;     /* likewise */
	uint8_t told;         /* what watchers know */
	struct poolwatch watch;
};

/* All that follows from one configuration: built as a whole, and replaced as a whole. */
struct active {
	struct conf *conf;
	struct setup *setup;
	struct pool *pool;    /* NULL: no dynamic pool */
	struct one_pool *one; /* daemon_pools.c: the ranges for the same hosts, by who they are */
	size_t ones;          /* of them there are */
	size_t *one_of;       /* the number in ONE of each range of CONF */
	struct ratelimit *ratelimit; /* of the ICMP errors that we generate */
	unsigned log; /* enum log_class bits: those of CONF, or what has been told since */
	struct aside aside;
};

struct crashes {          /* of the processes before this one */
	unsigned count;   /* since one of them has ended well, or lived for a minute */
	int64_t said;     /* s: when one of them has last had a say in the log */
	bool hasty;       /* the last one came just before */
	bool quiet;       /* this one has none, for its first minute */
	int64_t speak_at; /* ms: when that is over; 0: it is */
};

/* What earlier processes of a service have left. */
struct before {
	int kept; /* a descriptor of the device, or -1 */
	struct crashes crashes;
};

struct keys {
	struct siphash_key pool, ratelimit, batch, pairs;
	struct siphash_key secret; /* of the first pool, until there is a better one */
};

/* Each member is written by the file that it names, and by no other; a test sees to that.  What a
 * member points to may be written by its own module. */
struct daemon {
	const struct options *opt; /* main.c */
	struct before *before;     /* main.c */
	struct keys keys;          /* main.c */
	int signals;               /* main.c: signalfd */
	int pidfile;               /* main.c: descriptor, or -1 */
	int64_t started;           /* main.c: ms: when we began to translate; 0: not yet */

	int64_t now;           /* loop.c: ms of CLOCK_BOOTTIME, read once per burst */
	int64_t now_us;        /* loop.c: the same in microseconds */
	int64_t maintain_at;   /* loop.c: ms: when maintenance is due */
	struct durations busy; /* loop.c: from waking until we wait again */

	struct active *active;   /* active.c */
	struct xlat xlat;        /* written by the functions of xlat.h */
	struct tun *tun;         /* daemon_device.c */
	struct routes *routes;   /* daemon_link.c: which of them lead into TUN */
	struct control *control; /* daemon_control.c: NULL: no control socket */
	int64_t control_rest;    /* daemon_control.c: us: nobody is served before that */

	struct {
		int kept;       /* its descriptor from an earlier process, or -1 */
		bool unkept;    /* the manager has still to take the device */
		bool left_over; /* the device was there before us, and is ours */
	} device;               /* daemon_device.c */

	struct {
		bool unrouted; /* addresses and routes went with the link */
		bool lost;     /* only a new start helps */
	} link;                /* daemon_link.c */

	struct {
		int fd;                /* socket to the service manager, or -1 */
		char told[STATUS_MAX]; /* what it has heard */
		bool unready;          /* READY=1 has still to be taken */
		int64_t status_at;     /* ms: when it is to hear how it goes */
		int64_t watchdog;      /* ms between signs of life, 0: none */
		int64_t watchdog_at;
	} manager; /* daemon_notify.c */

	struct {
		struct leasefile *file;    /* NULL: leases are not kept on disk */
		struct leaselog *history;  /* NULL: there is no file either */
		struct siphash_key secret; /* of preferred addresses: outlives us, if it can */
		int64_t wall_us;           /* unix time at 0 of the clock of NOW, in us */
		int64_t phase;             /* ms, as for daemon_pool_clock() */
		int64_t file_at;           /* ms: when the file wants attention */
		bool recorded;             /* records wait to be written before the packets leave */
		struct log_limit log;
		struct log_limit displacing; /* leases that are on record nevertheless */
		unsigned long put_off;       /* the others, that nobody has heard of */
		int64_t put_off_at;          /* ms: not before that is it said */
	} leases;                            /* daemon_lease.c */

	struct {
		bool any, ok;
		int64_t at;             /* unix time */
		char error[512];        /* the first reason why it was refused */
		unsigned long changes;  /* reloads that have changed something */
		uint64_t done, refused; /* since the start */
	} reload;                       /* reload.c: how the last one went */

	struct {
		bool busy;      /* pinned.map is being written, since the lease of ADDR is to */
		bool pin, json; /* become a map, or the other way round; the answer is JSON */
		uint32_t addr;
		struct ip6 host;
		unsigned long changes;
	} pins; /* command_pin.c */

	struct {
		int64_t awake_until; /* us: no sleep before that */
		bool resting;        /* packets are left to gather for a moment */
		bool unreadable;     /* the device refused a read: not before the next change or
					maintenance */
		bool lost;           /* the device is gone */
	} pace;                      /* daemon_burst.c: when the device is read next */

	struct {
		unsigned clients;   /* who trace; 0: nobody does */
		bool fresh;         /* one of them has come, and what it wants may still pass below
				       us */
		int64_t outdate_at; /* ms: not before that is all called to us again */
		int64_t round;      /* us: the time of the round in which lines took SPENT */
		int64_t spent;      /* us */
	} trace;                    /* daemon_trace.c */

	struct fast *fast;                    /* daemon_fast.c: NULL: no program in the kernel */
	struct fastpath_opening fast_opening; /* daemon_fast.c: PID 0: there is nothing to come */
	char fast_off[256]; /* daemon_fast.c: why there is none, though it is wanted; or empty */

	struct batch *batch;         /* daemon_burst.c */
	struct send send;            /* daemon_burst.c: points to tun, batch and counters */
	struct xlat_out out;         /* daemon_burst.c */
	struct counters counters;    /* daemon_burst.c */
	struct rates rates;          /* daemon_burst.c */
	struct log_limit packet_log; /* daemon_burst.c */
	struct arena arena; /* daemon_burst.c: the packets of a burst and what comes of them */
	uint8_t arena_bytes[ARENA_SIZE]; /* daemon_burst.c: untouched, it has no memory */
};

/* The clock of the pool in ms: NOW, but that its seconds begin with those of the time of day, so
 * that a lease of 17:19:59.9 is not told as one of 17:20:00. */
static inline int64_t daemon_pool_clock(const struct daemon *d)
{
	return d->now + d->leases.phase;
}

static inline int32_t daemon_seconds(const struct daemon *d)
{
	return (int32_t)(daemon_pool_clock(d) / 1000);
}

/* --- active.c: what follows from a configuration */

/* What C asks for, compared with what is active now; the pool, whose preferred addresses come of
 * SECRET, has no leases yet.  MAY: to change the device.  The watch over routes is ready for it as
 * well.  C is the result's; NULL without memory, and C is the caller's still. */
struct active *active_new(const struct daemon *d, struct conf *c, const struct siphash_key *secret,
			  bool may);
void active_free(struct active *a); /* NULL is fine */

/* Makes N active, and returns what was, to be freed; this cannot fail. */
struct active *active_use(struct daemon *d, struct active *n);

/* Replaces the classes of lines that the log gets, for as long as A is active. */
void active_log(struct active *a, unsigned classes);

/* Says that everybody may use the translator, if that is so by A and was not by WAS (NULL: nothing
 * was). */
void active_say_open(const struct active *a, const struct active *was);

/* The maps of the active configuration are others than before. */
void active_use_maps(struct daemon *d);

/* Does C keep A from being leased, be it in a dynamic-pool or not, other than by a map? */
bool active_withholds(const struct conf *c, uint32_t a);

/* --- daemon_device.c: the device, from an earlier process if one has left it, and for the next */

int daemon_hold_device(void); /* its descriptor, before anything can fail; or -1 */
int daemon_open_device(struct daemon *d, const struct conf *c);
void daemon_sweep_device(struct daemon *d); /* what an earlier configuration has left on it */
void daemon_keep_device(struct daemon *d);
void daemon_leave_device(struct daemon *d);

/* --- daemon_link.c: its link, and the routes into it */

/* Makes the watch over routes, which knows none yet.  0, or -1 without memory. */
int daemon_new_routes(struct daemon *d);
/* Lets the translator know the MTU and the kernel's routes. */
void daemon_start_link(struct daemon *d);
void daemon_serve_link(struct daemon *d);
void daemon_serve_routes(struct daemon *d);
int64_t daemon_routes_due(const struct daemon *d);

/* Sets the length of the device's queue as the configuration wants it, or warns. */
void daemon_set_queue(const struct daemon *d);
/* Asks the kernel again for the addresses and routes that may have gone; what cannot be had is
 * logged. */
void daemon_renew_setup(const struct daemon *d);
/* Warns if the device's MTU is too small for IPv6. */
void daemon_check_mtu(const struct daemon *d);

/* --- daemon_lease.c: the leases, their file and what the log says of them */

/* As the user that we become.  KEY becomes the secret of the pool, if that can be had.  0, or -1;
 * what is wrong is logged. */
int daemon_open_leases(struct daemon *d, struct siphash_key *key);
/* The active pool has KEY for its secret; so that the next one can have it, too. */
void daemon_keep_secret(struct daemon *d, const struct siphash_key *key);
int daemon_start_leases(struct daemon *d);
void daemon_close_leases(struct daemon *d);

/* Puts L on record, which daemon_commit_leases() must bring to disk before anyone can know of it.
 * False: that is put off, to be tried again with its next packet. */
bool daemon_record_lease(struct daemon *d, struct lease *l);
void daemon_commit_leases(struct daemon *d);
/* The same for what was put on record by way of leasefile.h. */
void daemon_write_leases(struct daemon *d);

/* Whoever is to know of leases hears that L has begun, or has ended with all that was counted for
 * it: L is there still, or a copy.  To be called once each; of what was never on record, nobody
 * does.
 */
void daemon_lease_began(struct daemon *d, const struct lease *l, enum lease_cause cause);
/* The same for a lease that a reload has ended: its prefix is one of MAPS. */
void daemon_lease_removed(struct daemon *d, const struct map_table *maps, const struct lease *l,
			  enum lease_cause cause);

static inline void daemon_lease_ended(struct daemon *d, const struct lease *l,
				      enum lease_cause cause)
{
	daemon_lease_removed(d, d->active->conf->maps, l, cause);
}

/* T, by the clock of daemon_seconds(), as unix time; 0 for POOL_UNKNOWN.  It stays what it is
 * unless the wall clock is set, also over a restart if there is a lease file. */
int64_t daemon_unix_time(const struct daemon *d, int32_t t);

void daemon_serve_leases(struct daemon *d);
int64_t daemon_leases_due(const struct daemon *d);
void daemon_maintain_leases(struct daemon *d); /* about once a second */

/* --- daemon_key.c: the secret of the pool */

/* KEY, which is the one before, becomes the one that C names; what is in data-dir never fails.  0;
 * or -1, and ERR says what is wrong and what to do. */
int daemon_find_key(const struct daemon *d, const struct conf *c, struct siphash_key *key,
		    char err[LEASEKEY_ERR]);
/* The same at the start: the first before the root directory changes, where the file lies outside
 * of it, and the second with the leases.  0, or -1; what is wrong is logged. */
int daemon_open_key_outside(const struct daemon *d, struct siphash_key *key);
int daemon_open_key(const struct daemon *d, struct siphash_key *key);

/* --- daemon_notify.c: what the service manager hears, if there is one */

void daemon_find_manager(struct daemon *d);
void daemon_ready(struct daemon *d);  /* that we are ready */
void daemon_status(struct daemon *d); /* how it goes, if that has changed */
void daemon_maintain_status(struct daemon *d);
void daemon_serve_watchdog(struct daemon *d);
int64_t daemon_watchdog_due(const struct daemon *d);

/* How it goes, in one line.  Returns LINE. */
char *daemon_status_line(const struct daemon *d, char line[STATUS_MAX]);

/* --- daemon_crash.c: a daemon that crashes again and again */

/* To be called at a start; after a good end, or a start that is not tried again; and at times. */
void daemon_count_crashes(struct crashes *c);
void daemon_forget_crashes(void);
void daemon_end_silence(struct crashes *c, int64_t now);

/* --- reload.c */

/* A reason why a reload is refused. */
struct reload_reason {
	const char *file;  /* NULL: it is of none */
	unsigned line;     /* 0: it is of none */
	const char *text;  /* what is wrong there */
	const char *whole; /* the same as one line, with file and line in front */
};

/* Who has asked for a reload. */
struct reload_call {
	bool prepared; /* root has added to the device what it needs, and takes away what it does
			  not need any more: it is enough to look whether all is there */
	void (*hear)(void *arg, const struct reload_reason *why);
	void *arg;
};

/* Rereads the configuration: all of it is taken over, or none.  CALL is told why not; NULL: nobody
 * is. */
bool daemon_reload(struct daemon *d, const struct reload_call *call);

/* --- daemon_control.c: the control socket */

/* The group that the socket is to belong to, or -1 for our own.  0, or -1; what is wrong is logged.
 */
int daemon_find_group(const struct daemon *d, gid_t *gid);
/* As the user that we become, whose it is; GID is in its groups if it is another user than before.
 * 0, or -1; what is wrong is logged. */
int daemon_open_control(struct daemon *d, gid_t gid);
/* Makes it again, if somebody has removed it. */
void daemon_renew_control(struct daemon *d);
int daemon_control_fd(const struct daemon *d); /* -1: none, or it rests */
/* Nobody is served before CONTROL_REST of D: others have their turn. */
bool daemon_control_rests(const struct daemon *d);
void daemon_serve_control(struct daemon *d);
void daemon_maintain_control(struct daemon *d);

/* --- command_pin.c: leases that become maps, and back */

void daemon_serve_pins(struct daemon *d);

/* --- daemon_watch.c: what happens, for who follows it */

/* Is there one, so that an event is worth its words? */
bool daemon_is_watched(const struct daemon *d);
/* Tells the clients of `watch` of EVENT.  FORMAT makes the other members of its JSON object, each
 * with a comma in front; its strings are quoted already.  Allocates nothing, waits for nobody. */
void daemon_watch(const struct daemon *d, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- daemon_pools.c: pools that get full, for the log and for who watches */

/* Which there are in A, whose configuration is set.  False without memory. */
bool daemon_find_pools(struct active *a);
/* How many leases they have by now; A has a pool. */
void daemon_count_pools(struct active *a);
/* "dynamic-pool 192.0.2.0/24 and 2 more from 2001:db8::/32".  Returns OUT. */
#define DAEMON_POOL_NAME 128
char *daemon_pool_name(const struct active *a, const struct one_pool *one,
		       char out[DAEMON_POOL_NAME]);
void daemon_watch_pools(struct daemon *d); /* about once a second */
/* What has been told of WAS need not be told again of N. */
void daemon_keep_told(struct active *n, const struct active *was);

/* --- daemon_trace.c: packets, for who traces them */

/* To be called when clients of the control socket may have come or gone. */
void daemon_count_traces(struct daemon *d);
/* A packet was BEFORE, and D's OUT has what has become of it, for WHY. */
void daemon_trace(struct daemon *d, enum report_dir dir, const struct trace_side *before,
		  enum reason why);
/* Does anybody want the packets of the pair in D's OUT in direction DIR? */
bool daemon_traces_pair(const struct daemon *d, enum report_dir dir);
void daemon_maintain_traces(struct daemon *d);
int64_t daemon_traces_due(const struct daemon *d);
void daemon_serve_traces(struct daemon *d);

/* --- daemon_burst.c: the packets */

int daemon_start_packets(struct daemon *d); /* 0, or -1 without memory */

/* Reads, translates and sends a bounded number of packets. */
void daemon_serve_packets(struct daemon *d);
/* Counts what the program in the kernel has translated. */
void daemon_count_fast(struct daemon *d);
/* A device that refused a read is tried again. */
void daemon_retry_device(struct daemon *d);
void daemon_maintain_packets(struct daemon *d);

/* --- daemon_fast.c: the program in the kernel, which translates for pairs of addresses that are
 * known; without it each of these does nothing */

/* Begins to load it and to put it on the device, with the rights of the start.  When its descriptor
 * is readable it is used, or it is said why there is none. */
void daemon_open_fast(struct daemon *d);
int daemon_fast_fd(const struct daemon *d); /* -1: nothing comes */
void daemon_use_fast(struct daemon *d);
/* Says that there is none, if none comes. */
void daemon_announce_fast(const struct daemon *d);
void daemon_close_fast(struct daemon *d);

/* What it has redirected for a lease that ends now must not be overtaken. */
void daemon_hold_fast(struct daemon *d);
/* Nothing that it was told holds any more. */
void daemon_outdate_fast(struct daemon *d);
/* The same, and another pool may be active. */
void daemon_renew_fast(struct daemon *d);

/* What it has counted since the last call. */
struct fastpath_totals daemon_take_fast(struct daemon *d);
/* Adds to the leases what it has counted for them: at once, or in slices from now on if
 * daemon_take_fast() has found anything. */
void daemon_gather_leases(struct daemon *d);
/* The same for L alone; daemon_commit_leases() is to follow. */
void daemon_gather_lease(struct daemon *d, struct lease *l);
void daemon_maintain_fast(struct daemon *d);

/* A plain packet was translated: D's OUT has it. */
void daemon_see_pair(struct daemon *d);
/* All that a burst of PACKETS has brought is sent.  DRAINED: with everything that stood in the
 * device when it began. */
void daemon_end_burst(struct daemon *d, unsigned packets, bool drained);

/* For a program that may outlive us: we live. */
void daemon_show_life(const struct daemon *d);
/* UDP has just come back to us: what the program has redirected before must not be overtaken. */
bool daemon_fast_holds(const struct daemon *d);

void daemon_serve_fast(struct daemon *d);
int64_t daemon_fast_due(const struct daemon *d);

/* --- loop.c */

#define EXIT_DEVICE 2 /* status: the device or its routes are lost; the unit starts us again */

void daemon_tick(struct daemon *d); /* reads the clock */

/* Serves until told to stop; returns the status to exit with. */
int daemon_loop(struct daemon *d);

#endif
