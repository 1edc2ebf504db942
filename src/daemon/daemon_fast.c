/* daemon_fast - controls the program in the kernel: loads it, gives pairs to it, decides when it
 * translates UDP, and adds its counts to counters and leases. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon.h"
#include "fastpath_probe.h"
#include "linux/fastpath_linux.h"
#include "linux/tc.h"
#include "pairs.h"
#include "udp_choice.h"

_Static_assert(sizeof(((struct daemon *)0)->fast_off) >= FASTPATH_ERR, "room for a reason");

#define BATCH      64    /* maximum pairs to pass in one system call */
#define SLICE      2048  /* leases to gather before packets are served again */
#define SPARE      4     /* with so many CPUs, the daemon's one is not the only resource */
#define LEASES_MIN 4096  /* at least so many, since a reload may enlarge the pool */
#define LET_PASS   1000  /* us; by then, redirected packets have passed through the kernel */
#define IN_USE_MS  3000  /* since the last use, we report to the program that we are alive */
#define ALIVE_MS   25    /* interval of these messages */
#define ONE_MS     1000  /* in us */
#define ONE_US     1000u /* in ns */

struct fast {
	struct fastpath *path;
	struct fastpath_control *control;
	struct pairs *pairs;
	unsigned n4, n6; /* number of pairs in the arrays */
	struct fastpath_key4 key4[BATCH];
	struct fastpath_4to6 to6[BATCH];
	struct fastpath_key6 key6[BATCH];
	struct fastpath_6to4 to4[BATCH];
	bool refused;                /* the kernel refused pairs, and that was logged */
	struct fastpath_totals seen; /* totals that are already in the counters */
	bool gathering;              /* gathering is in progress, at CURSOR */
	size_t cursor;
	bool news; /* leases may have counted since they were last gathered */
	struct udp_choice udp;
	struct udp_load load; /* measured in the current span */
	int64_t span_at;      /* us: the beginning of the span */
	uint64_t merged_then; /* the counter at the beginning of the span */
	uint64_t udp_then;
	int64_t in_use_until; /* ms: the program was used recently */
	int64_t hold_until;   /* us: until then the daemon sends nothing that could overtake
				 redirected packets */
};

/* --- shared memory */

static void store_flags(const struct fast *f, uint32_t flags)
{
	__atomic_store_n(&f->control->flags, flags, __ATOMIC_RELEASE);
}

void daemon_show_life(const struct daemon *d)
{
	const struct fast *f = d->fast;

	if (!f || !fastpath_must_watch(f->path))
		return;
	fastpath_write(&f->control->alive, (uint64_t)clock_us() * ONE_US);
}

static void share_leases(const struct daemon *d)
{
	unsigned n;
	union fastpath_element *at = fastpath_leases(d->fast->path, &n);

	if (d->active->pool)
		pool_share(d->active->pool, at, n);
}

/* --- start and end */

/* Returns how many leases can have their counters in shared memory. */
static unsigned count_leases(const struct active *a)
{
	size_t leases = a->pool ? pool_size(a->pool) : 0;

	if (leases < LEASES_MIN)
		leases = LEASES_MIN;
	return leases < a->conf->fast_path ? (unsigned)leases : a->conf->fast_path;
}

void daemon_open_fast(struct daemon *d)
{
	const struct active *a = d->active;
	struct fastpath_plan plan = {.entries = a->conf->fast_path,
				     .leases = count_leases(a),
				     .index = tun_index(d->tun),
				     .try = fastpath_probe};

	tc_detach(plan.index); /* left by an earlier daemon */
	if (a->conf->fast_path && fastpath_open_aside(&d->fast_opening, &plan) < 0)
		snprintf(d->fast_off, sizeof(d->fast_off), "%s", strerror(errno));
}

static void tell_watchers(const struct daemon *d)
{
	struct answer reason = {.text = NULL};

	answer_json(&reason, !d->fast && d->fast_off[0] ? d->fast_off : NULL);
	daemon_watch(d, "fast_path", ", \"active\": %s, \"reason\": %s", d->fast ? "true" : "false",
		     reason.text ? reason.text : "null");
	answer_free(&reason);
}

static void announce(const struct daemon *d)
{
	tell_watchers(d);
	if (d->fast)
		log_notice("fast-path: on, %u pairs of addresses%s", d->active->conf->fast_path,
			   fastpath_must_watch(d->fast->path) ? " (as a tc filter)" : "");
	else
		log_notice("fast-path: off%s%s",
			   d->fast_off[0] ? ", nat64d translates every packet itself: " : "",
			   d->fast_off);
}

void daemon_announce_fast(const struct daemon *d)
{
	if (d->fast_opening.pid == 0)
		announce(d);
}

static struct fast *new_fast(const struct daemon *d, struct fastpath *path)
{
	struct fast *f = calloc(1, sizeof(*f));

	if (!f || !(f->pairs = pairs_new(&d->keys.pairs))) {
		free(f);
		return NULL;
	}
	f->path = path;
	f->control = fastpath_control(path);
	f->udp.spare = fastpath_may_run_on() >= SPARE;
	return f;
}

static void free_fast(struct fast *f)
{
	fastpath_close(f->path);
	pairs_free(f->pairs);
	free(f);
}

static void take_opened(struct daemon *d)
{
	struct fastpath *path = fastpath_opened(&d->fast_opening, d->fast_off);

	if (!path)
		return;
	d->fast = new_fast(d, path);
	if (d->fast)
		return;
	fastpath_close(path);
	snprintf(d->fast_off, sizeof(d->fast_off), "out of memory");
}

int daemon_fast_fd(const struct daemon *d)
{
	return d->fast_opening.pid ? d->fast_opening.fd : -1;
}

void daemon_use_fast(struct daemon *d)
{
	take_opened(d);
	if (d->fast) {
		if (fastpath_must_watch(d->fast->path))
			store_flags(d->fast, FASTPATH_WATCH);
		daemon_take_fast(d); /* discards the counts of the self-test */
		daemon_show_life(d);
		share_leases(d);
	}
	announce(d);
}

void daemon_close_fast(struct daemon *d)
{
	if (d->fast_opening.pid)
		close(d->fast_opening.fd); /* the process exits when it notices this */
	if (!d->fast)
		return;
	daemon_gather_leases(d);
	if (d->active->pool)
		pool_share(d->active->pool, NULL, 0);
	free_fast(d->fast);
	d->fast = NULL;
}

/* --- invalidation */

/* Packets that the program has redirected may still wait in the kernel.  They must not be
 * overtaken.
 */
static void hold(struct fast *f)
{
	f->hold_until = clock_us() + LET_PASS;
}

void daemon_hold_fast(struct daemon *d)
{
	if (d->fast)
		hold(d->fast);
}

void daemon_outdate_fast(struct daemon *d)
{
	if (!d->fast)
		return;
	hold(d->fast);
	__atomic_store_n(&d->fast->control->generation, d->fast->control->generation + 1,
			 __ATOMIC_SEQ_CST);
}

void daemon_renew_fast(struct daemon *d)
{
	if (!d->fast)
		return;
	daemon_outdate_fast(d);
	share_leases(d);
}

/* --- counters */

static void add_totals(struct fastpath_totals *sum, const struct fastpath_totals *t)
{
	for (int dir = 0; dir < FASTPATH_DIRS; dir++) {
		sum->packets[dir] += fastpath_read(&t->packets[dir]);
		sum->bytes[dir] += fastpath_read(&t->bytes[dir]);
	}
	sum->udp += fastpath_read(&t->udp);
}

static struct fastpath_totals totals(const struct fast *f)
{
	struct fastpath_totals sum = {{0}, {0}, 0, {0}};
	unsigned n;
	const union fastpath_element *cpu = fastpath_totals(f->path, &n);

	for (unsigned i = 0; i < n; i++)
		add_totals(&sum, &cpu[i].totals);
	return sum;
}

struct fastpath_totals daemon_take_fast(struct daemon *d)
{
	struct fastpath_totals now, fresh = {{0}, {0}, 0, {0}};

	if (!d->fast)
		return fresh;
	now = totals(d->fast);
	for (int dir = 0; dir < DIRS; dir++) {
		fresh.packets[dir] = now.packets[dir] - d->fast->seen.packets[dir];
		fresh.bytes[dir] = now.bytes[dir] - d->fast->seen.bytes[dir];
		d->fast->news |= fresh.packets[dir] > 0;
	}
	if (d->fast->news)
		d->fast->in_use_until = d->now + IN_USE_MS;
	d->fast->seen = now;
	return fresh;
}

void daemon_gather_lease(struct daemon *d, struct lease *l)
{
	if (d->fast && pool_gather(d->active->pool, l, daemon_seconds(d)))
		daemon_record_lease(d, l);
}

/* Gathers N more leases, or as many as there are. */
static void gather(struct daemon *d, size_t n)
{
	struct pool *pool = d->active->pool;
	struct fast *f = d->fast;
	struct lease *l = NULL;

	for (size_t i = 0; i < n; i++) {
		l = pool_walk(pool, &f->cursor);
		if (!l || pool_shared(pool, l) < 0)
			break;
		daemon_gather_lease(d, l);
	}
	f->gathering = l && pool_shared(pool, l) >= 0;
	daemon_commit_leases(d);
}

static void begin_gathering(struct fast *f)
{
	f->news = false;
	f->cursor = 0;
	f->gathering = true;
}

void daemon_gather_leases(struct daemon *d)
{
	if (!d->fast || !d->active->pool)
		return;
	begin_gathering(d->fast);
	gather(d, SIZE_MAX);
}

void daemon_maintain_fast(struct daemon *d)
{
	if (d->fast && d->fast->news && !d->fast->gathering && d->active->pool)
		begin_gathering(d->fast);
}

/* --- pairs */

static bool lease_of(const struct daemon *d, struct fastpath_pair *pair, const struct lease *l)
{
	unsigned n;
	const union fastpath_element *at = fastpath_leases(d->fast->path, &n);
	long i;

	if (!l)
		return true;
	i = pool_shared(d->active->pool, l);
	if (i < 0)
		return false;
	pair->lease = fastpath_first_lease(d->fast->path) + (unsigned)i;
	pair->lease_generation = at[i].lease.generation;
	return true;
}

/* Queues the pair of D's out member for the program.  LEASE holds the generation and the result of
 * lease_of(). */
static void tell(struct daemon *d, unsigned family, const struct fastpath_pair *lease)
{
	struct fast *f = d->fast;
	const struct xlat_pair *of = &d->out.pair;
	struct fastpath_pair pair;

	xlat_tell(&d->xlat, family, &d->out, &pair);
	pair.generation = lease->generation;
	pair.lease = lease->lease;
	pair.lease_generation = lease->lease_generation;
	if (family == 4) {
		f->key4[f->n4] = of->v4;
		f->to6[f->n4++] = (struct fastpath_4to6){.pair = pair, .to = of->v6};
	} else {
		f->key6[f->n6] = of->v6;
		f->to4[f->n6++] = (struct fastpath_6to4){.pair = pair, .to = of->v4};
	}
}

/* When a lease ends, the pairs of its host become invalid, and then they have another value of
 * this. */
static uint64_t era(const struct fastpath_pair *lease)
{
	return (uint64_t)lease->generation << 32 | lease->lease_generation;
}

void daemon_see_pair(struct daemon *d)
{
	struct fast *f = d->fast;
	const struct output *o = &d->out.output[0];
	unsigned family = o->family == 4 ? 6 : 4;
	const struct xlat_pair *of = &d->out.pair;
	struct fastpath_pair lease = {.lease = 0};
	bool want;

	if (!f || (o->proto == PROTO_UDP && !f->udp.on) || f->n4 == BATCH || f->n6 == BATCH ||
	    !lease_of(d, &lease, d->out.lease))
		return;
	lease.generation = f->control->generation;
	want = family == 4 ? pairs_want(f->pairs, &of->v4, sizeof(of->v4), era(&lease), d->now)
			   : pairs_want(f->pairs, &of->v6, sizeof(of->v6), era(&lease), d->now);
	if (want)
		tell(d, family, &lease);
}

/* The waiting time of the pairs begins now.  All earlier packets were sent, or are in the queue. */
static void put_pairs(struct daemon *d)
{
	struct fast *f = d->fast;
	uint64_t now = (uint64_t)clock_us() * ONE_US;
	int rc = 0;

	f->in_use_until = d->now + IN_USE_MS;
	for (unsigned i = 0; i < f->n4; i++)
		f->to6[i].pair.wait = (struct fastpath_wait){now, now};
	for (unsigned i = 0; i < f->n6; i++)
		f->to4[i].pair.wait = (struct fastpath_wait){now, now};
	if (f->n4 > 0)
		rc = fastpath_put4(f->path, f->key4, f->to6, f->n4);
	if (f->n6 > 0)
		rc |= fastpath_put6(f->path, f->key6, f->to4, f->n6);
	f->n4 = f->n6 = 0;
	if (rc == 0 || f->refused)
		return;
	f->refused = true;
	log_warning("fast-path: cannot add pairs to the kernel's tables: %s (nat64d translates "
		    "these packets itself)",
		    strerror(errno));
}

/* --- UDP */

/* UDP: the number of UDP packets that the program has translated so far. */
static void begin_span(struct daemon *d, uint64_t udp)
{
	struct fast *f = d->fast;

	f->load = (struct udp_load){0};
	f->span_at = d->now_us;
	f->merged_then = d->counters.merged;
	f->udp_then = udp;
}

static void store_choice(const struct fast *f)
{
	uint32_t flags = f->control->flags & ~(uint32_t)(FASTPATH_UDP | FASTPATH_HURRY);

	if (f->udp.on && !(f->control->flags & FASTPATH_UDP))
		fastpath_write(&f->control->udp_since, (uint64_t)clock_us() * ONE_US);
	flags |= f->udp.on ? FASTPATH_UDP : 0u;
	flags |= f->udp.trial ? FASTPATH_HURRY : 0u;
	store_flags(f, flags);
}

static void end_span(struct daemon *d)
{
	struct fast *f = d->fast;
	uint64_t udp = totals(f).udp;
	bool was = f->udp.on;

	f->load.us = d->now_us - f->span_at;
	f->load.written = f->load.packets - (d->counters.merged - f->merged_then);
	f->load.below = udp - f->udp_then;
	udp_choice_look(&f->udp, &f->load, d->now);
	store_choice(f);
	if (was && !f->udp.on)
		hold(f);
	begin_span(d, udp);
}

static bool is_over(const struct daemon *d)
{
	return d->now_us - d->fast->span_at >= UDP_CHOICE_SPAN * ONE_MS;
}

/* A burst after a pause begins a new span; otherwise the pause would count as idle time. */
static void measure(struct daemon *d, unsigned packets)
{
	struct fast *f = d->fast;

	if (!f->udp.on && d->now_us - f->span_at > 4 * UDP_CHOICE_SPAN * ONE_MS)
		begin_span(d, totals(f).udp);
	f->load.packets += packets;
	if (packets > 0)
		f->load.busy += clock_us() - d->now_us;
	if (is_over(d))
		end_span(d);
}

/* --- calls from the loop */

void daemon_end_burst(struct daemon *d, unsigned packets, bool drained)
{
	struct fast *f = d->fast;

	if (!f)
		return;
	if (f->n4 + f->n6 > 0)
		put_pairs(d);
	if (drained)
		fastpath_write(&f->control->drained, (uint64_t)d->now_us * ONE_US);
	measure(d, packets);
}

bool daemon_fast_holds(const struct daemon *d)
{
	return d->fast && d->now_us < d->fast->hold_until;
}

int64_t daemon_fast_due(const struct daemon *d)
{
	const struct fast *f = d->fast;
	int64_t at = INT64_MAX;

	if (f && f->gathering)
		return d->now;
	if (f && f->udp.on)
		at = f->span_at / ONE_MS + UDP_CHOICE_SPAN + 1;
	if (f && fastpath_must_watch(f->path) && d->now < f->in_use_until) {
		int64_t alive = (int64_t)(f->control->alive / ONE_US / ONE_MS) + ALIVE_MS;

		at = alive < at ? alive : at;
	}
	return at;
}

void daemon_serve_fast(struct daemon *d)
{
	daemon_show_life(d);
	if (d->fast->gathering)
		gather(d, SLICE);
	if (d->fast->udp.on && is_over(d))
		end_span(d);
}
