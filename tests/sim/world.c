/* world - feeds packets to the pool as the translator does. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "support/plain_pool.h"
#include "support/random.h"
#include "waits.h"

#define SEED 0x9e3779b97f4a7c15

struct world {
	const struct storm *storm; /* NULL before the storms */
	int64_t begins, ends;
	struct pool *pool;
	struct crowd crowd;
	struct events events;
	int64_t now;
	int64_t next[STORMS]; /* time of each storm's next packet */
	struct waits waits[PLACES];
	struct result *result;
};

static int32_t seconds(const struct world *w)
{
	return (int32_t)(w->now / SECOND);
}

static bool is_on(const struct world *w)
{
	return w->now >= w->begins && w->now < w->ends;
}

/* --- statistics */

static enum where where(const struct world *w, const struct ip6 *host)
{
	return storm_is_of_network(w->storm, &w->crowd, host) ? SAME_NETWORK : ELSEWHERE;
}

static void note_loss(struct world *w, const struct lease *l)
{
	const struct member *m = crowd_find(&w->crowd, &l->host);
	struct figures *f;

	if (!w->result || !m)
		return;
	f = &w->result->at[where(w, &l->host)];
	if (m->until > w->now && ip6_equal(&m->addr, &l->host) && seconds(w) - l->last < POOL_SPARE)
		f->in_use[l->confirmed]++;
	else if (seconds(w) - l->last <= POOL_GUARANTEE)
		f->idle[l->confirmed]++;
}

/* --- the translator */

/* Processes a packet from HOST.  Returns its lease, or NULL if the packet is refused. */
static struct lease *translate(struct world *w, const struct ip6 *host)
{
	struct lease *l = pool_find6(w->pool, host, 0), lost;

	if (!l) {
		l = pool_assign(w->pool, host, 0, seconds(w));
		if (pool_ended(w->pool, &lost))
			note_loss(w, &lost);
	}
	if (l)
		pool_touch(w->pool, l, seconds(w));
	return l;
}

/* Processes an answer to ADDR.  Returns true if HOST gets it. */
static bool answer(struct world *w, uint32_t addr, const struct ip6 *host)
{
	struct lease *l = pool_find4(w->pool, addr);

	if (l)
		pool_answer(l);
	return l && ip6_equal(&l->host, host);
}

/* --- the crowd */

static uint32_t number(const struct world *w, const struct member *m)
{
	return (uint32_t)(m - w->crowd.member);
}

static void plan_turn(struct world *w, const struct member *m, int64_t at)
{
	events_add(&w->events, &(struct event){.at = at, .what = TURN, .who = number(w, m)});
}

/* The packet of M at m->turn was lost; M retries as TCP does. */
static void in_vain(struct world *w, struct member *m)
{
	int64_t wait = m->tries < 3 ? SECOND << m->tries : 8 * SECOND;

	if (m->wants == NEVER)
		m->wants = m->turn;
	m->tries++;
	plan_turn(w, m, m->turn + wait);
}

/* Records the result of M's first attempt to be served, after WAIT. */
static void note_newcomer(struct world *w, const struct member *m, int64_t wait, bool served)
{
	enum where at = where(w, &m->addr);
	struct figures *f = &w->result->at[at];

	f->newcomers++;
	f->refused += wait > 0 || !served;
	f->late += wait > SECOND || !served;
	f->never += !served;
	waits_add(&w->waits[at], wait);
}

static int64_t first_try(const struct member *m)
{
	return m->wants != NEVER ? m->wants : m->turn;
}

static bool counts(const struct world *w, const struct member *m)
{
	return w->result && !m->known && first_try(m) >= w->begins && first_try(m) < w->ends;
}

static void served(struct world *w, struct member *m)
{
	if (counts(w, m))
		note_newcomer(w, m, m->turn - first_try(m), true);
	m->known = true;
	m->wants = NEVER;
	m->tries = 0;
}

static void end_session(struct world *w, struct member *m)
{
	if (m->wants != NEVER && counts(w, m))
		note_newcomer(w, m, w->now - m->wants, false);
	m->wants = NEVER;
	m->until = 0;
	plan_turn(w, m, crowd_next_session(m, w->now));
}

/* A host that has a lease at the beginning is not a newcomer. */
static void begin_session(struct world *w, struct member *m)
{
	crowd_begin(&w->crowd, m, w->now);
	m->known = pool_find6(w->pool, &m->addr, 0);
}

static void send(struct world *w, struct member *m)
{
	struct lease *l;

	m->known = m->known && pool_find6(w->pool, &m->addr, 0);
	m->turn = w->now;
	l = translate(w, &m->addr);
	if (!crowd_answered(m))
		plan_turn(w, m, w->now + crowd_pause());
	else if (!l)
		in_vain(w, m);
	else
		events_add(&w->events, &(struct event){.at = w->now + crowd_round_trip(),
						       .what = ANSWER,
						       .who = number(w, m),
						       .addr = l->addr,
						       .host = m->addr});
}

static void take_turn(struct world *w, struct member *m)
{
	if (m->until == 0)
		begin_session(w, m);
	if (m->until <= w->now)
		end_session(w, m);
	else
		send(w, m);
}

static void take_answer(struct world *w, const struct event *e)
{
	struct member *m = &w->crowd.member[e->who];

	if (!answer(w, e->addr, &e->host)) {
		in_vain(w, m);
		return;
	}
	served(w, m);
	translate(w, &m->addr);
	plan_turn(w, m, w->now + crowd_pause());
}

/* --- storms */

static void storm_again(struct world *w, uint32_t who, const struct ip6 *host, int64_t pause)
{
	events_add(&w->events,
		   &(struct event){
			   .at = w->now + pause, .what = STORM_AGAIN, .who = who, .host = *host});
}

static void storm_sends(struct world *w, uint32_t who, const struct ip6 *host)
{
	struct lease *l = translate(w, host);

	if (l && w->storm[who].answered && !l->answered)
		events_add(&w->events, &(struct event){.at = w->now + crowd_round_trip(),
						       .what = STORM_ANSWER,
						       .addr = l->addr,
						       .host = *host});
}

static void storm_begins(struct world *w, uint32_t who)
{
	const struct storm *s = &w->storm[who];
	struct ip6 host = storm_source(&w->crowd, s->scope);

	storm_sends(w, who, &host);
	if (s->repeats || s->keeps)
		storm_again(w, who, &host, SECOND);
	w->next[who] += SECOND / s->rate;
}

static void storm_goes_on(struct world *w, const struct event *e)
{
	if (!is_on(w))
		return;
	storm_sends(w, e->who, &e->host);
	if (w->storm[e->who].keeps && pool_find6(w->pool, &e->host, 0))
		storm_again(w, e->who, &e->host, 30 * SECOND);
}

/* --- the clock */

static void happen(struct world *w, const struct event *e)
{
	switch (e->what) {
	case TURN:
		take_turn(w, &w->crowd.member[e->who]);
		break;
	case ANSWER:
		take_answer(w, e);
		break;
	case STORM_ANSWER:
		answer(w, e->addr, &e->host);
		break;
	case STORM_AGAIN:
		storm_goes_on(w, e);
		break;
	}
}

/* Returns the storm with the next packet. */
static uint32_t next_storm(const struct world *w)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < STORMS; i++)
		if (w->next[i] < w->next[best])
			best = i;
	return best;
}

static void run_until(struct world *w, int64_t end)
{
	for (;;) {
		uint32_t who = next_storm(w);
		int64_t event = events_next(&w->events);

		w->now = event < w->next[who] ? event : w->next[who];
		if (w->now >= end)
			break;
		if (event < w->next[who]) {
			struct event e = events_take(&w->events);

			happen(w, &e);
		} else {
			storm_begins(w, who);
		}
	}
	w->now = end;
}

static void begin_storms(struct world *w)
{
	for (int i = 0; i < STORMS; i++)
		w->next[i] = w->storm[i].rate ? w->begins : NEVER;
}

static void end_storms(struct world *w)
{
	for (int i = 0; i < STORMS; i++)
		w->next[i] = NEVER;
}

static size_t count_held(const struct world *w)
{
	const struct lease *l = NULL;
	size_t n = 0;

	while ((l = pool_next(w->pool, l)) && seconds(w) - l->last <= POOL_GUARANTEE)
		n++;
	return n;
}

static size_t count_storm(const struct world *w)
{
	const struct lease *l = NULL;
	size_t n = 0;

	while ((l = pool_next(w->pool, l)))
		n += !crowd_find(&w->crowd, &l->host);
	return n;
}

static uint64_t count_displaced(const struct world *w)
{
	struct pool_range r;

	pool_range(w->pool, 0, &r);
	return r.displaced;
}

static void sum_up(struct world *w)
{
	for (enum where at = 0; at < PLACES; at++) {
		struct figures *f = &w->result->at[at];

		f->median = waits_of(&w->waits[at], 50);
		f->most_of_all = waits_of(&w->waits[at], 99);
		f->longest = waits_of(&w->waits[at], 100);
		free(w->waits[at].wait);
	}
}

/* Hosts that still wait have waited until now. */
static void end_waits(struct world *w)
{
	for (uint32_t i = 0; i < w->crowd.n; i++) {
		struct member *m = &w->crowd.member[i];

		if (m->wants != NEVER && counts(w, m))
			note_newcomer(w, m, w->now - m->wants, false);
	}
}

/* One in 16 hosts is idle until the storms. */
static int64_t first_session(const struct world *w, const struct member *m)
{
	if (random_below(16) == 0)
		return w->begins + (w->ends - w->begins) / 65536 * random_below(65536);
	return crowd_next_session(m, 0);
}

struct world *world_new(uint32_t hosts, uint8_t len, int64_t begins, int64_t lasts)
{
	static const struct siphash_key key = {0x1122334455667788, 0x99aabbccddeeff00};
	const struct prefix4 range = {(uint32_t)100 << 24 | (uint32_t)64 << 16, len};
	struct world *w = calloc(1, sizeof(*w));

	random_state = SEED;
	if (!w || !(w->pool = plain_pool(&range, 1, &key)))
		abort();
	w->begins = begins;
	w->ends = begins + lasts;
	crowd_make(&w->crowd, hosts);
	end_storms(w);
	for (uint32_t i = 0; i < hosts; i++)
		plan_turn(w, &w->crowd.member[i], first_session(w, &w->crowd.member[i]));
	run_until(w, begins);
	return w;
}

static void free_world(struct world *w)
{
	pool_free(w->pool);
	free(w->crowd.member);
	free(w->events.heap);
	free(w);
}

void world_play(struct world *w, const struct storm storm[STORMS], int64_t after,
		struct result *out)
{
	*out = (struct result){
		.size = pool_size(w->pool), .held = count_held(w), .displaced = count_displaced(w)};
	w->storm = storm;
	w->result = out;
	begin_storms(w);
	run_until(w, w->ends);
	end_storms(w);
	out->of_storm = count_storm(w);
	out->displaced = count_displaced(w) - out->displaced;
	run_until(w, w->ends + after);
	end_waits(w);
	sum_up(w);
	free_world(w);
}
