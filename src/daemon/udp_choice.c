/* udp_choice - decides about UDP by thresholds that were found by measurement. */
#include "udp_choice.h"

#define BUSY                                                                                       \
	0.20 /* busy fraction of time above which the program takes over, if nothing can be merged \
	      */
#define FULL     0.90 /* busy fraction of time above which the daemon is the bottleneck */
#define EASY     0.10 /* busy fraction below which the daemon is almost idle */
#define MUCH     0.80 /* busy fraction above which the daemon does not take UDP back to measure */
#define BETTER   1.05 /* a trial succeeds with so many times the packets */
#define SETTLE   50   /* ms after which all flows have moved in a trial [FASTPATH_SOON] */
#define QUIET    1000 /* ms */
#define TRY_MIN  5000 /* ms between two trials; doubled after each failed one */
#define TRY_MAX  60000
#define LOOK_MIN 5000 /* ms until the daemon takes UDP back to measure what it can merge */
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

/* Returns true if the daemon could have handled the load for long enough, so that it may take UDP
 * back to measure.
 */
static bool may_look(const struct udp_choice *c, int64_t now)
{
	return !c->better && now - c->much_at >= QUIET &&
	       now - c->on_at >= between(c->look_wait, LOOK_MIN, LOOK_MAX);
}

static void look_below(struct udp_choice *c, const struct udp_load *l, int64_t now)
{
	double busy = (double)l->below * c->cost /
		      (double)l->us; /* busy fraction that the daemon would have */
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
