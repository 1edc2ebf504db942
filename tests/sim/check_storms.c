/* check_storms - simulates storms of spoofed sources, and attackers with their own addresses, and
 * checks the effect on honest hosts.
 *
 * With STORMS=long in the environment, runs all of them, longer, and on pools of several sizes.
 * The lines that begin with # are a table of the results. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/run.h"
#include "support/shortened.h"
#include "world.h"

#define MINUTE (60 * SECOND)
#define EVERY  (SHORTENED(6) < 6 ? 3 : 1) /* the short form runs every EVERYth play */

enum promise {
	NOTHING,    /* nothing is promised */
	OF_NETWORK, /* no host outside the network of the storm's sources loses a lease */
	/* No confirmed host in use loses its lease.  No more can be promised if sources of one
	 * network become confirmed: to the pool they are ordinary hosts, unless there is a
	 * share. */
	OF_ANYWHERE,
};

/* When the storm begins: the evening is busy, and the pool is full of leases of that day. */
enum hour {
	EVENING,
	AFTERNOON,
	MORNING, /* before the hosts */
	HOURS
};

static const int64_t begins[HOURS] = {
	[EVENING] = 19 * HOUR, [AFTERNOON] = 13 * HOUR, [MORNING] = 5 * HOUR};

#define R 10000

static const struct play {
	const char *name;
	struct storm storm[STORMS];
	enum promise promise;
	enum hour hour;
	bool only_long;
} plays[] = {
	{"no storm", {{0}}, OF_NETWORK, EVENING, false},
	{"home /64, silent", {{HOME64, R, false, false, false}}, OF_NETWORK, EVENING, false},
	{"home /64, silent, 50k/s",
	 {{HOME64, 50000, false, false, false}},
	 OF_NETWORK,
	 EVENING,
	 true},
	{"conference /64, silent",
	 {{CONFERENCE64, R, false, false, false}},
	 OF_NETWORK,
	 EVENING,
	 false},
	{"office /48, silent", {{OFFICE48, R, false, false, false}}, OF_NETWORK, EVENING, false},
	{"office /48, silent, 50k/s",
	 {{OFFICE48, 50000, false, false, false}},
	 OF_NETWORK,
	 EVENING,
	 true},
	{"own /48, silent", {{OWN48, R, false, false, false}}, OF_NETWORK, EVENING, true},
	{"2000::/3, silent, 1k/s", {{ANY, 1000, false, false, false}}, OF_ANYWHERE, EVENING, true},
	{"2000::/3, silent", {{ANY, R, false, false, false}}, OF_ANYWHERE, EVENING, false},
	{"2000::/3, silent, 50k/s",
	 {{ANY, 50000, false, false, false}},
	 OF_ANYWHERE,
	 EVENING,
	 true},
	{"2000::/3, silent, repeats", {{ANY, R, false, true, false}}, OF_ANYWHERE, EVENING, true},
	{"home /64, answered", {{HOME64, R, true, false, false}}, OF_NETWORK, EVENING, false},
	{"office /48, answered", {{OFFICE48, R, true, false, false}}, OF_NETWORK, EVENING, false},
	{"2000::/3, answered", {{ANY, R, true, false, false}}, OF_ANYWHERE, EVENING, false},
	{"home /64, repeats blindly",
	 {{HOME64, R, true, true, false}},
	 OF_ANYWHERE,
	 EVENING,
	 false},
	{"office /48, repeats blindly",
	 {{OFFICE48, R, true, true, false}},
	 OF_ANYWHERE,
	 EVENING,
	 true},
	{"2000::/3, repeats blindly", {{ANY, R, true, true, false}}, OF_ANYWHERE, EVENING, false},
	{"2000::/3, keeps blindly", {{ANY, R, true, false, true}}, OF_ANYWHERE, EVENING, true},
	{"owner of a /64", {{OWN64, R, true, false, true}}, OF_ANYWHERE, EVENING, false},
	{"owner of a /48", {{OWN48, R, true, false, true}}, OF_ANYWHERE, EVENING, false},
	{"mixed",
	 {{ANY, R / 2, false, false, false},
	  {HOME64, R / 2, true, true, false},
	  {OWN64, 100, true, false, true}},
	 OF_ANYWHERE,
	 EVENING,
	 false},
	{"slow, home /64, silent", {{HOME64, 1, false, false, false}}, OF_NETWORK, AFTERNOON, true},
	{"slow, 2000::/3, repeats", {{ANY, 1, true, true, false}}, OF_ANYWHERE, AFTERNOON, true},
	{"slow, owner of a /64", {{OWN64, 1, true, false, true}}, OF_ANYWHERE, AFTERNOON, true},
	{"morning, home /64", {{HOME64, 200, false, false, false}}, OF_NETWORK, MORNING, true},
	{"morning, office /48", {{OFFICE48, 200, false, false, false}}, OF_NETWORK, MORNING, true},
	{"morning, 2000::/3", {{ANY, 200, false, false, false}}, OF_ANYWHERE, MORNING, true},
	{"morning, owner of a /64", {{OWN64, 10, true, false, true}}, OF_ANYWHERE, MORNING, true},
};

static const struct {
	uint32_t hosts;
	uint8_t len;
} pools[] = {
	{3600, 20}, {225, 24}, {9600, 18}, {15200, 18}}; /* the short form uses the first one */

static bool is_long;
static struct world *worlds[sizeof(pools) / sizeof(*pools)][HOURS];

static double in_seconds(int64_t t)
{
	return (double)t / (double)SECOND;
}

static void show_head(int pool, const struct result *r)
{
	printf("# %" PRIu32 " hosts, %zu addresses of a /%u: %zu %% leased within the guarantee.\n",
	       pools[pool].hosts, r->size, pools[pool].len, r->held * 100 / r->size);
	printf("# %-27s %29s  %20s  %13s  %13s  %5s %9s\n", "", "newcomers ------------------",
	       "waited -------------", "broken in use", "broken idle", "storm", "displaced");
	printf("# %-27s %5s %7s %7s %7s  %6s %6s %6s  %6s %6s  %6s %6s  %5s %9s\n", "storm", "",
	       "refused", "late", "never", "50 %", "99 %", "100 %", "conf.", "others", "conf.",
	       "others", "holds", "a second");
}

static void show_figures(const char *name, const struct figures *f)
{
	printf("# %-27s %5" PRIu32 " %7" PRIu32 " %7" PRIu32 " %7" PRIu32
	       "  %6.1f %6.1f %6.1f  %6" PRIu32 " %6" PRIu32 "  %6" PRIu32 " %6" PRIu32,
	       name, f->newcomers, f->refused, f->late, f->never, in_seconds(f->median),
	       in_seconds(f->most_of_all), in_seconds(f->longest), f->in_use[1], f->in_use[0],
	       f->idle[1], f->idle[0]);
}

static bool is_affected(const struct figures *f)
{
	return f->newcomers || f->in_use[0] || f->in_use[1] || f->idle[0] || f->idle[1];
}

static void show(const char *name, const struct result *r, double lasts)
{
	show_figures(name, &r->at[ELSEWHERE]);
	printf("  %5zu %9.1f\n", r->of_storm, (double)r->displaced / lasts);
	if (is_affected(&r->at[SAME_NETWORK])) {
		show_figures("    in its network", &r->at[SAME_NETWORK]);
		printf("\n");
	}
	fflush(stdout); /* flush once, before the process forks */
}

static void check_promise(const struct play *play, const struct figures *elsewhere)
{
	if (play->promise == NOTHING)
		return;
	ck_assert_uint_eq(elsewhere->in_use[1], 0);
	if (play->promise == OF_ANYWHERE)
		return;
	ck_assert_uint_eq(elsewhere->idle[1], 0);
	ck_assert_uint_eq(elsewhere->late, 0);
}

static int64_t lasts(enum hour hour)
{
	if (hour == EVENING)
		return is_long ? 5 * MINUTE : MINUTE / 2;
	return hour == MORNING ? 4 * HOUR : 6 * HOUR;
}

/* The plays of this form. */
static const struct play *chosen[sizeof(plays) / sizeof(*plays)];
static int n_chosen;

static void choose(void)
{
	for (int i = 0; i < ROWS(plays); i++)
		if (is_long || (!plays[i].only_long && i % EVERY == 0))
			chosen[n_chosen++] = &plays[i];
}

/* Runs in a fork of the process that made the worlds, so they are all unused. */
START_TEST(storms)
{
	const struct play *play = chosen[_i % n_chosen];
	int pool = _i / n_chosen;
	struct result r;

	world_play(worlds[pool][play->hour], play->storm, MINUTE, &r);
	if (play == chosen[0])
		show_head(pool, &r);
	show(play->name, &r, in_seconds(lasts(play->hour)));
	check_promise(play, &r.at[ELSEWHERE]);
}
END_TEST

static void make_worlds(int n)
{
	for (int i = 0; i < n; i++)
		for (enum hour hour = 0; hour < (is_long ? HOURS : 1); hour++)
			worlds[i][hour] =
				world_new(pools[i].hosts, pools[i].len, begins[hour], lasts(hour));
}

int main(void)
{
	const char *form = getenv("STORMS");
	Suite *s = suite_create("storms");
	TCase *t = tcase_create("storms");
	int n;

	is_long = form && strcmp(form, "long") == 0;
	n = is_long ? ROWS(pools) : 1;
	choose();
	make_worlds(n);
	tcase_set_timeout(t, 1200);
	tcase_add_loop_test(t, storms, 0, n * n_chosen);
	suite_add_tcase(s, t);
	return run_suite(s);
}
