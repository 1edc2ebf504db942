/* check_leasehistory - compares what is found in the history with the results of a simple reader,
 * also with invalid data between the lines, and while files are written, rotated and removed. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "../../src/lease/leaselogstate.h"
#include "lease/leasehistory.h"
#include "lib/addr_text.h"
#include "support/leasedir.h"
#include "support/random.h"

#define MOST  40000
#define HOSTS 300

/* All events of a history in order, as the test has written them. */
static struct lease_event event[MOST];
static unsigned events;

struct got {
	unsigned n, at[MOST]; /* AT: the numbers of the events, which are their packet counts */
	unsigned most;        /* 0: no limit */
};

static bool take(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	struct got *g = arg;
	struct lease_event again;

	ck_assert(leaseevent_parse(line, len, &again));
	ck_assert_int_eq(again.at, e->at);
	ck_assert_uint_lt(g->n, MOST);
	g->at[g->n++] = (unsigned)e->packets;
	return g->n != g->most;
}

/* --- random files ------------------------------------------------------------------------- */

static struct lease_event random_event(int64_t at)
{
	uint32_t i = random_below(HOSTS);

	return (struct lease_event){
		.at = at,
		.since = random_below(2) ? at - random_below(5000) : 0,
		.packets = events,
		.bytes = random_next(),
		.host = host_no(i + 1),
		.prefix = {ip6("64:ff9b::"), (uint8_t)(random_below(10) ? 96 : 0)},
		.addr = ip4("192.0.2.0") + i % 256,
		.cause = (enum lease_cause)(LEASE_IDLE + random_below(LEASE_CAUSES - LEASE_IDLE)),
	};
}

/* Writes what may be between lines: incomplete lines, other text, zeros, a line without end. */
static void put_rubbish(FILE *out)
{
	static const char zeros[20000];

	switch (random_below(5)) {
	case 0:
		fputs("2023-11-14T22:13:20Z ended idle 192.0.2.1 2001:db8::1\n", out);
		break;
	case 1:
		fputs("\n\n 192.0.2.7 \n", out);
		break;
	case 2:
		fwrite(zeros, 1, random_below(sizeof(zeros)), out);
		fputs("\n", out);
		break;
	case 3:
		for (unsigned i = random_below(3000); i > 0; i--)
			fputs("x 192.0.2.9 ", out);
		fputs("\n", out);
		break;
	default:
		fputs("9999-12-31T23:59:59Z assigned old 192.0.2.1 2001:db8::1 - - -\n", out);
	}
}

/* Writes a file with N events from the time *AT on, and advances *AT. */
static void put_part(const struct leasedir *d, const char *name, unsigned n, int64_t *at,
		     unsigned rubbish)
{
	char path[128], line[LEASEEVENT_MAX];
	FILE *out;

	dir_name(d, name, path);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	for (; n > 0; n--) {
		*at += random_below(4) ? 0 : random_below(50);
		event[events] = random_event(*at);
		fwrite(line, 1, leaseevent_format(line, &event[events]), out);
		events++;
		if (rubbish && random_below(rubbish) == 0)
			put_rubbish(out);
	}
	if (random_below(2))
		fputs("2023-11-14T22:13:20Z ended idle 192.0.2.1 2001:d", out);
	fclose(out);
}

static bool matches(const struct lease_event *e, int64_t since, int64_t until, uint32_t addr,
		    const struct ip6 *host)
{
	return e->at >= since && e->at <= until && (!addr || e->addr == addr) &&
	       (!host || ip6_equal(&e->host, host));
}

/* Compares the result of one search with that of a loop over all events. */
static void compare(struct leasehistory *h, int64_t since, int64_t until, uint32_t addr,
		    const struct ip6 *host)
{
	static struct got got;
	struct lease_event last = {.packets = MOST};
	char text[ADDR_TEXT];
	const char *word = addr ? addr_text4(text, addr) : host ? addr_text6(text, host) : NULL;
	unsigned n = 0;

	got.n = got.most = 0;
	ck_assert_int_eq(leasehistory_each(h, since, until, word, take, &got), 0);
	for (unsigned i = 0; i < events; i++) {
		if (!matches(&event[i], since, until, addr, host))
			continue;
		ck_assert_msg(n < got.n, "event %u is missing", i);
		ck_assert_uint_eq(got.at[n], i);
		n++;
	}
	ck_assert_uint_eq(got.n, n);
	ck_assert_int_eq(leasehistory_last(h, since, until, word, &last), n > 0);
	if (n > 0)
		ck_assert_uint_eq(last.packets, got.at[n - 1]);
}

static int64_t random_time(int64_t first, int64_t last)
{
	switch (random_below(8)) {
	case 0:
		return LEASEHISTORY_FIRST;
	case 1:
		return LEASEHISTORY_LAST;
	case 2:
		return first - 1 + random_below(3);
	case 3:
		return last - 1 + random_below(3);
	default:
		return event[random_below(events)].at + random_below(3) - 1;
	}
}

START_TEST(as_a_naive_reader)
{
	static const char *const names[] = {LEASELOG_NAME ".12", LEASELOG_NAME ".3",
					    LEASELOG_NAME ".2", LEASELOG_NAME ".1", LEASELOG_NAME};
	const unsigned rubbish = _i == 0 ? 0 : _i == 1 ? 100 : 5;
	struct leasedir d;
	struct leasehistory *h;
	int64_t at = WALL;

	dir_make(&d, 1);
	events = 0;
	for (unsigned i = 0; i < 5; i++)
		put_part(&d, names[i], random_below(i == 1 ? 2 : 6000), &at, rubbish);
	h = leasehistory_open(d.path);
	ck_assert_ptr_nonnull(h);
	for (int i = 0; i < 300; i++) {
		int64_t since = random_time(WALL, at), until = random_time(WALL, at);
		struct ip6 host = host_no(random_below(HOSTS + 2));

		if (i % 3 == 0)
			compare(h, since, until, 0, NULL);
		else if (i % 3 == 1)
			compare(h, since, until, ip4("192.0.2.0") + random_below(258), NULL);
		else
			compare(h, since, until, 0, &host);
	}
	leasehistory_close(h);
	dir_remove(&d);
}
END_TEST

START_TEST(stops_when_told)
{
	static struct got got = {.most = 3};
	struct leasedir d;
	struct leasehistory *h;
	int64_t at = WALL;

	dir_make(&d, 1);
	events = 0;
	put_part(&d, LEASELOG_NAME ".1", 2, &at, 0);
	put_part(&d, LEASELOG_NAME, 50, &at, 0);
	h = leasehistory_open(d.path);
	ck_assert_int_eq(
		leasehistory_each(h, LEASEHISTORY_FIRST, LEASEHISTORY_LAST, NULL, take, &got), 1);
	ck_assert_uint_eq(got.n, 3);
	ck_assert_uint_eq(got.at[2], 2);
	leasehistory_close(h);
	dir_remove(&d);
}
END_TEST

/* Each file is searched separately: in this one the clock was an hour behind. */
START_TEST(clock_was_set_back)
{
	static struct got got;
	struct leasedir d;
	struct leasehistory *h;
	int64_t at = WALL, back = WALL - 3600;

	dir_make(&d, 1);
	events = 0;
	put_part(&d, LEASELOG_NAME ".1", 100, &at, 0);
	put_part(&d, LEASELOG_NAME, 100, &back, 0);
	h = leasehistory_open(d.path);
	ck_assert_int_eq(leasehistory_each(h, WALL - 3700, WALL + 100000, NULL, take, &got), 0);
	ck_assert_uint_eq(got.n, 200);
	compare(h, WALL - 3600, WALL - 3000, 0, NULL);
	compare(h, WALL, WALL + 50, 0, NULL);
	leasehistory_close(h);
	dir_remove(&d);
}
END_TEST

/* A crash may have left zeros for more than one read, or in place of all but one line. */
START_TEST(hole_in_a_part)
{
	const size_t holes[] = {(1 << 18) - 2, (1 << 18) - 1, 1 << 18, 1 << 20};
	const char zero = 0;
	char path[128];
	struct leasedir d;
	struct leasehistory *h;
	int64_t at = WALL;
	FILE *out;

	dir_make(&d, 1);
	events = 0;
	put_part(&d, LEASELOG_NAME ".1", 20, &at, 0);
	dir_name(&d, LEASELOG_NAME ".1", path);
	out = fopen(path, "a");
	ck_assert_ptr_nonnull(out);
	fputs("\n", out);
	for (size_t i = 0; i < holes[_i]; i++)
		fwrite(&zero, 1, 1, out);
	fputs("\n", out);
	fclose(out);
	h = leasehistory_open(d.path);
	ck_assert_ptr_nonnull(h);
	compare(h, LEASEHISTORY_FIRST, LEASEHISTORY_LAST, 0, NULL);
	compare(h, LEASEHISTORY_FIRST, LEASEHISTORY_LAST, event[7].addr, NULL);
	compare(h, at, at + 1, 0, NULL);
	leasehistory_close(h);
	dir_remove(&d);
}
END_TEST

START_TEST(nothing_there)
{
	struct leasedir d;
	struct leasehistory *h;
	struct lease_event e;

	dir_make(&d, 1);
	h = leasehistory_open(d.path);
	ck_assert_ptr_nonnull(h);
	events = 0;
	compare(h, LEASEHISTORY_FIRST, LEASEHISTORY_LAST, 0, NULL);
	leasehistory_close(h);
	dir_put(&d, LEASELOG_NAME, "", 0);
	dir_put(&d, LEASELOG_NAME ".1", "2023-11", 7);
	h = leasehistory_open(d.path);
	ck_assert_ptr_nonnull(h);
	compare(h, WALL, WALL, 0, NULL);
	ck_assert_int_eq(leasehistory_last(h, WALL, WALL, "192.0.2.1", &e), 0);
	leasehistory_close(h);
	dir_remove(&d);
	ck_assert_ptr_null(leasehistory_open("/nonexistent"));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* --- damage ------------------------------------------------------------------------------- */

#define LINES 5

/* A small file, and what a search has found in it. */
struct damaged {
	struct leasedir d;
	char text[LINES * LEASEEVENT_MAX];
	size_t len, begin[LINES + 1]; /* BEGIN: of each line, and the end */
	int64_t at[LINES];
	char found[2 * LINES][LEASEEVENT_MAX];
	unsigned n;
};

static void make_damaged(struct damaged *t)
{
	dir_make(&t->d, 1);
	t->len = t->n = 0;
	for (unsigned i = 0; i < LINES; i++) {
		struct lease_event e = {
			.at = WALL + i / 2 * 86400,
			.since = i % 2 ? WALL - 100000 : 0,
			.packets = 1000 + i,
			.bytes = 4711,
			.host = host_no(7 + i % 2),
			.prefix = {ip6("64:ff9b::"), 96},
			.addr = ip4("192.0.2.7") + i % 2,
			.cause = i % 2 ? LEASE_IDLE : LEASE_NEW,
		};

		t->begin[i] = t->len;
		t->at[i] = e.at;
		t->len += leaseevent_format(t->text + t->len, &e);
	}
	t->begin[LINES] = t->len;
}

static bool take_text(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	struct damaged *t = arg;

	(void)e;
	ck_assert_uint_lt(t->n, 2 * LINES);
	snprintf(t->found[t->n++], LEASEEVENT_MAX, "%.*s", (int)len, line);
	return true;
}

static bool has_found(const struct damaged *t, unsigned i)
{
	char line[LEASEEVENT_MAX];

	snprintf(line, sizeof(line), "%.*s", (int)(t->begin[i + 1] - t->begin[i] - 1),
		 t->text + t->begin[i]);
	for (unsigned k = 0; k < t->n; k++)
		if (strcmp(t->found[k], line) == 0)
			return true;
	return false;
}

/* Searches for the time from that of line FIRST to that of line LAST.  The lines that have bytes
 * from FROM on and before TO may be missing. */
static void find_intact(struct damaged *t, struct leasehistory *h, unsigned first, unsigned last,
			size_t from, size_t to, const char *what)
{
	const bool all = first == 0 && last == LINES - 1;

	t->n = 0;
	ck_assert_int_eq(leasehistory_each(h, all ? LEASEHISTORY_FIRST : t->at[first],
					   all ? LEASEHISTORY_LAST : t->at[last], NULL, take_text,
					   t),
			 0);
	for (unsigned i = 0; i < LINES; i++) {
		bool wanted = t->at[i] >= t->at[first] && t->at[i] <= t->at[last];

		if (from < t->begin[i + 1] && to > t->begin[i])
			continue;
		ck_assert_msg(has_found(t, i) == wanted, "%s, byte %zu: line %u of %u to %u", what,
			      from, i, first, last);
	}
}

/* Writes these LEN bytes as file NAME, and searches it in each way. BAD: number of damaged lines
 * that must be reported; -1: as many as are missing. */
static void keep_intact(struct damaged *t, const char *name, const char *text, size_t len,
			size_t from, size_t to, int bad, const char *what)
{
	const struct leasehistory_damage *damage;
	struct leasehistory *h;

	dir_put(&t->d, name, text, len);
	h = leasehistory_open(t->d.path);
	ck_assert_ptr_nonnull(h);
	damage = leasehistory_damage(h);
	find_intact(t, h, 0, LINES - 1, from, to, what);
	if (bad < 0)
		bad = t->n < LINES || damage->lines > 0;
	ck_assert_msg(damage->lines == (unsigned)bad, "%s, byte %zu: %lu damaged", what, from,
		      (unsigned long)damage->lines);
	ck_assert_msg(!bad || (damage->at <= (int64_t)to + LEASEEVENT_MAX &&
			       damage->at + 2 * LEASEEVENT_MAX >= (int64_t)from),
		      "%s, byte %zu: reported at %ld", what, from, (long)damage->at);
	for (unsigned i = 0; i < LINES; i += 3) {
		find_intact(t, h, i, i, from, to, what);
		find_intact(t, h, i, LINES - 1 - i / 2, from, to, what);
	}
	leasehistory_close(h);
}

/* A bit in the date is the worst, because other lines are found by their times. */
START_TEST(flipped_bits)
{
	struct damaged t;
	char bad[sizeof(t.text)];

	make_damaged(&t);
	for (size_t at = 0; at < t.len - 1; at++)
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bad, t.text, t.len);
			bad[at] = (char)(bad[at] ^ 1 << bit);
			keep_intact(&t, LEASELOG_NAME, bad, t.len, at, at + 2, -1, "a bit");
		}
	dir_remove(&t.d);
}
END_TEST

/* A bit that makes a line too old or too new is reported, though the line can be read. */
START_TEST(wrong_times)
{
	struct damaged t;
	char bad[sizeof(t.text)];

	make_damaged(&t);
	for (unsigned i = 0; i < LINES - 1; i++) {
		memcpy(bad, t.text, t.len);
		bad[t.begin[i]] = '3';
		keep_intact(&t, LEASELOG_NAME, bad, t.len, t.begin[i], t.begin[i] + 1, 1, "later");
		bad[t.begin[i]] = '2';
		if (i == 0)
			continue;
		bad[t.begin[i] + 2] = '1';
		keep_intact(&t, LEASELOG_NAME, bad, t.len, t.begin[i], t.begin[i] + 1, 1,
			    "earlier");
	}
	dir_remove(&t.d);
}
END_TEST

/* The newest file may have half a line, which is just being written; an older one may not. */
START_TEST(cut_anywhere)
{
	const char *const name = _i == 0 ? LEASELOG_NAME : LEASELOG_NAME ".1";
	struct damaged t;
	size_t line = 0;

	make_damaged(&t);
	for (size_t cut = 0; cut <= t.len; cut++) {
		line += cut == t.begin[line + 1];
		keep_intact(&t, name, t.text, cut, t.begin[line], sizeof(t.text),
			    _i == 1 && cut > t.begin[line], "cut");
	}
	dir_remove(&t.d);
}
END_TEST

START_TEST(junk_anywhere)
{
	static const char junk[] = "\0\xff#\t 1\n";
	const size_t n = sizeof(junk) - 1;
	struct damaged t;
	char bad[sizeof(t.text) + sizeof(junk)];

	make_damaged(&t);
	for (size_t at = 0, line = 0; at <= t.len; at++) {
		bool between = at == t.begin[line + 1];

		line += between;
		between = between || at == 0;
		memcpy(bad, t.text, at);
		memcpy(bad + at, junk, n);
		memcpy(bad + at + n, t.text + at, t.len - at);
		keep_intact(&t, LEASELOG_NAME, bad, t.len + n, at, between ? at : at + 1,
			    between ? 1 : 2, "junk");
	}
	dir_remove(&t.d);
}
END_TEST

START_TEST(a_line_twice)
{
	struct damaged t;
	char bad[sizeof(t.text) + LEASEEVENT_MAX];

	make_damaged(&t);
	for (unsigned i = 0; i < LINES; i++) {
		size_t end = t.begin[i + 1], n = end - t.begin[i];

		memcpy(bad, t.text, end);
		memcpy(bad + end, t.text + t.begin[i], n);
		memcpy(bad + end + n, t.text + end, t.len - end);
		keep_intact(&t, LEASELOG_NAME, bad, t.len + n, end, end, 1, "twice");
		ck_assert_uint_le(t.n, LINES);
	}
	dir_remove(&t.d);
}
END_TEST

/* --- while it is written ------------------------------------------------------------------ */

static struct lease_event numbered(unsigned i)
{
	return (struct lease_event){
		.at = WALL + i / 50,
		.since = WALL,
		.packets = i,
		.host = host_no(7),
		.addr = ip4("192.0.2.7"),
		.cause = LEASE_IDLE,
	};
}

/* Uses small files, so that they are rotated all the time.  Never returns. */
static void keep_writing(const char *path, struct leaselog *log)
{
	struct leaselogfile f;
	int dir = open(path, O_RDONLY | O_DIRECTORY);

	leaselogfile_init(&f, log->shared);
	for (unsigned i = 0;; i++) {
		struct lease_event e = numbered(i);

		leaselog_put(log, &e);
		leaselog_commit(log);
		if (i % 3 == 0)
			leaselogfile_work(&f, dir, 1000000 + i, e.at);
	}
}

struct run {
	uint64_t first, next;
	bool any;
};

static bool take_numbered(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	struct run *r = arg;

	(void)line;
	(void)len;
	if (!r->any)
		r->first = r->next = e->packets;
	r->any = true;
	ck_assert_msg(e->packets == r->next, "%llu follows %llu", (unsigned long long)e->packets,
		      (unsigned long long)r->next - 1);
	r->next++;
	return true;
}

/* All events from before the history was opened are found, and each only once. */
START_TEST(while_it_is_turned_over)
{
	struct leasedir d;
	struct leaselog *log;
	uint64_t before = 0;
	unsigned rounds = 0, moved = 0;
	time_t begin = time(NULL), now;
	pid_t pid;

	dir_make(&d, 1);
	log = leaselog_new(d.path);
	leaselog_use(log, 10000, 60000);
	pid = fork();
	if (pid == 0)
		keep_writing(d.path, log);
	ck_assert_int_gt(pid, 1);
	for (; (now = time(NULL)) < begin + 3 || (moved < 3 && now < begin + 90); rounds++) {
		uint64_t written = SHARED_GET(&log->shared->written);
		struct leasehistory *h = leasehistory_open(d.path);
		struct run r = {.any = false};

		ck_assert_ptr_nonnull(h);
		ck_assert_int_eq(leasehistory_each(h, LEASEHISTORY_FIRST, LEASEHISTORY_LAST,
						   _i ? "192.0.2.7" : NULL, take_numbered, &r),
				 0);
		leasehistory_close(h);
		ck_assert_uint_ge(r.next, written);
		moved += r.first > before;
		before = r.first;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	printf("# read %u times, in %u of them older parts had gone\n", rounds, moved);
	fflush(stdout);
	ck_assert_uint_ge(moved, 3);
	leaselog_free(log);
	dir_remove(&d);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("leasehistory");
	TCase *t = tcase_create("history");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, as_a_naive_reader, 0, 3);
	tcase_add_test(t, stops_when_told);
	tcase_add_test(t, clock_was_set_back);
	tcase_add_loop_test(t, hole_in_a_part, 0, 4);
	tcase_add_test(t, nothing_there);
	tcase_add_loop_test(t, while_it_is_turned_over, 0, 2);
	suite_add_tcase(s, t);
	t = tcase_create("damage");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, flipped_bits);
	tcase_add_test(t, wrong_times);
	tcase_add_loop_test(t, cut_anywhere, 0, 2);
	tcase_add_test(t, junk_anywhere);
	tcase_add_test(t, a_line_twice);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
