/* daemon - the state of the running daemon, which main() owns, and the functions of the files that
 * share it. */
#ifndef NAT64D_DAEMON_H
#define NAT64D_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

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

#define ARENA_SIZE ((size_t)1 << 20) /* bytes: collects a burst until it is sent */

#define DAEMON_PATH 4096

/* Leases that reloads have ended.  They are kept, because a later reload may have room for them. */
struct aside {
	struct aside_lease *at;
	size_t n;
};

/* The pool ranges of the configuration that serve the same hosts and that all stand by or all do
 * not.  Users call them one pool. */
struct one_pool {
	bool standby;
	size_t first,
		ranges;    /* index of its first range in the configuration; number of its ranges */
	size_t size, used; /* totals of its ranges as of the last daemon_count_pools() */
	uint64_t refused;  /* likewise */
	uint8_t told;      /* the state that was last sent to clients of `watch` */
	struct poolwatch watch;
};

/* Everything that is derived from one configuration.  It is built as a whole and replaced as a
 * whole. */
struct active {
	struct conf *conf;
	struct setup *setup;
	struct pool *pool;    /* NULL: no dynamic pool is configured */
	struct one_pool *one; /* daemon_pools.c: the ranges grouped by the hosts that they serve */
	size_t ones;          /* number of entries in ONE */
	size_t *one_of;       /* for each range of CONF, its index in ONE */
	struct ratelimit *ratelimit; /* for the ICMP errors that nat64d generates */
	unsigned log; /* enum log_class bits: from CONF, or set later by `nat64ctl log` */
	struct aside aside;
};

struct crashes {          /* crashes of earlier processes of this service */
	unsigned count;   /* number since a process last ended well or ran for a minute */
	int64_t said;     /* s: when a process was last allowed to log */
	bool hasty;       /* the last crash was only just before this start */
	bool quiet;       /* this process does not log in its first minute */
	int64_t speak_at; /* ms: when that minute ends; 0: it has ended */
};

/* The state that earlier processes of this service left for this one. */
struct before {
	int kept; /* file descriptor of the device, or -1 */
	struct crashes crashes;
};

struct keys {
	struct siphash_key pool, ratelimit, batch, pairs;
	struct siphash_key secret; /* of the first pool, until a better one is found */
};

/* Each member is written only by the file named in its comment, and a test checks that.  An object
 * that a member points to may also be written by its own module. */
struct daemon {
	const struct options *opt; /* main.c */
	struct before *before;     /* main.c */
	struct keys keys;          /* main.c */
	int signals;               /* main.c: a signalfd */
	int pidfile;               /* main.c: file descriptor, or -1 */
	int64_t started;           /* main.c: ms: when translation began; 0: not yet */

	int64_t now;           /* loop.c: ms of CLOCK_BOOTTIME, read once per burst */
	int64_t now_us;        /* loop.c: the same in microseconds */
	int64_t maintain_at;   /* loop.c: ms: when maintenance is due next */
	struct durations busy; /* loop.c: times from a wake-up until the next wait */

	struct active *active;   /* active.c */
	struct xlat xlat;        /* written by the functions of xlat.h */
	struct tun *tun;         /* daemon_device.c */
	struct routes *routes;   /* daemon_link.c: which of the kernel's routes lead into TUN */
	struct control *control; /* daemon_control.c: NULL if there is no control socket */
	int64_t control_rest;    /* daemon_control.c: us: no client is served before this time */

	struct {
		int kept;    /* its file descriptor from an earlier process, or -1 */
		bool unkept; /* the service manager does not have our descriptor of the device yet
			      */
		bool left_over; /* the device existed before this process, and a nat64d made it */
	} device;               /* daemon_device.c */

	struct {
		bool unrouted; /* addresses and routes were lost when the link went down */
		bool unsure;   /* notifications were lost, so they may be lost, too */
		struct log_limit log;
		unsigned long unsaid; /* changes that the log has no line about */
		bool lost;            /* only a restart can repair it */
	} link;                       /* daemon_link.c */

	struct {
		int fd;                /* socket to the service manager, or -1 */
		char told[STATUS_MAX]; /* the last status line that was sent */
		bool unready;          /* READY=1 is not sent yet */
		int64_t status_at;     /* ms: when the status line is sent next */
		int64_t watchdog;      /* ms between keep-alive messages; 0: none */
		int64_t watchdog_at;
	} manager; /* daemon_notify.c */

	struct {
		struct leasefile *file;    /* NULL if leases are not kept on disk */
		struct leaselog *history;  /* NULL if FILE is NULL */
		struct siphash_key secret; /* determines the preferred addresses; survives restarts
					      if it can be stored */
		int64_t wall_us;           /* unix time in us when the clock of NOW was 0 */
		int64_t phase;             /* ms, see daemon_pool_clock() */
		int64_t file_at;           /* ms: when the lease file needs maintenance next */
		bool recorded;             /* records must be written before the packets are sent */
		struct log_limit log;
		struct log_limit displacing; /* limits those leases that displaced another one but
						are recorded at once */
		unsigned long put_off;       /* number of such leases that are not recorded yet */
		int64_t put_off_at;          /* ms: no log line about PUT_OFF before this time */
	} leases;                            /* daemon_lease.c */

	struct {
		bool any, ok;
		int64_t at;             /* unix time */
		char error[512];        /* the first reason why it was refused */
		unsigned long changes;  /* how often the pool or the configuration was replaced */
		uint64_t done, refused; /* since the start */
	} reload;                       /* reload.c: the result of the last reload */

	struct {
		int64_t ahead_at; /* ms: no warning about the clock of a peer before this time */
	} import;                 /* command_import.c */

	struct {
		bool busy;      /* pinned.map is being written to turn the lease of ADDR */
		bool pin, json; /* into a map (PIN) or back into a lease; JSON: format of the answer
				 */
		uint32_t addr;
		struct ip6 host;
		unsigned long changes;
	} pins; /* command_pin.c */

	struct {
		bool busy;          /* pools.state is being written for this change of RANGE */
		bool standby, json; /* JSON: format of the answer */
		struct prefix4 range;
		int64_t revision;
	} role; /* command_role.c */

	struct {
		int64_t awake_until; /* us: do not sleep before this time */
		bool resting; /* the device is not read for a short time, so that packets accumulate
			       */
		bool unreadable; /* the device refused a read: retry at the next change of the link
				    or at the next maintenance */
		bool lost;       /* the device no longer exists */
		unsigned failed_lately; /* reads since the last maintenance */
		unsigned long failed;   /* reads since the last line about them */
		int error;              /* of the last one */
		int64_t say_at;         /* ms: no line about them before this time */
	} pace;                         /* daemon_burst.c: when to read the device next */

	struct {
		unsigned clients; /* number of clients that trace */
		bool fresh; /* a client has just connected, and the program in the kernel may still
			       translate packets that it wants to see */
		int64_t outdate_at; /* ms: the program in the kernel is not invalidated again before
				       this time */
		int64_t round; /* us: the time of the loop's round in which writing lines took SPENT
				*/
		int64_t spent; /* us */
	} trace;               /* daemon_trace.c */

	struct fast *fast; /* daemon_fast.c: NULL if no program is in the kernel */
	struct fastpath_opening fast_opening; /* daemon_fast.c: PID 0: no program is being loaded */
	char fast_off[256]; /* daemon_fast.c: why no program runs although the configuration wants
			       it; or empty */

	struct {
		bool seccomp; /* the filter is in effect */
		int landlock; /* the ABI in effect; 0: none; or -errno, during the start */
		bool has_dir; /* DIR is the directory of the leases at the start, to be compared */
		struct stat dir;
		unsigned long answers; /* of the keeper, when it was last compared */
		char lacks[256];       /* the line about what the kernel refuses, or empty */
	} sandbox;                     /* daemon_sandbox.c */

	struct batch *batch;         /* daemon_burst.c */
	struct send send;            /* daemon_burst.c: points to tun, batch and counters */
	struct xlat_out out;         /* daemon_burst.c */
	struct counters counters;    /* daemon_burst.c */
	struct rates rates;          /* daemon_burst.c */
	struct log_limit packet_log; /* daemon_burst.c */
	struct arena arena; /* daemon_burst.c: the packets of a burst and their translations */
	uint8_t arena_bytes[ARENA_SIZE]; /* daemon_burst.c: uses no memory until it is written */
};

/* Returns the clock of the pool in ms.  It is NOW, shifted so that its seconds begin when those of
 * the time of day do.  Otherwise a lease of 17:19:59.9 would be shown as one of 17:20:00. */
static inline int64_t daemon_pool_clock(const struct daemon *d)
{
	return d->now + d->leases.phase;
}

static inline int32_t daemon_seconds(const struct daemon *d)
{
	return (int32_t)(daemon_pool_clock(d) / 1000);
}

/* --- active.c: everything that is derived from a configuration */

/* Builds everything that C asks for.  C is compared with the active configuration.  A new pool
 * gets its preferred addresses from SECRET and has no leases yet.  MAY: the process may change the
 * device.  The tracking of routes is prepared for C as well.  The result owns C; returns NULL
 * without memory, and then the caller still owns C. */
struct active *active_new(const struct daemon *d, struct conf *c, const struct siphash_key *secret,
			  bool may);
void active_free(struct active *a); /* NULL is fine */

/* Returns true if A, not yet in use, has no pool of its own: active_use() gives it the active one,
 * whose leases all stay valid. */
bool active_keeps_pool(const struct active *a);

/* Makes N active and returns the former one, which the caller must free.  Cannot fail. */
struct active *active_use(struct daemon *d, struct active *n);

/* Sets which classes of lines are logged while A is active. */
void active_log(struct active *a, unsigned classes);

/* Logs that every host may use the translator if A allows that and WAS did not (NULL: there was
 * none). */
void active_say_open(const struct active *a, const struct active *was);

/* Fills N with a copy of WAS that has a new pool without leases, because ranges of its
 * configuration have begun or ceased to stand by.  False without memory; active_free_pool() frees
 * the pool. */
bool active_new_pool(const struct daemon *d, const struct active *was, struct active *n);
void active_free_pool(struct active *n);

/* Makes the pool of N active, and gives N the former one. */
void active_use_pool(struct daemon *d, struct active *n);

/* Must be called after the maps of the active configuration have changed. */
void active_use_maps(struct daemon *d);

/* Returns true if C keeps A from being leased for a reason other than a map.  A need not be in a
 * dynamic-pool.
 */
bool active_withholds(const struct conf *c, uint32_t a);

/* --- daemon_device.c: the device, taken over from an earlier process or left to the next one */

int daemon_hold_device(void); /* returns the device's inherited file descriptor, or -1; call it
				 before anything can fail */
int daemon_open_device(struct daemon *d, const struct conf *c);
void daemon_sweep_device(
	struct daemon *d); /* removes what an earlier configuration left on the device */
void daemon_keep_device(struct daemon *d);
void daemon_leave_device(struct daemon *d);

/* --- daemon_link.c: the state of the link, and the routes into the device */

/* Creates the object that tracks routes; it has no routes yet.  Returns 0, or -1 without memory. */
int daemon_new_routes(struct daemon *d);
/* Passes the MTU and the kernel's routes to the translator. */
void daemon_start_link(struct daemon *d);
void daemon_serve_link(struct daemon *d);
void daemon_maintain_link(struct daemon *d); /* about once a second */
void daemon_serve_routes(struct daemon *d);
int64_t daemon_routes_due(const struct daemon *d);

/* Sets the queue length of the device as configured; logs a warning on failure. */
void daemon_set_queue(const struct daemon *d);
/* Asks the kernel again for addresses and routes that may have been lost.  Failures are logged. */
void daemon_renew_setup(const struct daemon *d);
/* Logs a warning if the MTU of the device is too small for IPv6. */
void daemon_check_mtu(const struct daemon *d);

/* --- daemon_lease.c: the leases, their file and their log lines */

/* Opens the lease file.  Must be called as the user that the daemon runs as.  Sets KEY to the
 * secret of the pool if it can be read.  Returns 0, or -1 after logging the error. */
int daemon_open_leases(struct daemon *d, struct siphash_key *key);
/* Stores KEY, the secret of the active pool, for the next process. */
void daemon_keep_secret(struct daemon *d, const struct siphash_key *key);
int daemon_start_leases(struct daemon *d);
void daemon_close_leases(struct daemon *d);

/* Queues a record of L. daemon_commit_leases() must write it to disk before the first packet of L
 * is sent.  Returns false if that is put off; it must be tried again with the next packet of L. */
bool daemon_record_lease(struct daemon *d, struct lease *l);
/* The same without any report. */
void daemon_store_lease(struct daemon *d, struct lease *l);
void daemon_commit_leases(struct daemon *d);
/* Writes records that were queued by functions of leasefile.h. */
void daemon_write_leases(struct daemon *d);

/* Reports to the log, the history and `watch` that L began, or that it ended, with its packets and
 * bytes.  When it ended, L may be a copy, and its end is put on record, too; after that call
 * daemon_commit_leases().  Call each once per lease.  A lease that was never recorded is not
 * reported. */
void daemon_lease_began(struct daemon *d, const struct lease *l, enum lease_cause cause);
/* The same for a lease that a reload ended.  Its prefix is an index into MAPS. */
void daemon_lease_removed(struct daemon *d, const struct map_table *maps, const struct lease *l,
			  enum lease_cause cause);

static inline void daemon_lease_ended(struct daemon *d, const struct lease *l,
				      enum lease_cause cause)
{
	daemon_lease_removed(d, d->active->conf->maps, l, cause);
}

/* Converts T, a time of daemon_seconds(), to unix time; 0 for POOL_UNKNOWN.  The result for a lease
 * stays the same, with a lease file even across a restart, unless the wall clock is set. */
int64_t daemon_unix_time(const struct daemon *d, int32_t t);

void daemon_serve_leases(struct daemon *d);
int64_t daemon_leases_due(const struct daemon *d);
void daemon_maintain_leases(struct daemon *d); /* about once a second */

/* --- daemon_key.c: the secret of the pool */

/* Sets KEY, which holds the current secret, to the secret that C names.  A problem in data-dir is
 * not an error.  Returns 0; or -1 with the cause and the remedy in ERR. */
int daemon_find_key(const struct daemon *d, const struct conf *c, struct siphash_key *key,
		    char err[LEASEKEY_ERR]);
/* The same at startup.  The first runs before the root directory changes and reads a file outside
 * of it; the second runs when the leases are opened.  Return 0, or -1 after logging the error. */
int daemon_open_key_outside(const struct daemon *d, struct siphash_key *key);
int daemon_open_key(const struct daemon *d, struct siphash_key *key);

/* --- daemon_notify.c: messages to the service manager, if there is one */

void daemon_find_manager(struct daemon *d);
void daemon_ready(struct daemon *d);  /* reports that the daemon is ready */
void daemon_status(struct daemon *d); /* reports the status line if it has changed */
void daemon_maintain_status(struct daemon *d);
void daemon_serve_watchdog(struct daemon *d);
int64_t daemon_watchdog_due(const struct daemon *d);

/* Writes the one-line status.  Returns LINE. */
char *daemon_status_line(const struct daemon *d, char line[STATUS_MAX]);

/* --- daemon_sandbox.c: limits of the system calls and of the files that can be reached */

/* Call the first before the keeper starts; the second at the end of the start.  That returns 0, or
 * -1 after logging the error; the third says what is missing; the fourth about once a second. */
void daemon_prepare_sandbox(struct daemon *d);
int daemon_enter_sandbox(struct daemon *d);
void daemon_announce_sandbox(const struct daemon *d);
void daemon_mind_sandbox(struct daemon *d);

struct sandbox_state {
	const char *mode; /* the word of the directive */
	bool seccomp;
	int landlock;            /* ABI; 0: none */
	bool has_keeper, keeper; /* there is a keeper; it is inside its filter */
};
struct sandbox_state daemon_sandbox_state(const struct daemon *d);

/* --- daemon_crash.c: a daemon that crashes repeatedly */

/* Call the first at startup; the second after a clean exit, or after a failed start that is not
 * retried; the third regularly. */
void daemon_count_crashes(struct crashes *c);
void daemon_forget_crashes(void);
void daemon_end_silence(struct crashes *c, int64_t now);

/* --- reload.c */

/* One reason why a reload is refused. */
struct reload_reason {
	const char *file;  /* NULL: not about a file */
	unsigned line;     /* 0: not about a line */
	const char *text;  /* the problem */
	const char *whole; /* TEXT after file and line, as one line */
};

/* The caller of a reload. */
struct reload_call {
	bool prepared; /* nat64ctl, as root, has already added what the device needs, and will
			  remove what it no longer needs: only check that all of it is present */
	void (*hear)(void *arg, const struct reload_reason *why);
	void *arg;
};

/* Rereads the configuration and applies all of it or nothing.  Passes the reasons of a refusal to
 * CALL (may be NULL). */
bool daemon_reload(struct daemon *d, const struct reload_call *call);

/* Only rereads the configuration: returns true if daemon_reload() has no reason to refuse it so
 * far. It may still fail for lack of memory, or at the device.  A refusal counts as one of a
 * reload. */
bool daemon_check_reload(struct daemon *d, const struct reload_call *call);

/* Replaces the pool of the active configuration after conf_set_role().  All leases stay that fit.
 * False without memory; nothing is changed then. */
bool daemon_renew_pool(struct daemon *d);

/* --- daemon_control.c: the control socket */

/* Looks up the group that the socket must belong to; GID -1: our own group.  Returns 0, or -1 after
 * logging the error. */
int daemon_find_group(const struct daemon *d, gid_t *gid);
/* Opens the socket.  Must be called as the user that the daemon runs as, who becomes its owner and
 * must be a member of group GID.  Returns 0, or -1 after logging the error. */
int daemon_open_control(struct daemon *d, gid_t gid);
/* Creates the socket again if it was removed. */
void daemon_renew_control(struct daemon *d);
int daemon_control_fd(const struct daemon *d); /* -1: no socket, or it is paused */
/* true while the socket is paused, until control_rest, for other work */
bool daemon_control_rests(const struct daemon *d);
void daemon_serve_control(struct daemon *d);
void daemon_maintain_control(struct daemon *d);

/* --- daemon_end.c: leases that end because of a command */

/* Reports the end of L, with its packets and bytes, and queues the record of it, which
 * daemon_write_leases() writes. */
void daemon_record_end(struct daemon *d, struct lease *l, enum lease_cause cause);
/* The same, and ends L. */
void daemon_end_lease(struct daemon *d, struct lease *l, enum lease_cause cause);

/* --- command_pin.c: leases that become maps, and maps that become leases again */

void daemon_serve_pins(struct daemon *d);

/* --- command_role.c: ranges of pools that stand by, and that do no longer */

void daemon_serve_role(struct daemon *d);

/* --- daemon_watch.c: events, for the clients of `watch` */

/* True if any client is watching.  If not, events need not be formatted. */
bool daemon_is_watched(const struct daemon *d);
/* Sends EVENT to the clients of `watch`.  FORMAT produces further members of its JSON object, each
 * preceded by a comma, with strings already quoted.  Allocates nothing and never blocks. */
void daemon_watch(const struct daemon *d, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- daemon_pools.c: pools that fill up, for the log and for `watch` */

/* Fills in the pools of A from its configuration.  False without memory. */
bool daemon_find_pools(struct active *a);
/* Updates the number of leases of each pool; A must have a pool. */
void daemon_count_pools(struct active *a);
/* "dynamic-pool 192.0.2.0/24 and 2 more from 2001:db8::/32".  Returns OUT. */
#define DAEMON_POOL_NAME 128
char *daemon_pool_name(const struct active *a, const struct one_pool *one,
		       char out[DAEMON_POOL_NAME]);
void daemon_watch_pools(struct daemon *d); /* about once a second */
/* Copies from WAS to N what was already reported, so that it is not reported again. */
void daemon_keep_told(struct active *n, const struct active *was);

/* --- daemon_trace.c: packets, for the clients of `trace` */

/* Must be called after a client of the control socket may have come or gone. */
void daemon_count_traces(struct daemon *d);
/* Traces a packet that was BEFORE.  The out member of D holds its translation, and WHY is the
 * result. */
void daemon_trace(struct daemon *d, enum report_dir dir, const struct trace_side *before,
		  enum reason why);
/* Returns true if any client traces packets of the address pair in D's out member, in direction
 * DIR. */
bool daemon_traces_pair(const struct daemon *d, enum report_dir dir);
void daemon_maintain_traces(struct daemon *d);
int64_t daemon_traces_due(const struct daemon *d);
void daemon_serve_traces(struct daemon *d);

/* --- daemon_burst.c: reading, translating and sending packets */

int daemon_start_packets(struct daemon *d); /* 0, or -1 without memory */

/* Reads, translates and sends a bounded number of packets. */
void daemon_serve_packets(struct daemon *d);
/* Adds the packets that the program in the kernel translated to the counters. */
void daemon_count_fast(struct daemon *d);
/* Allows reads again after the device refused one. */
void daemon_retry_device(struct daemon *d);
void daemon_maintain_packets(struct daemon *d);

/* --- daemon_fast.c: the program in the kernel, which translates packets between known pairs of
 * addresses.  Without it these functions do nothing. */

/* Starts to load it and to attach it to the device, with the privileges of the start.  When the
 * descriptor becomes readable, call daemon_use_fast(), which puts it into use or logs why it
 * cannot. */
void daemon_open_fast(struct daemon *d);
int daemon_fast_fd(const struct daemon *d); /* -1: no program is being loaded */
void daemon_use_fast(struct daemon *d);
/* Logs that the fast path is off, if no program is being loaded. */
void daemon_announce_fast(const struct daemon *d);
void daemon_close_fast(struct daemon *d);

/* Prevents later packets of a lease that ends now from overtaking those that the program has
 * redirected. */
void daemon_hold_fast(struct daemon *d);
/* Invalidates all pairs that the program knows. */
void daemon_outdate_fast(struct daemon *d);
/* The same, after another pool may have become active. */
void daemon_renew_fast(struct daemon *d);

/* Returns what it has counted since the last call. */
struct fastpath_totals daemon_take_fast(struct daemon *d);
/* Adds to the leases what the program has counted for them.  If daemon_take_fast() found anything,
 * this is spread over the following calls; otherwise it is done at once. */
void daemon_gather_leases(struct daemon *d);
/* The same for L alone.  Call daemon_commit_leases() afterwards. */
void daemon_gather_lease(struct daemon *d, struct lease *l);
void daemon_maintain_fast(struct daemon *d);

/* A plain packet was translated, and D's out member holds it: considers its pair for the program.
 */
void daemon_see_pair(struct daemon *d);
/* Must be called when all of a burst of PACKETS has been sent.  DRAINED: the burst has read all
 * packets that were in the device when it began. */
void daemon_end_burst(struct daemon *d, unsigned packets, bool drained);

/* Informs the program that the daemon is alive; the program can remain after the daemon ends. */
void daemon_show_life(const struct daemon *d);
/* True if UDP has just returned to the daemon and its packets must wait, so that they do not
 * overtake those that the program redirected before. */
bool daemon_fast_holds(const struct daemon *d);

void daemon_serve_fast(struct daemon *d);
int64_t daemon_fast_due(const struct daemon *d);

/* --- loop.c */

#define EXIT_DEVICE 2 /* exit status: device or routes are lost; the unit restarts the daemon */

void daemon_tick(struct daemon *d); /* reads the clock */

/* Serves until it is told to stop.  Returns the exit status. */
int daemon_loop(struct daemon *d);

#endif
