/* check_leaselog - the history on disk: its lines, when a file ends or is removed, and failures of
 * the disk, the keeper, the daemon and the clock. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../../src/lease/leaselogstate.h"
#include "support/leasedir.h"
#include "support/machine.h"
#include "support/random.h"
#include "support/shortened.h"

#define MB    UINT64_C(1000000)
#define DAY   86400
#define PARTS 48 /* more files than there can be */

/* A directory with a history but without a keeper, whose work the test does. */
struct history {
	struct leasedir d;
	int dir;
	struct leaselog *log;
	struct leaselogfile f;
	int64_t ms; /* of the clock that never steps */
};

static void history_make(struct history *h, unsigned days, uint64_t bytes)
{
	dir_make(&h->d, 1);
	h->dir = open(h->d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	h->log = leaselog_new(h->d.path);
	ck_assert_ptr_nonnull(h->log);
	ck_assert(!leaselog_wanted(h->log));
	leaselog_use(h->log, days, bytes);
	leaselogfile_init(&h->f, h->log->shared);
	h->ms = 1000000;
}

static void history_free(struct history *h)
{
	leaselogfile_end(&h->f);
	leaselog_free(h->log);
	close(h->dir);
	dir_remove(&h->d);
}

/* Returns event number I, which happens at the time AT.  Its counts equal its number. */
static struct lease_event event_no(uint32_t i, int64_t at)
{
	return (struct lease_event){
		.at = at,
		.since = at - 100,
		.packets = i,
		.bytes = 100 * (uint64_t)i,
		.host = host_no(i),
		.prefix = {ip6("64:ff9b::"), 96},
		.addr = ip4("192.0.2.7"),
		.cause = LEASE_IDLE,
	};
}

static void put(struct history *h, uint32_t i, int64_t at)
{
	struct lease_event e = event_no(i, at);

	leaselog_put(h->log, &e);
}

static int work(struct history *h, int64_t wall)
{
	leaselog_commit(h->log);
	return leaselogfile_work(&h->f, h->dir, h->ms, wall);
}

/* Returns the content of file I, NUL-terminated; the caller frees it.  NULL if there is no such
 * file. */
static char *part(const struct history *h, unsigned i)
{
	char name[32];

	snprintf(name, sizeof(name), i ? LEASELOG_NAME ".%u" : LEASELOG_NAME, i);
	return dir_has(&h->d, name) ? dir_get(&h->d, name) : NULL;
}

static unsigned parts(const struct history *h)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PARTS; i++) {
		char *text = part(h, i);

		n += text != NULL;
		free(text);
	}
	return n;
}

/* Checks all lines from the oldest to the newest: there must be exactly the events FROM to TO - 1,
 * once each and in order.  With a negative FROM, the first event determines it.  Returns the bytes
 * of all files. */
static size_t must_have(const struct history *h, int64_t from, int64_t to)
{
	int64_t next = from;
	size_t sum = 0;

	for (unsigned i = PARTS; i-- > 0;) {
		char *text = part(h, i), *end;
		struct lease_event e;

		for (char *p = text; p && *p; p = end + 1) {
			end = strchr(p, '\n');
			ck_assert_msg(end != NULL, "part %u: half a line: %s", i, p);
			ck_assert_msg(leaseevent_parse(p, (size_t)(end - p), &e), "part %u: %.*s",
				      i, (int)(end - p), p);
			next = next < 0 ? (int64_t)e.packets : next;
			ck_assert_int_eq((int64_t)e.packets, next);
			next++;
		}
		sum += text ? strlen(text) : 0;
		free(text);
	}
	ck_assert_int_eq(next, to);
	return sum;
}

/* Returns the number of the first event. */
static uint32_t oldest(const struct history *h)
{
	struct lease_event e;
	char *text = part(h, parts(h) - 1);

	ck_assert(text && leaseevent_parse(text, strcspn(text, "\n"), &e));
	free(text);
	return (uint32_t)e.packets;
}

/* ---- lines ---- */

static const struct {
	const char *line;
	bool good;
} lines[] = {
	{"2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - -", true},
	{"2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 - - -", true},
	{"2026-11-26T19:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 10 1200 "
	 "2026-11-26T18:00:00Z",
	 true},
	{"2026-11-26T19:00:00Z ended full 192.0.2.1 2001:db8::1 64:ff9b::/96 0 0 -", true},
	{"2024-02-29T23:59:59Z ended release 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 "
	 "1970-01-01T00:00:01Z",
	 true},
	{"9999-12-31T23:59:59Z ended reload 255.255.255.255 "
	 "2001:db8:1111:2222:3333:4444:5555:6666 2001:db8:1111:2222:3333:4444:5555:0/128 "
	 "9999999999999999999 9999999999999999999 9999-12-31T23:59:59Z",
	 true},
	{"1970-01-01T00:00:00Z ended map 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", true},
	{"2100-03-01T00:00:00Z ended pin 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", true},
	{"", false},
	{"2026-11-26T18:00:00Z", false},
	{"2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 -", false},
	{"2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - - -", false},
	{"2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 1 -", false},
	{"2026-11-26T18:00:00Z assigned idle 192.0.2.1 2001:db8::1 64:ff9b::/96 - -", false},
	{"2026-11-26T18:00:00Z ended new 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 2026", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 - -", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b:: 1 1 -", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/129 1 1 -", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2 2001:db8::1 64:ff9b::/96 1 1 -", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8:1 64:ff9b::/96 1 1 -", false},
	{"2026-11-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1x 1 -", false},
	{"2026-11-26T18:00:00Z  ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", false},
	{"2026-13-26T18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", false},
	{"2026-11-26 18:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", false},
	{"2026-11-26T24:00:00Z ended idle 192.0.2.1 2001:db8::1 64:ff9b::/96 1 1 -", false},
};

/* A parsed line is formatted identically. */
START_TEST(line_is_read_and_written)
{
	const char *line = lines[_i].line;
	char again[LEASEEVENT_MAX + 1];
	struct lease_event e;

	ck_assert_msg(leaseevent_parse(line, strlen(line), &e) == lines[_i].good, "%s", line);
	if (!lines[_i].good)
		return;
	again[leaseevent_format(again, &e) - 1] = '\0';
	ck_assert_str_eq(again, line);
}
END_TEST

START_TEST(line_with_nul)
{
	static const char line[] =
		"2026-11-26T18:00:00Z assigned new 192.0.2.1 2001:db8::1 64:ff9b::/96 - -\0x";
	struct lease_event e;

	ck_assert(!leaseevent_parse(line, sizeof(line) - 1, &e));
}
END_TEST

/* Our conversion of days to dates is not that of the C library. */
START_TEST(times_are_those_of_the_library)
{

	for (int i = 0; i < 100000; i++) {
		struct lease_event e = event_no(1, (int64_t)((((uint64_t)random_next() << 32) |
							      random_next()) %
							     253402300800)),
				   back;
		char line[LEASEEVENT_MAX], want[32];
		time_t at = (time_t)e.at;
		size_t n = leaseevent_format(line, &e);
		struct tm tm;

		gmtime_r(&at, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		ck_assert_msg(memcmp(line, want, LEASEEVENT_TIME) == 0, "%s: %.30s", want, line);
		ck_assert(leaseevent_parse(line, n - 1, &back));
		ck_assert_int_eq(back.at, e.at);
	}
}
END_TEST

START_TEST(json_has_nulls)
{
	struct lease_event e = event_no(3, WALL);
	char text[LEASEEVENT_MAX];

	ck_assert_str_eq(leaseevent_json(text, &e),
			 ", \"cause\": \"idle\", \"ipv4\": \"192.0.2.7\", \"ipv6\": "
			 "\"2001:db8::3\", \"prefix\": \"64:ff9b::/96\", \"packets\": 3, "
			 "\"bytes\": 300");
	e.cause = LEASE_NEW;
	e.prefix.len = 0;
	ck_assert_str_eq(leaseevent_json(text, &e),
			 ", \"cause\": \"new\", \"ipv4\": \"192.0.2.7\", \"ipv6\": "
			 "\"2001:db8::3\", \"prefix\": null, \"packets\": null, \"bytes\": null");
}
END_TEST

/* ---- parts ---- */

START_TEST(file_and_mode)
{
	struct history h;
	struct stat st;
	char path[128];
	mode_t mask = umask(0077);

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	put(&h, 1, WALL + 1);
	ck_assert(!dir_has(&h.d, LEASELOG_NAME));
	work(&h, WALL);
	ck_assert_uint_eq(must_have(&h, 0, 2), 2 * strlen("2023-11-14T22:13:20Z ended idle "
							  "192.0.2.7 2001:db8::1 64:ff9b::/96 1 "
							  "100 2023-11-14T22:11:40Z\n") -
						       3);
	dir_name(&h.d, LEASELOG_NAME, path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	umask(mask);
	history_free(&h);
}
END_TEST

/* The size limit is never exceeded, and there are no gaps. */
START_TEST(sizes)
{
	struct history h;
	uint32_t i = 0;
	size_t sum = 0, most = 0;

	history_make(&h, 30, MB);
	for (int round = 0; round < 120; round++) {
		for (int k = 0; k < 250; k++, i++)
			put(&h, i, WALL + i / 100);
		work(&h, WALL + i / 100);
		sum = must_have(&h, -1, i);
		most = sum > most ? sum : most;
		ck_assert_uint_le(sum, MB);
	}
	ck_assert_uint_ge(most, MB * 9 / 10);
	ck_assert_uint_ge(parts(&h), 14);
	leaselog_use(h.log, 30, MB * 2);
	work(&h, WALL + i / 100);
	ck_assert_uint_eq(must_have(&h, -1, i), sum);
	leaselog_use(h.log, 30, MB / 2);
	work(&h, WALL + i / 100);
	ck_assert_uint_le(must_have(&h, -1, i), MB / 2);
	history_free(&h);
}
END_TEST

/* There is one event per hour for sixteen days.  No event is removed too early or more than a day
 * late. */
START_TEST(ages)
{
	const int hours = 40 * 24;
	struct history h;

	history_make(&h, 16, MB);
	for (int i = 0; i < hours; i++) {
		char *text;
		struct lease_event e;
		unsigned oldest = parts(&h);

		put(&h, (uint32_t)i, WALL + i * 3600);
		h.ms += 3600 * 1000;
		work(&h, WALL + i * 3600);
		must_have(&h, -1, i + 1);
		oldest = parts(&h) - 1;
		text = part(&h, oldest);
		ck_assert(leaseevent_parse(text, strcspn(text, "\n"), &e));
		ck_assert_int_ge(e.at, WALL + i * 3600 - 17 * DAY);
		ck_assert_int_le(e.at, i < 16 * 24 ? WALL : WALL + i * 3600 - 16 * DAY + 3600);
		free(text);
	}
	history_free(&h);
}
END_TEST

/* Without new events, the files still expire. */
START_TEST(ages_without_events)
{
	struct history h;

	history_make(&h, 16, MB);
	put(&h, 0, WALL);
	work(&h, WALL);
	for (int hour = 1; hour <= 18 * 24; hour++) {
		h.ms += 3600 * 1000;
		ck_assert_int_le(work(&h, WALL + hour * 3600), 600000);
		ck_assert_msg(hour < 18 * 24 - 12 || parts(&h) <= 1, "hour %d", hour);
		if (hour <= 16 * 24)
			must_have(&h, 0, 1);
	}
	ck_assert_uint_eq(parts(&h), 0);
	history_free(&h);
}
END_TEST

/* A flipped bit makes the first or the last line of a file twenty years old.  Neither that file nor
 * an older one is removed for that. */
START_TEST(damaged_dates)
{
	struct history h;
	unsigned before;
	char *text, *line;

	history_make(&h, 16, MB);
	for (int i = 0; i < 100; i++) {
		put(&h, (uint32_t)i, WALL + i * 3600);
		h.ms += 3600 * 1000;
		work(&h, WALL + i * 3600);
	}
	before = parts(&h);
	ck_assert_uint_ge(before, 4);
	text = part(&h, 2);
	line = _i == 0 ? text : (char *)memrchr(text, '\n', strlen(text) - 1) + 1;
	ck_assert(memcmp(line, "2023-", 5) == 0);
	line[2] ^= 1 << 1;
	dir_put(&h.d, LEASELOG_NAME ".2", text, strlen(text));
	free(text);
	h.ms += 3600 * 1000;
	work(&h, WALL + 101 * 3600);
	ck_assert_uint_eq(parts(&h), before);
	must_have(&h, 0, 100);
	history_free(&h);
}
END_TEST

/* A gap in the numbers shows where a rotation was interrupted. */
START_TEST(turned_over_halfway)
{
	struct history h;

	history_make(&h, 16, MB);
	for (int i = 0; i < 4; i++) {
		put(&h, (uint32_t)i, WALL + i * 2 * DAY);
		work(&h, WALL + i * 2 * DAY);
	}
	ck_assert_uint_eq(parts(&h), 4);
	ck_assert_int_eq(renameat(h.dir, LEASELOG_NAME ".3", h.dir, LEASELOG_NAME ".4"), 0);
	ck_assert_int_eq(renameat(h.dir, LEASELOG_NAME ".2", h.dir, LEASELOG_NAME ".3"), 0);
	put(&h, 4, WALL + 8 * DAY);
	work(&h, WALL + 8 * DAY);
	must_have(&h, 0, 5);
	ck_assert_uint_eq(parts(&h), 5);
	history_free(&h);
}
END_TEST

static const struct {
	const char *name, *tail;
	const char *left; /* of the tail */
} tails[] = {
	{"whole", "", ""},
	{"half a line", "2023-11-14T22:13:20Z ended idle 192.0", ""},
	{"a line without its end",
	 "2023-11-14T22:13:20Z ended idle 192.0.2.7 2001:db8::1 64:ff9b::/96 1 1 -", ""},
	{"one byte", "2", ""},
	{"an invalid line", "nonsense\n", "nonsense\n"},
};

START_TEST(tail_of_an_earlier_time)
{
	struct history h;
	char text[1024], *got;
	int n;

	history_make(&h, 30, MB);
	n = snprintf(text, sizeof(text),
		     "2023-11-14T22:13:20Z assigned new 192.0.2.7 2001:db8::1 64:ff9b::/96 - -\n");
	strcpy(text + n, tails[_i].tail);
	dir_put(&h.d, LEASELOG_NAME, text, strlen(text));
	put(&h, 1, WALL);
	work(&h, WALL);
	got = part(&h, 0);
	ck_assert_msg(strncmp(got + n, tails[_i].left, strlen(tails[_i].left)) == 0, "%s",
		      tails[_i].name);
	ck_assert_str_eq(got + n + strlen(tails[_i].left),
			 "2023-11-14T22:13:20Z ended idle 192.0.2.7 2001:db8::1 64:ff9b::/96 1 100 "
			 "2023-11-14T22:11:40Z\n");
	free(got);
	history_free(&h);
}
END_TEST

/* After a power failure there may be zeros in place of lines. */
START_TEST(tail_of_zeros)
{
	static char text[10000];
	struct history h;
	struct stat st;
	char path[128];

	history_make(&h, 30, MB);
	dir_put(&h.d, LEASELOG_NAME, text, sizeof(text));
	put(&h, 1, WALL);
	work(&h, WALL);
	dir_name(&h.d, LEASELOG_NAME, path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)sizeof(text) + 1 + 94);
	history_free(&h);
}
END_TEST

static const char *const places[] = {"a directory", "a link", "a FIFO"};

/* An object in place of the file is not touched, but reported.  The events wait until it is
 * removed.
 */
START_TEST(something_in_the_way)
{
	struct history h;
	char path[128];
	const char *news;
	bool bad;

	history_make(&h, 30, MB);
	dir_name(&h.d, LEASELOG_NAME, path);
	if (_i == 0)
		ck_assert_int_eq(mkdir(path, 0755), 0);
	else if (_i == 1)
		ck_assert_int_eq(symlink("/dev/null", path), 0);
	else
		ck_assert_int_eq(mkfifo(path, 0644), 0);
	put(&h, 0, WALL);
	work(&h, WALL);
	news = leaselog_news(h.log, &bad);
	ck_assert_msg(news && bad && strstr(news, LEASELOG_NAME ": cannot be written: "), "%s",
		      places[_i]);
	ck_assert_ptr_null(leaselog_news(h.log, &bad));
	ck_assert_int_eq(remove(path), 0);
	work(&h, WALL);
	ck_assert(!dir_has(&h.d, LEASELOG_NAME)); /* not yet */
	h.ms += 1000;
	work(&h, WALL + 1);
	must_have(&h, 0, 1);
	news = leaselog_news(h.log, &bad);
	ck_assert(news && !bad && strstr(news, "is written again"));
	history_free(&h);
}
END_TEST

START_TEST(removed_file_comes_back)
{
	struct history h;

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	work(&h, WALL);
	ck_assert_int_eq(unlinkat(h.dir, LEASELOG_NAME, 0), 0);
	put(&h, 1, WALL);
	work(&h, WALL);
	must_have(&h, 1, 2);
	history_free(&h);
}
END_TEST

START_TEST(off_and_on)
{
	struct history h;

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	leaselog_use(h.log, 0, MB); /* before the keeper has seen the first one */
	ck_assert(!leaselog_wanted(h.log));
	leaselogfile_init(&h.f, h.log->shared);
	leaselog_use(h.log, 30, MB);
	work(&h, WALL);
	leaselog_use(h.log, 0, MB);
	ck_assert_int_eq(work(&h, WALL), -1);
	ck_assert_int_eq(h.f.part.fd, -1);
	must_have(&h, 0, 1);
	leaselog_use(h.log, 30, MB);
	put(&h, 1, WALL);
	work(&h, WALL);
	must_have(&h, 0, 2);
	history_free(&h);
}
END_TEST

/* ---- clocks ---- */

/* Within one file, times never go back. */
static void must_ascend(const struct history *h)
{
	for (unsigned i = 0; i < 10; i++) {
		char *text = part(h, i);
		const char *last = "";

		for (char *p = text; p && *p; p = strchr(p, '\n') + 1) {
			ck_assert(strncmp(last, p, strlen(last) ? LEASEEVENT_TIME : 0) <= 0);
			last = p;
		}
		free(text);
	}
}

START_TEST(clock_is_set_back)
{
	struct history h;

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	put(&h, 1, WALL - 3); /* the time stands still */
	put(&h, 2, WALL - 5);
	work(&h, WALL);
	ck_assert_uint_eq(parts(&h), 1);
	put(&h, 3, WALL - 3600);
	put(&h, 4, WALL - 3599);
	put(&h, 5, WALL - 10000);
	work(&h, WALL - 3600);
	ck_assert_uint_eq(parts(&h), 3);
	must_ascend(&h);
	must_have(&h, 0, 6);
	history_free(&h);
}
END_TEST

/* The clock is wrong by years, and then correct again.  Nothing is removed too early. */
START_TEST(clock_jumps_ahead)
{
	const int64_t far = WALL + INT64_C(3650) * DAY;
	struct history h;

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	work(&h, WALL);
	h.ms += 1000;
	put(&h, 1, far);
	work(&h, far);
	for (int i = 0; i < 5; i++) {
		h.ms += 600000;
		work(&h, far + 600 * (i + 1));
	}
	must_have(&h, 0, 2);
	put(&h, 2, WALL + 3001);
	work(&h, WALL + 3001);
	must_have(&h, 0, 3);
	must_ascend(&h);
	/* An event dated in the future does not stay forever: the next file shows its age. */
	for (int day = 1; day <= 40; day++) {
		h.ms += DAY * 1000;
		put(&h, (uint32_t)day + 2, WALL + 3001 + day * DAY);
		work(&h, WALL + 3001 + day * DAY);
	}
	must_have(&h, oldest(&h), 3 + 40);
	ck_assert_uint_ge(oldest(&h), 2 + 40 - 33);
	ck_assert_uint_le(oldest(&h), 2 + 40 - 30);
	history_free(&h);
}
END_TEST

/* The clock is wrong from the start, as after a night without a battery. */
START_TEST(clock_is_ahead_at_start)
{
	const int64_t far = WALL + INT64_C(365) * DAY;
	struct history h;

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	work(&h, WALL);
	put(&h, 1, WALL + 3 * DAY);
	work(&h, WALL + 3 * DAY);
	ck_assert_uint_eq(parts(&h), 2);
	leaselogfile_end(&h.f);
	leaselogfile_init(&h.f, h.log->shared);
	put(&h, 2, far);
	work(&h, far);
	h.ms += 1800000;
	work(&h, far + 1800);
	must_have(&h, 0, 3);
	put(&h, 3, WALL + 3 * DAY + 1800);
	work(&h, WALL + 3 * DAY + 1800);
	must_have(&h, 0, 4);
	history_free(&h);
}
END_TEST

/* ---- disks ---- */

static void limit_size(rlim_t to)
{
	struct rlimit r;

	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = to;
	setrlimit(RLIMIT_FSIZE, &r);
}

/* A write fails at every position.  There is no incomplete line, and no event is lost or written
 * twice. */
START_TEST(full_disk)
{
	struct history h;
	size_t before;
	bool bad;

	signal(SIGXFSZ, SIG_IGN);
	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	work(&h, WALL);
	before = must_have(&h, 0, 1);
	for (uint32_t i = 1; i < 4; i++)
		put(&h, i, WALL);
	limit_size(before + (size_t)_i * 10);
	work(&h, WALL);
	limit_size(RLIM_INFINITY);
	ck_assert_uint_eq(must_have(&h, 0, 1), before);
	ck_assert_ptr_nonnull(leaselog_news(h.log, &bad));
	ck_assert(bad);
	for (uint32_t i = 4; i < 6; i++)
		put(&h, i, WALL);
	h.ms += 1000;
	work(&h, WALL);
	must_have(&h, 0, 6);
	history_free(&h);
}
END_TEST

/* Many more events than can wait: the number of lost ones is reported once there is space. */
START_TEST(full_disk_for_long)
{
	struct history h;
	unsigned long told = 0;
	const char *news;
	bool bad;

	signal(SIGXFSZ, SIG_IGN);
	history_make(&h, 30, 100 * MB);
	limit_size(0);
	for (uint32_t i = 0; i < LEASELOG_ROOM + 77; i++)
		put(&h, i, WALL);
	work(&h, WALL);
	limit_size(RLIM_INFINITY);
	news = leaselog_news(h.log, &bad);
	ck_assert(news && bad && strstr(news, "cannot be written"));
	ck_assert_ptr_null(leaselog_news(h.log, &bad));
	h.ms += 1000;
	work(&h, WALL);
	news = leaselog_news(h.log, &bad);
	ck_assert(news && bad && sscanf(strrchr(news, ':') + 1, " %lu events were lost", &told));
	ck_assert_uint_eq(told, 77);
	must_have(&h, 0, LEASELOG_ROOM);
	history_free(&h);
}
END_TEST

/* Uses a file system that is really full. */
START_TEST(full_file_system)
{
	static const char block[4096];
	struct history h;
	char path[128];
	uint32_t i = 0;
	int fd;

	history_make(&h, 30, MB);
	ck_assert(machine_mount(h.d.path, "size=128k,mode=755"));
	close(h.dir);
	h.dir = open(h.d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir_name(&h.d, "filler", path);
	for (; i < 10; i++)
		put(&h, i, WALL);
	work(&h, WALL);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	close(fd);
	for (; i < 300; i++) {
		put(&h, i, WALL);
		h.ms += 1000;
		work(&h, WALL);
	}
	ck_assert_int_eq(h.log->shared->err, ENOSPC);
	must_have(&h, 0, (int64_t)h.log->shared->written);
	ck_assert_int_eq(unlink(path), 0);
	h.ms += 1000;
	work(&h, WALL);
	must_have(&h, 0, 300);
	umount2(h.d.path, MNT_DETACH);
	history_free(&h);
}
END_TEST

/* ---- processes ---- */

/* Opens a lease file whose keeper has a history. */
static void begin(struct history *h)
{
	dir_open(&h->d);
	leasefile_set_log(h->d.f, h->log);
	dir_load(&h->d, NOW, WALL);
	ck_assert_int_eq(leasefile_start(h->d.f), 0);
}

static void nap(long us)
{
	const struct timespec t = {.tv_nsec = us * 1000};

	nanosleep(&t, NULL);
}

static void wait_until_written(struct history *h)
{
	for (int i = 0; i < 5000 && SHARED_GET(&h->log->shared->written) < h->log->shared->put; i++)
		nap(2000);
	ck_assert_uint_eq(h->log->shared->written, h->log->shared->put);
}

/* The same as put(), but waits while there is no room, because the keeper hardly runs on a busy
 * machine. */
static void put_for_sure(struct history *h, uint32_t i)
{
	while (h->log->filled - SHARED_GET(&h->log->shared->written) == LEASELOG_ROOM)
		nap(1000);
	put(h, i, time(NULL));
}

/* The keeper is killed repeatedly at any point.  The next one continues, and no event is lost or
 * written twice. */
START_TEST(keeper_is_killed)
{
	struct history h;
	uint32_t i = 0;

	history_make(&h, 30, 100 * MB);
	begin(&h);
	for (int32_t round = 0; round < 20; round++) {
		uint32_t end = i + 2000;

		for (; i < end; i++) {
			put_for_sure(&h, i);
			if (i % 50 == 0)
				leaselog_commit(h.log);
		}
		nap((long)random_below(3000));
		kill(h.d.f->keeper.pid, SIGKILL);
		for (int k = 0; k < 500 && h.d.f->keeper.fd >= 0; k++) {
			nap(1000);
			leasefile_maintain(h.d.f, h.d.pool, h.d.maps, NOW + 10 * round, WALL);
		}
		for (int k = 0; k < 5000 && h.d.f->keeper.fd < 0;
		     k++) { /* wait until it has exited */
			nap(1000);
			leasefile_maintain(h.d.f, h.d.pool, h.d.maps, NOW + 10 * round + 6, WALL);
		}
		ck_assert_int_ge(h.d.f->keeper.fd, 0);
	}
	leaselog_commit(h.log);
	dir_end(&h.d, NOW + 1000, WALL);
	must_have(&h, 0, i);
	history_free(&h);
}
END_TEST

static unsigned syncs;

int fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

/* The keeper is killed between the write and the sync.  The next one syncs, even if there is
 * nothing more to write. */
START_TEST(next_keeper_syncs)
{
	struct history h;

	history_make(&h, 30, MB);
	put(&h, 0, WALL);
	work(&h, WALL);
	ck_assert_uint_eq(h.log->shared->synced, 1);
	put(&h, 1, WALL);
	work(&h, WALL);
	ck_assert_uint_eq(h.log->shared->written, 2);
	ck_assert_uint_eq(h.log->shared->synced, 1);
	close(h.f.part.fd);
	leaselogfile_init(&h.f, h.log->shared);
	syncs = 0;
	h.ms += 1000;
	work(&h, WALL);
	ck_assert_uint_eq(syncs, 1);
	ck_assert_uint_eq(h.log->shared->synced, 2);
	h.ms += 1000;
	work(&h, WALL);
	ck_assert_uint_eq(syncs, 1);
	must_have(&h, 0, 2);
	history_free(&h);
}
END_TEST

/* The daemon is killed.  All events that it handed over are written, and its directory is free at
 * once. */
START_TEST(daemon_is_killed)
{
	struct history h;
	uint32_t *done =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	history_make(&h, 30, 100 * MB);
	pid = fork();
	if (pid == 0) {
		begin(&h);
		for (uint32_t i = 0;; i++) {
			put_for_sure(&h, i);
			if (i % 32 == 0) {
				leaselog_commit(h.log);
				SHARED_SET(done, i + 1);
			}
			if (i % 1000 == 999)
				nap(1000);
		}
	}
	for (int i = 0; i < 5000 && SHARED_GET(done) < 5000u + 500 * (uint32_t)_i; i++)
		nap(1000);
	ck_assert_int_gt(pid, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	dir_open(&h.d); /* waits for the keeper */
	dir_crash(&h.d);
	must_have(&h, 0, (int64_t)h.log->shared->put);
	ck_assert_uint_ge(h.log->shared->put, *done);
	munmap(done, 4096);
	history_free(&h);
}
END_TEST

/* Events that a daemon has not handed over are lost; no other process knows them. */
START_TEST(daemon_is_killed_before_it_commits)
{
	struct history h;
	pid_t pid;

	history_make(&h, 30, MB);
	pid = fork();
	if (pid == 0) {
		begin(&h);
		put(&h, 0, time(NULL));
		leaselog_commit(h.log);
		put(&h, 1, time(NULL));
		kill(getpid(), SIGKILL);
	}
	waitpid(pid, NULL, 0);
	dir_open(&h.d);
	dir_crash(&h.d);
	must_have(&h, 0, 1);
	history_free(&h);
}
END_TEST

/* More events than the keeper accepts at once, as when a reload ends all leases. */
START_TEST(very_many_at_once)
{
	const uint32_t many = 5 * LEASELOG_ROOM;
	struct history h;
	bool bad;

	history_make(&h, 30, 100 * MB);
	begin(&h);
	kill(h.d.f->keeper.pid, SIGSTOP);
	for (uint32_t i = 0; i < many; i++) {
		struct lease_event e = event_no(i, time(NULL));

		leaselog_put_many(h.log, &e);
	}
	put(&h, many, time(NULL)); /* of the packet path, after the others */
	ck_assert(leaselog_waits(h.log));
	kill(h.d.f->keeper.pid, SIGCONT);
	for (int i = 0; i < 5000 && leaselog_waits(h.log); i++) {
		leaselog_commit(h.log);
		nap(1000);
	}
	ck_assert(!leaselog_waits(h.log));
	ck_assert_ptr_null(h.log->queue);
	wait_until_written(&h);
	ck_assert_ptr_null(leaselog_news(h.log, &bad));
	must_have(&h, 0, many + 1);
	dir_end(&h.d, NOW, WALL);
	history_free(&h);
}
END_TEST

/* On a full disk, events wait only while there is room, even if leases end continuously. */
START_TEST(full_disk_takes_no_memory)
{
	const uint32_t many = 3 * LEASELOG_ROOM;
	struct history h;
	const char *news;
	bool bad;

	history_make(&h, 30, 100 * MB);
	h.log->shared->err = ENOSPC;
	for (uint32_t i = 0; i < many; i++) {
		struct lease_event e = event_no(i, WALL);

		leaselog_put_many(h.log, &e);
	}
	ck_assert_uint_eq(h.log->room, 0);
	work(&h, WALL);
	must_have(&h, 0, LEASELOG_ROOM);
	news = leaselog_news(h.log, &bad);
	ck_assert(news && strstr(news, "65536 events were lost"));
	history_free(&h);
}
END_TEST

/* At its end, the daemon waits until all events are written, and counts those that cannot be. */
START_TEST(clean_end)
{
	struct history h;
	char path[128];
	const char *news;
	bool bad;

	history_make(&h, 30, MB);
	begin(&h);
	dir_name(&h.d, LEASELOG_NAME, path);
	if (_i == 1)
		ck_assert_int_eq(mkdir(path, 0755), 0);
	for (uint32_t i = 0; i < 3000; i++)
		put(&h, i, time(NULL));
	leaselog_commit(h.log);
	dir_end(&h.d, NOW, WALL);
	leaselog_give_up(h.log);
	news = leaselog_news(h.log, &bad);
	if (_i == 0) {
		ck_assert_ptr_null(news);
		must_have(&h, 0, 3000);
	} else {
		ck_assert(news && bad && strstr(news, "3000 events were lost"));
		ck_assert_int_eq(rmdir(path), 0);
	}
	history_free(&h);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("leaselog");
	TCase *t = tcase_create("history");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, line_is_read_and_written, 0, ROWS(lines));
	tcase_add_test(t, line_with_nul);
	tcase_add_test(t, times_are_those_of_the_library);
	tcase_add_test(t, json_has_nulls);
	tcase_add_test(t, file_and_mode);
	tcase_add_test(t, sizes);
	tcase_add_test(t, ages);
	tcase_add_test(t, ages_without_events);
	tcase_add_loop_test(t, damaged_dates, 0, 2);
	tcase_add_test(t, turned_over_halfway);
	tcase_add_loop_test(t, tail_of_an_earlier_time, 0, ROWS(tails));
	tcase_add_test(t, tail_of_zeros);
	tcase_add_loop_test(t, something_in_the_way, 0, ROWS(places));
	tcase_add_test(t, removed_file_comes_back);
	tcase_add_test(t, off_and_on);
	tcase_add_test(t, clock_is_set_back);
	tcase_add_test(t, clock_jumps_ahead);
	tcase_add_test(t, clock_is_ahead_at_start);
	tcase_add_loop_test(t, full_disk, 0, SHORTENED(25));
	tcase_add_test(t, full_disk_for_long);
	if (machine_may(machine_mounts))
		tcase_add_test(t, full_file_system);
	else
		LEAVE_OUT(s, "full_file_system", "no file system can be mounted: needs root");
	tcase_add_test(t, keeper_is_killed);
	tcase_add_test(t, next_keeper_syncs);
	tcase_add_loop_test(t, daemon_is_killed, 0, 8);
	tcase_add_test(t, daemon_is_killed_before_it_commits);
	tcase_add_test(t, very_many_at_once);
	tcase_add_test(t, full_disk_takes_no_memory);
	tcase_add_loop_test(t, clean_end, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
