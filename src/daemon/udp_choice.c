/* udp_choice - the thresholds, and what they were measured to be good for. */
#include "udp_choice.h"

#define BUSY     0.20 /* of the time: worth the change where nothing can be merged */
#define FULL     0.90 /* the daemon is the bottleneck */
#define EASY     0.10 /* the daemon would be as good as idle */
#define MUCH     0.80 /* more than the daemon is trusted with for a look */
#define BETTER   1.05 /* times as many packets: a trial was worth it */
#define SETTLE   50   /* ms until all flows have moved in a trial [FASTPATH_SOON] */
#define QUIET    1000 /* ms */
#define TRY_MIN  5000 /* ms between two trials; twice as long after each that failed */
#define TRY_MAX  60000
#define LOOK_MIN 5000 /* ms until the daemon shows again what it can merge */
#define LOOK_MAX 40000

static int64_t between(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

static void go_below(struct udp_choice *c, bool trial, int64_t now)
{
	c->on = true;
	c->trial = trial;
	c->better = false;
	c->on_at = now;
	c->quiet_at = 0;
}

static void look_above(struct udp_choice *c, const struct udp_load *l, int64_t now)
{
	double busy = (double)l->busy / (double)l->us;
	bool merges = l->written * 2 <= l->packets;

	if (l->packets == 0)
		return;
	c->rate = (double)l->packets / (double)l->us;
	c->cost = (double)l->busy / (double)l->packets;
	if (busy >= BUSY && !merges)
		go_below(c, false, now);
	else if (busy >= FULL && c->spare && now >= c->try_at)
		go_below(c, true, now);
}

static void end_trial(struct udp_choice *c, double rate, int64_t now)
{
	c->trial = false;
	c->better = rate >= c->rate * BETTER;
	if (c->better) {
		c->try_wait = 0;
		return;
	}
	c->on = false;
	c->try_wait = between(2 * c->try_wait, TRY_MIN, TRY_MAX);
	c->try_at = now + c->try_wait;
}

/* Has the daemon been able to do what the program does, for long enough to be asked? */
static bool may_look(const struct udp_choice *c, int64_t now)
{
	return !c->better && now - c->much_at >= QUIET &&
	       now - c->on_at >= between(c->look_wait, LOOK_MIN, LOOK_MAX);
}

static void look_below(struct udp_choice *c, const struct udp_load *l, int64_t now)
{
	double busy = (double)l->below * c->cost / (double)l->us; /* as the daemon would be */
	bool easy = busy < EASY;

	if (now - c->on_at < SETTLE)
		return;
	if (c->trial) {
		end_trial(c, (double)(l->below + l->packets) / (double)l->us, now);
		return;
	}
	if (busy > MUCH)
		c->much_at = now;
	if (!easy)
		c->quiet_at = 0;
	else if (c->quiet_at == 0)
		c->quiet_at = now;
	if (easy && now - c->quiet_at >= QUIET) {
		c->on = false;
		c->look_wait = 0;
	} else if (may_look(c, now)) {
		c->on = false;
		c->look_wait = between(2 * c->look_wait, 2 * LOOK_MIN, LOOK_MAX);
	}
}

bool udp_choice_look(struct udp_choice *c, const struct udp_load *l, int64_t now)
{
	if (l->us <= 0)
		return c->on;
	if (c->on)
		look_below(c, l, now);
	else
		look_above(c, l, now);
	return c->on;
}
