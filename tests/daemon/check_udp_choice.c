/* check_udp_choice - single decisions about UDP, and simulated loads.  Under each load the choice
 * must settle on the side that carries more packets, or the same number with less work. */
#include <string.h>

#include "../../src/daemon/udp_choice.h"
#include "support/run.h"

#define SPAN 20000 /* us of a span */
#define NOW  1000000

/* --- one decision ---------------------------------------------------------------------------- */

/* BUSY is the part of the time, in thousandths, in which the daemon was busy. */
static const struct row {
	const char *name;
	unsigned busy;
	uint64_t packets, written;
	int64_t try_at;
	bool on, trial;
	bool alone; /* there are no spare CPUs */
} rows[] = {
	{"nothing comes", 0, 0, 0, 0, false, false, false},
	{"little, nothing to merge", 199, 1000, 1000, 0, false, false, false},
	{"much, nothing to merge", 200, 1000, 1000, 0, true, false, false},
	{"much, hardly to be merged", 200, 1000, 501, 0, true, false, false},
	{"much, of which half is merged", 200, 1000, 500, 0, false, false, false},
	{"much, merged well", 890, 10000, 300, 0, false, false, false},
	{"too much, merged well: a trial", 900, 10000, 300, 0, true, true, false},
	{"too much, a trial has failed", 900, 10000, 300, NOW + 1, false, false, false},
	{"too much, a trial failed long ago", 900, 10000, 300, NOW, true, true, false},
	{"too much, merged well, no spare CPU", 900, 10000, 300, 0, false, false, true},
	{"too much, nothing to merge, no spare CPU", 1000, 10000, 10000, 0, true, false, true},
	{"too much, nothing to merge: no trial", 1000, 10000, 10000, 0, true, false, false},
	{"nothing to merge, a trial has failed", 1000, 10000, 10000, NOW + 1, true, false, false},
};

START_TEST(one_look)
{
	const struct row *r = &rows[_i];
	struct udp_choice c = {.try_at = r->try_at, .spare = !r->alone};
	struct udp_load l = {.us = SPAN,
			     .busy = SPAN * (int64_t)r->busy / 1000,
			     .packets = r->packets,
			     .written = r->written};

	ck_assert_msg(udp_choice_look(&c, &l, NOW) == r->on, "%s", r->name);
	ck_assert_msg(c.on == r->on && c.trial == r->trial, "%s", r->name);
}
END_TEST

START_TEST(no_time)
{
	struct udp_choice c = {.on = true};
	struct udp_load l = {.us = 0, .packets = 100};

	ck_assert(udp_choice_look(&c, &l, NOW));
	c.on = false;
	ck_assert(!udp_choice_look(&c, &l, NOW));
}
END_TEST

/* --- a simulated machine --------------------------------------------------------------------- */

/* The offered load, and the capacity of the daemon and of the program. */
struct load {
	double offered; /* packets per us */
	double merged;  /* packets per output of the daemon */
	double cost;    /* us that the daemon needs per packet */
	double below;   /* packets per us that the program can translate */
};

static struct world {
	struct udp_choice c;
	int64_t now;      /* ms */
	int64_t spent[2]; /* ms with the daemon, and with the program */
	unsigned changes; /* of the choice */
	int64_t longest;  /* ms of the longest time without a change */
	int64_t since;
	double through; /* packets */
} w;

static void start(void)
{
	w = (struct world){.c.spare = true, .now = NOW, .since = NOW};
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

/* In the first span after the switch to the program, the pairs are not all in its table yet. */
static struct udp_load measure(const struct load *m)
{
	double above = least(m->offered, 1 / m->cost) * SPAN;
	double below = least(m->offered, m->below) * SPAN;
	double part = !w.c.on ? 1 : w.now - w.c.on_at < 20 ? 0.5 : 0;

	return (struct udp_load){
		.us = SPAN,
		.busy = (int64_t)(above * part * m->cost),
		.packets = (uint64_t)(above * part),
		.written = (uint64_t)(above * part / m->merged),
		.below = (uint64_t)(below * (1 - part)),
	};
}

static void look(const struct load *m)
{
	struct udp_load l = measure(m);
	bool was = w.c.on;

	w.now += SPAN / 1000;
	w.spent[was] += SPAN / 1000;
	w.through += (double)(l.packets + l.below);
	if (udp_choice_look(&w.c, &l, w.now) == was)
		return;
	w.changes++;
	if (w.now - w.since > w.longest)
		w.longest = w.now - w.since;
	w.since = w.now;
}

static void run(const struct load *m, int64_t ms)
{
	for (int64_t end = w.now + ms; w.now < end;)
		look(m);
}

#define TEN_MINUTES 600000

/* A constant load.  WHERE: 0 with the daemon, 1 with the program, for at least 49/50 of the
 * time.  CHANGES: maximum number in ten minutes. */
static const struct constant {
	const char *name;
	struct load load;
	int where;
	unsigned changes;
} constants[] = {
	{"idle", {0.001, 1, 3.5, 0.3}, 0, 0},
	{"nothing", {0, 1, 3.5, 0.3}, 0, 0},
	{"300 kpps, merged well", {0.3, 20, 1.5, 0.25}, 0, 0},
	{"300 kpps, merged by two", {0.3, 2.1, 2, 0.25}, 0, 0},
	{"150 kpps, nothing to merge", {0.15, 1, 3.5, 0.3}, 1, 40},
	{"60 kpps, nothing to merge", {0.06, 1, 3.5, 0.3}, 1, 40},
	{"20 kpps, nothing to merge", {0.02, 1, 3.5, 0.3}, 0, 0},
	{"saturated, many cores, merged", {3, 8, 1.35, 3}, 1, 40},
	{"saturated, many cores, nothing to merge", {3, 1, 4.3, 3}, 1, 40},
	{"saturated, few cores, merged", {3, 20, 1.35, 0.37}, 0, 40},
	{"saturated, as fast below", {3, 20, 1.35, 0.75}, 0, 40},
	{"as much as the daemon can do, merged", {0.74, 20, 1.35, 0.37}, 0, 40},
};

START_TEST(constant)
{
	const struct constant *k = &constants[_i];
	const struct load *m = &k->load;

	start();
	run(m, TEN_MINUTES);
	ck_assert_msg(w.spent[!k->where] * 50 <= TEN_MINUTES, "%s: %d ms with the daemon, %d below",
		      k->name, (int)w.spent[0], (int)w.spent[1]);
	ck_assert_msg(w.changes <= k->changes, "%s: %u changes", k->name, w.changes);
}
END_TEST

/* The throughput is almost that of the better side. */
START_TEST(carries)
{
	const struct load *m = &constants[_i].load;
	double best = least(m->offered, 1 / m->cost);

	if (constants[_i].where == 1)
		best = least(m->offered, m->below);
	start();
	run(m, TEN_MINUTES);
	ck_assert_msg(w.through >= 0.97 * best * TEN_MINUTES * 1000, "%s: %g of %g",
		      constants[_i].name, w.through, best * TEN_MINUTES * 1000);
}
END_TEST

/* --- one after the other --------------------------------------------------------------------- */

static const struct load unmerged = {0.15, 1, 3.5, 0.3};
static const struct load few_cores = {3, 20, 1.35, 0.37};
static const struct load many_cores = {3, 20, 1.35, 3};
static const struct load quiet = {0.001, 1, 3.5, 0.3};
static const struct load silence = {0, 1, 3.5, 0.3};

/* Returns how long the choice stays the same, at most MS. */
static int64_t stays(const struct load *m, int64_t ms)
{
	int64_t from = w.now;
	bool was = w.c.on;

	while (w.c.on == was && w.now < from + ms)
		look(m);
	return w.now - from;
}

START_TEST(trial_fails)
{
	static const int64_t waits[] = {5000, 10000, 20000, 40000, 60000, 60000};

	start();
	look(&few_cores);
	for (int i = 0; i < ROWS(waits); i++) {
		int64_t wait;

		ck_assert(w.c.on && w.c.trial);
		ck_assert_int_le(stays(&few_cores, 1000), 160);
		ck_assert(!w.c.on);
		wait = stays(&few_cores, 2 * waits[i]);
		ck_assert_msg(wait >= waits[i] && wait <= waits[i] + SPAN / 1000, "trial %d: %d ms",
			      i, (int)wait);
	}
}
END_TEST

/* A successful trial makes the next waiting time short again. */
START_TEST(trial_succeeds)
{
	start();
	run(&few_cores, 100000);
	run(&many_cores, 70000);
	ck_assert(w.c.on && !w.c.trial);
	ck_assert_int_eq(w.c.try_wait, 0);
}
END_TEST

/* The result of a successful trial stays in use while the load is high, because each change may
 * reorder packets. */
START_TEST(better_stays)
{
	start();
	run(&many_cores, TEN_MINUTES);
	ck_assert(w.c.on);
	ck_assert_uint_eq(w.changes, 1);
}
END_TEST

/* The daemon takes UDP back one second after the load has ended, and the program gets it at once
 * when the load returns. */
START_TEST(returns_when_quiet)
{
	const struct load *none[] = {&quiet, &silence};

	for (int i = 0; i < ROWS(none); i++) {
		int64_t stayed;

		start();
		run(&unmerged, 3000);
		ck_assert(w.c.on);
		stayed = stays(none[i], 4000);
		ck_assert_msg(!w.c.on && stayed >= 1000 && stayed <= 1100, "%d ms", (int)stayed);
		ck_assert_int_eq(stays(none[i], 10000), 10000);
		ck_assert_int_eq(stays(&unmerged, 1000), SPAN / 1000);
	}
}
END_TEST

/* After that, the daemon soon measures again what it can merge. */
START_TEST(forgets_when_quiet)
{
	start();
	run(&unmerged, 300000);
	run(&quiet, 3000);
	run(&unmerged, 100);
	ck_assert(w.c.on);
	ck_assert_int_le(stays(&unmerged, 20000), 5000);
}
END_TEST

/* Nothing is decided before all pairs have moved, and earlier measurements are not used. */
START_TEST(settles)
{
	struct udp_load full = {.us = SPAN, .busy = SPAN, .packets = 9000, .written = 900};
	struct udp_load none = {.us = SPAN};
	struct udp_choice c = {.spare = true, .quiet_at = 1};

	ck_assert(udp_choice_look(&c, &full, NOW) && c.trial);
	ck_assert(udp_choice_look(&c, &none, NOW + 49));
	ck_assert(!udp_choice_look(&c, &none, NOW + 50));
	full.written = full.packets;
	ck_assert(udp_choice_look(&c, &full, NOW + 60) && !c.trial);
	ck_assert(udp_choice_look(&c, &none, NOW + 110));
	ck_assert(udp_choice_look(&c, &none, NOW + 1100));
	ck_assert(!udp_choice_look(&c, &none, NOW + 1110));
}
END_TEST

/* A pause of half a second does not end the load. */
START_TEST(pauses)
{
	start();
	for (int i = 0; i < 8; i++) {
		run(&unmerged, 100);
		run(&silence, 500);
	}
	ck_assert(w.c.on);
	ck_assert_uint_eq(w.changes, 1);
}
END_TEST

/* If packets can be merged from now on, this is detected after 40 seconds at most. */
START_TEST(looks_again)
{
	static const struct load merged = {0.2, 20, 1.5, 0.3};

	start();
	run(&unmerged, 300000);
	ck_assert_int_le(w.longest, 40000 + 8 * SPAN / 1000);
	run(&merged, 41000);
	ck_assert(!w.c.on);
	ck_assert_int_eq(stays(&merged, 60000), 60000);
}
END_TEST

/* A load that the daemon could not handle stays with the program, where 300 kpps is the daemon's
 * limit.  Measuring would lose packets, even in a short pause. */
START_TEST(looks_at_nothing)
{
	static const struct load heavy = {1, 1, 3.33, 1}, nearly = {0.25, 1, 3.33, 1};
	static const struct {
		const struct load *load;
		int64_t pause; /* ms without packets in each second */
	} of[] = {{&heavy, 0}, {&heavy, 20}, {&heavy, 500}, {&nearly, 0}};

	for (int i = 0; i < ROWS(of); i++) {
		start();
		while (w.now < NOW + TEN_MINUTES) {
			run(of[i].load, 1000 - of[i].pause);
			run(&silence, of[i].pause);
		}
		ck_assert_msg(w.c.on && w.changes == 1, "row %d: %u changes", i, w.changes);
	}
}
END_TEST

/* The earlier load may have prevented the measurement. */
START_TEST(looks_when_it_can)
{
	static const struct load heavy = {1, 1, 3.33, 1}, light = {0.22, 1, 3.33, 1};

	start();
	run(&heavy, 100000);
	ck_assert_uint_eq(w.changes, 1);
	ck_assert_int_ge(stays(&light, 4000), 1000);
	ck_assert(!w.c.on);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("udp_choice");
	TCase *t = tcase_create("udp_choice");

	tcase_add_loop_test(t, one_look, 0, ROWS(rows));
	tcase_add_test(t, no_time);
	tcase_add_loop_test(t, constant, 0, ROWS(constants));
	tcase_add_loop_test(t, carries, 0, ROWS(constants));
	tcase_add_test(t, trial_fails);
	tcase_add_test(t, trial_succeeds);
	tcase_add_test(t, better_stays);
	tcase_add_test(t, returns_when_quiet);
	tcase_add_test(t, forgets_when_quiet);
	tcase_add_test(t, settles);
	tcase_add_test(t, pauses);
	tcase_add_test(t, looks_again);
	tcase_add_test(t, looks_at_nothing);
	tcase_add_test(t, looks_when_it_can);
	suite_add_tcase(s, t);
	return run_suite(s);
}
