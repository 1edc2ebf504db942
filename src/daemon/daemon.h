/* daemon - everything there is while it runs, owned by main. */
#ifndef NAT64D_DAEMON_H
#define NAT64D_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/clock.h"
#include "xlat/batch.h"
#include "conf/conf.h"
#include "daemon/control.h"
#include "lease/leasefile.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "map/pool.h"
#include "daemon/poolwatch.h"
#include "daemon/report.h"
#include "linux/routes.h"
#include "daemon/send.h"
#include "daemon/setup.h"
#include "lib/siphash.h"
#include "daemon/status.h"
#include "linux/tun.h"
#include "xlat/xlat.h"

/* Lines about leases, in a second and at once: as a record they should be complete, and a line
 * takes but some microseconds. */
#define LEASE_LINES 1000

/* The leases that reloads have ended, for a later one that has room for them again. */
struct aside {
	struct aside_lease *at;
	size_t n;
};

/* How the last reload went. */
struct reload_result {
	bool any, ok;
	int64_t at;      /* unix time */
	char error[512]; /* the first reason why it was refused */
};

#define ARENA_SIZE ((size_t)1 << 20) /* bytes of a burst that are held before they are sent */

#define DAEMON_PATH 4096

struct crashes {        /* of the processes before this one */
	unsigned count; /* since one of them has ended well, or lived for a minute */
	int64_t said;   /* s: when one of them has last had a say in the log */
	bool hasty;     /* the last one came just before */
	bool quiet;     /* this one has none, for its first minute */
};

struct daemon {
	const struct options *opt;
	struct conf *conf;
	struct setup *setup;
	struct tun *tun;
	struct routes *routes;    /* which of them lead into TUN */
	struct pool *pool;        /* NULL: no dynamic pool */
	struct leasefile *leases; /* NULL: leases are not kept on disk */
	struct siphash_key pool_key, ratelimit_key, batch_key;
	struct siphash_key
		pool_secret; /* of the pool's preferred addresses: outlives us, if it can */
	struct xlat xlat;    /* points to conf, pool, ratelimit and routes */
	struct batch *batch;
	struct send send; /* points to tun, batch and counters */
	struct xlat_out out;
	struct counters counters;
	struct log_limit packet_log, lease_log;
	struct poolwatch poolwatch;

	struct aside aside;
	struct control *control; /* NULL: no control socket */
	struct reload_result last_reload;
	unsigned long reloads; /* that have changed something */
	int64_t started;       /* ms: when we began to translate; 0: not yet */

	int signals; /* signalfd */
	int notify;  /* socket to the service manager, or -1 */
	int pidfile; /* descriptor, or -1 */
	int kept; /* the device's, from an earlier process by way of the service manager, or -1 */
	bool unkept;    /* the manager has still to take the device */
	bool left_over; /* the device was there before us, and is ours */

	int64_t now;         /* ms of CLOCK_BOOTTIME, read once per burst */
	int64_t now_us;      /* the same in microseconds */
	int64_t awake_until; /* us: no sleep before that */
	bool resting;        /* packets are left to gather for a moment */
	int64_t maintain_at; /* ms: when maintenance is due */
	int64_t leases_at;   /* ms: when the lease file wants it */
	int64_t speak_at;    /* ms: when the log is open again after many crashes; 0: it is */
	int64_t watchdog;    /* ms between signs of life, 0: none */
	int64_t watchdog_at;
	int64_t status_at;     /* ms: when the service manager is to hear how it goes */
	char told[STATUS_MAX]; /* what it has heard */
	bool unready;          /* READY=1 has still to be taken */
	bool refused;          /* the last reload was */
	bool unrouted;         /* addresses and routes went with the link */
	bool unreadable; /* the device refused a read: not before the next change or maintenance */
	bool recorded;   /* records wait to be written before the packets leave */
	bool stopping;
	int status; /* to exit with */

	size_t arena_used;
	uint8_t arena[ARENA_SIZE]; /* what batch holds; only what is used has memory */
};

static inline int32_t daemon_seconds(const struct daemon *d)
{
	return (int32_t)(d->now / 1000);
}

/* Sets the length of the device's queue as the configuration wants it, or warns. */
void daemon_set_queue(const struct daemon *d);
/* Asks the kernel again for the addresses and routes that may have gone; what cannot be had is
 * logged. */
void daemon_renew_setup(const struct daemon *d);

/* Warns if the device's MTU is too small for IPv6. */
void daemon_check_mtu(const struct daemon *d);

/* Logs what the lease file has to say about itself. */
void daemon_lease_news(struct daemon *d);

/* Where the log is to have it: L, which is new, has been assigned, perhaps in the place of another;
 * L has ended, for CAUSE; for not being used (ARG is the daemon). */
void daemon_lease_assigned(struct daemon *d, const struct lease *l);
void daemon_lease_ended(struct daemon *d, const struct lease *l, const char *cause);
void daemon_lease_expired(void *arg, const struct lease *l);

/* Ends at most BUDGET leases that nobody has used for long. */
void daemon_expire_leases(struct daemon *d, unsigned budget);

/* Warns if the pool gets full, or is. */
void daemon_watch_pool(struct daemon *d);

/* An empty pool for C, with what must not be handed out reserved.  NULL without memory. */
struct pool *daemon_new_pool(const struct daemon *d, const struct conf *c);

/* Makes the watch over the kernel's routes ready for MAPS, and the routes of SETUP.  0, or -1
 * without memory. */
int daemon_prepare_routes(const struct daemon *d, const struct map_table *maps,
			  const struct setup *setup);

/* Tells the service manager, if there is one: that we are ready; and how it goes, if that has
 * changed. */
void daemon_ready(struct daemon *d);
void daemon_status(struct daemon *d);

/* To be called at a start; after a good end, or a start that is not tried again. */
void daemon_count_crashes(struct crashes *c);
void daemon_forget_crashes(void);

/* Gets the device, from an earlier process if one has left it; and leaves it, to the next one. */
int daemon_hold_device(void); /* its descriptor, before anything can fail; or -1 */
int daemon_open_device(struct daemon *d);
void daemon_sweep_device(struct daemon *d); /* what an earlier configuration has left on it */
void daemon_keep_device(struct daemon *d);
void daemon_leave_device(struct daemon *d);

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

/* Answers a request at the control socket (ARG is the daemon). */
void daemon_answer(void *arg, const struct control_request *r, struct answer *a);

#define EXIT_DEVICE 2 /* status: the device or its routes are lost; the unit starts us anew */

/* Ends the loop; STATUS is to exit with. */
void daemon_stop(struct daemon *d, int status);

/* Reads, translates and sends a bounded number of packets. */
void daemon_serve_packets(struct daemon *d);

/* Serves until told to stop. */
void daemon_loop(struct daemon *d);

#endif
