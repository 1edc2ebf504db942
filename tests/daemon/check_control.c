/* check_control - the parser of requests, permissions, answers, and the socket, also with clients
 * that misbehave. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/control.h"
#include "lib/clock.h"
#include "support/run.h"

/* --- requests ----------------------------------------------------------------------------- */

static const struct parse_row {
	const char *name, *line;
	size_t len;
	const char *want; /* words separated by |, then +json; or the answer */
} parse_rows[] = {
#define ROW(name, line, want)                      \
	{                                          \
		name, line, sizeof(line) - 1, want \
	}
	ROW("one word", "status", "status"),
	ROW("two", "who 192.0.2.1", "who|192.0.2.1"),
	ROW("blanks and tabs", "  a \t b\t", "a|b"),
	ROW("a carriage return at the end", "status\r", "status"),
	ROW("a carriage return within", "sta\rtus",
	    "usage a request is one line of words without control characters\n"),
	ROW("json first", "--json status", "status+json"),
	ROW("json last", "status --json", "status+json"),
	ROW("json twice", "--json status --json", "status+json"),
	ROW("json alone", "--json", "usage no command (try status)\n"),
	ROW("nothing", "", "usage no command (try status)\n"),
	ROW("blanks", " \t ", "usage no command (try status)\n"),
	ROW("a NUL byte", "a\0b",
	    "usage a request is one line of words without control characters\n"),
	ROW("an escape", "a \033[2J",
	    "usage a request is one line of words without control characters\n"),
	ROW("a high byte", "\xff",
	    "usage a request is one line of words without control characters\n"),
	ROW("delete", "a\x7f", "usage a request is one line of words without control characters\n"),
	ROW("64 words",
	    "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 "
	    "3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4",
	    "1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|"
	    "3|4|5|6|7|8|9|0|1|2|3|4|5|6|7|8|9|0|1|2|3|4"),
	ROW("65 words",
	    "1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 "
	    "3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5",
	    "usage too many words\n"),
#undef ROW
};

START_TEST(test_parse)
{
	const struct parse_row *row = &parse_rows[_i];
	char line[CONTROL_LINE + 1], is[CONTROL_LINE] = "";
	struct control_request r = {.words = 99};
	struct answer a = {.text = NULL};

	memcpy(line, row->line, row->len);
	if (control_parse(&r, line, row->len, &a)) {
		for (unsigned i = 0; i < r.words; i++) {
			strcat(is, i ? "|" : "");
			strcat(is, r.word[i]);
		}
		strcat(is, r.json ? "+json" : "");
		ck_assert_ptr_null(a.text);
	} else {
		strcpy(is, a.text);
	}
	ck_assert_msg(strcmp(is, row->want) == 0, "%s: %s", row->name, is);
	answer_free(&a);
}
END_TEST

/* --- commands ----------------------------------------------------------------------------- */

static void run_it(void *arg, const struct control_request *r, struct answer *a)
{
	answer_add(a, "ok %s %u\n", (const char *)arg, r->words);
}

static const struct control_command table[] = {
	{"ask", "[ONE]", 0, 1, false, run_it},
	{"change", "ONE", 1, 1, true, run_it},
	{"none", "", 0, 0, false, run_it},
};

static const struct run_row {
	const char *line;
	bool may_change;
	const char *want;
} run_rows[] = {
	{"ask", false, "ok it 1\n"},
	{"ask a", false, "ok it 2\n"},
	{"ask a b", false, "usage ask [ONE]\n"},
	{"none a", true, "usage none\n"},
	{"change a", true, "ok it 2\n"},
	{"change", true, "usage change ONE\n"},
	{"change a", false,
	 "error change: not permitted (only root and the user of nat64d may make changes)\n"},
	{"as", true, "usage as: unknown command (known commands: ask change none)\n"},
	{"ASK", true, "usage ASK: unknown command (known commands: ask change none)\n"},
};

START_TEST(test_run)
{
	const struct run_row *row = &run_rows[_i];
	struct control_request r = {.may_change = row->may_change};
	struct answer a = {.text = NULL};
	char line[64], it[] = "it";

	strcpy(line, row->line);
	ck_assert(control_parse(&r, line, strlen(line), &a));
	control_run(table, ROWS(table), it, &r, &a);
	ck_assert_str_eq(a.text, row->want);
	answer_free(&a);
}
END_TEST

/* --- answers ------------------------------------------------------------------------------ */

static const struct json_row {
	const char *text, *want;
} json_rows[] = {
	{NULL, "null"},
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"a\"b\\c", "\"a\\\"b\\\\c\""},
	{"\n\t\033\x7f", "\"\\u000a\\u0009\\u001b\\u007f\""},
	{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
	{"\xc3", "\"?\""},
	{"\xc3(", "\"?(\""},
	{"\xc0\x80", "\"??\""},
	{"\xe0\x80\x80", "\"???\""},
	{"\xed\xa0\x80", "\"???\""},
	{"\xf4\x90\x80\x80", "\"????\""},
	{"\xff\x80", "\"??\""},
};

START_TEST(test_json)
{
	struct answer a = {.text = NULL};

	answer_json(&a, json_rows[_i].text);
	ck_assert_str_eq(a.text, json_rows[_i].want);
	answer_free(&a);
}
END_TEST

START_TEST(test_bound)
{
	struct answer a = {.text = NULL};
	char piece[1000];

	memset(piece, 'x', sizeof(piece) - 1);
	piece[sizeof(piece) - 1] = '\0';
	for (int i = 0; i < 100; i++)
		answer_add(&a, "%s", piece);
	ck_assert(a.cut);
	ck_assert_uint_eq(a.len, ANSWER_MAX / 999 * 999);
	answer_add(&a, "y");
	ck_assert_ptr_null(strchr(a.text, 'y'));
	answer_free(&a);
}
END_TEST

/* --- the socket --------------------------------------------------------------------------- */

static char dir[] = "/tmp/nat64-control.XXXXXX", path[64], err[CONTROL_ERR];
static struct control *control;
static unsigned answered;
static size_t heard;    /* bytes of bodies */
static unsigned bodies; /* complete ones */

static void open_it(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/it", dir);
	control = control_open(path, (gid_t)-1, err);
	ck_assert_msg(control != NULL, "%s", err);
	answered = 0;
	heard = bodies = 0;
}

static void close_it(void)
{
	control_close(control);
	unlink(path);
	rmdir(dir);
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
}

static int client(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path, path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (intmax_t)strlen(text));
}

static bool more(void *arg, struct answer *a)
{
	(void)arg;
	for (int i = 0; i < 1000; i++)
		answer_add(a, "line %zu\n", a->cursor++);
	return a->cursor < 100000;
}

static bool tell_lost(void *arg, struct answer *a)
{
	(void)arg;
	answer_add(a, "lost %lu\n", a->lost);
	a->lost = 0;
	return true;
}

/* Hears a body: counts its lines, a few in each call, until the end. */
static size_t hear_lines(void *arg, struct answer *a, char *text, size_t len, bool end)
{
	size_t used = 0;

	(void)arg;
	for (unsigned i = 0; i < 3 && used < len; i++) {
		const char *newline = memchr(text + used, '\n', len - used);

		if (!newline && len < ANSWER_BODY && !end)
			break;
		a->cursor++;
		used = newline ? (size_t)(newline + 1 - text) : len;
	}
	heard += used;
	if (!end || used < len)
		return used;
	bodies++;
	answer_add(a, "ok %zu lines\n", a->cursor);
	a->hear = NULL;
	return used;
}

static void answer_it(void *arg, const struct control_request *r, struct answer *a)
{
	(void)arg;
	answered++;
	if (strcmp(r->word[0], "body") == 0) {
		a->hear = hear_lines;
		a->state = malloc(1);
		return;
	}
	answer_add(a, "ok %s\n", r->word[0]);
	if (strcmp(r->word[0], "long") == 0)
		a->more = more;
	if (strcmp(r->word[0], "follow") == 0) {
		a->stream = STREAM_WATCH;
		a->more = tell_lost;
	}
}

static void serve(int64_t now)
{
	for (int i = 0; i < 10; i++)
		control_serve(control, now, answer_it, NULL);
}

/* Expects exactly TEXT and then the end of the connection. */
static void hears(int fd, const char *text)
{
	char is[256] = "";

	ck_assert_int_eq(recv(fd, is, sizeof(is) - 1, 0), (intmax_t)strlen(text));
	ck_assert_str_eq(is, text);
	ck_assert_int_eq(recv(fd, is, sizeof(is), 0), 0);
	close(fd);
}

static void hears_nothing(int fd)
{
	char is[16];

	ck_assert_int_eq(recv(fd, is, sizeof(is), 0), -1);
	ck_assert_int_eq(errno, EAGAIN);
}

START_TEST(test_one_request_a_round)
{
	int a = client(), b = client();

	say(a, "one\n");
	say(b, "two\n");
	for (unsigned i = 1; i <= 2; i++) {
		/* On a slow machine, the time of a round may be over before a request is read. */
		for (int round = 0; round < 10 && answered < i; round++)
			control_serve(control, 0, answer_it, NULL);
		ck_assert_uint_eq(answered, i);
	}
	hears(a, "ok one\n");
	hears(b, "ok two\n");
}
END_TEST

START_TEST(test_in_pieces)
{
	int a = client();

	for (const char *p = "stat\0us\0\n\0"; p[0]; p += strlen(p) + 1) {
		say(a, p);
		serve(0);
	}
	hears(a, "ok status\n");
}
END_TEST

START_TEST(test_stalling)
{
	int a = client(), b;

	say(a, "half");
	serve(0);
	control_expire(control, CONTROL_PATIENCE);
	hears_nothing(a);
	b = client();
	serve(CONTROL_PATIENCE);
	control_expire(control, CONTROL_PATIENCE + 1);
	hears(a, "");
	say(b, "later\n");
	serve(CONTROL_PATIENCE + 1);
	hears(b, "ok later\n");
}
END_TEST

/* Sends a byte from time to time, to keep the connection forever. */
START_TEST(test_dripping)
{
	int a = client();

	for (int64_t now = 0; now <= CONTROL_PATIENCE; now += 10000) {
		say(a, "x");
		serve(now);
	}
	control_expire(control, CONTROL_PATIENCE + 1);
	hears(a, "");
}
END_TEST

START_TEST(test_too_many)
{
	int all[CONTROL_CLIENTS + 1];

	for (int i = 0; i <= CONTROL_CLIENTS; i++) {
		all[i] = client();
		serve(0);
	}
	hears(all[CONTROL_CLIENTS], "error too many clients; try again\n");
	hears_nothing(all[0]);
	close(all[0]);
	serve(0);
	all[0] = client();
	say(all[0], "now\n");
	serve(0);
	hears(all[0], "ok now\n");
	for (int i = 1; i < CONTROL_CLIENTS; i++)
		close(all[i]);
}
END_TEST

/* A long answer is sent in pieces, as fast as the client reads, and completely. */
START_TEST(test_long)
{
	static char is[4096];
	size_t lines = 0;
	int a = client(), other = client();
	ssize_t n;

	say(a, "long\n");
	serve(0);
	say(other, "short\n");
	serve(0);
	hears(other, "ok short\n");
	while ((n = recv(a, is, sizeof(is), 0)) != 0) {
		for (ssize_t i = 0; i < n; i++)
			lines += is[i] == '\n';
		ck_assert(n > 0 || errno == EAGAIN);
		serve(0);
	}
	ck_assert_uint_eq(lines, 100001);
	close(a);
}
END_TEST

/* --- bodies ------------------------------------------------------------------------------- */

/* The body may come with the request, in pieces, or both; it may be empty, or larger than the
 * memory for it, and its last line may lack a newline. */
static const struct body_row {
	const char *name, *text;
	size_t repeat;
	const char *answer;
} body_rows[] = {
	{"nothing", "", 1, "ok 0 lines\n"},
	{"an empty line", "\n", 1, "ok 1 lines\n"},
	{"a line", "one\n", 1, "ok 1 lines\n"},
	{"no newline", "one\ntwo", 1, "ok 2 lines\n"},
	{"many lines", "0123456789\n", 5000, "ok 5000 lines\n"},
	{"another request is a part of the body", "status\nbody\n", 1, "ok 2 lines\n"},
	{"a line as long as the memory", "0123456789abcdef", 256, "ok 1 lines\n"},
	{"a longer one", "0123456789abcdef", 257, "ok 2 lines\n"},
};

static void say_body(int fd, const struct body_row *row, bool together)
{
	if (!together)
		say(fd, "body\n");
	for (size_t i = 0; i < row->repeat; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s%s", together && i == 0 ? "body\n" : "", row->text);
		if (text[0])
			say(fd, text);
		if (!together || i % 10 == 0)
			serve(0);
	}
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 200; i++)
		serve(0);
}

START_TEST(test_body)
{
	const struct body_row *row = &body_rows[_i / 2];
	int a = client();

	say_body(a, row, _i % 2);
	ck_assert_msg(heard == strlen(row->text) * row->repeat, "%s: %zu", row->name, heard);
	hears(a, row->answer);
}
END_TEST

/* While the client sends nothing, it gets no answer; then it is disconnected. */
START_TEST(test_body_stalls)
{
	int a = client();

	say(a, "body\none\ntw");
	serve(0);
	ck_assert_uint_eq(heard, 4);
	hears_nothing(a);
	say(a, "o\n");
	serve(CONTROL_PATIENCE - 1); /* progress */
	control_expire(control, CONTROL_PATIENCE + 1);
	hears_nothing(a);
	control_expire(control, 2 * CONTROL_PATIENCE);
	hears(a, "");
}
END_TEST

START_TEST(test_body_drips)
{
	int a = client();

	say(a, "body\n");
	for (int64_t now = 0; now <= CONTROL_PATIENCE; now += 1000) {
		say(a, "x");
		serve(now);
	}
	control_expire(control, CONTROL_PATIENCE + 1);
	hears(a, "");
	ck_assert_uint_eq(heard, 0);
}
END_TEST

/* The end of the connection is not the end of the body. */
START_TEST(test_body_breaks_off)
{
	int a = client(), b;

	say(a, "body\none\ntwo\n");
	serve(0);
	close(a);
	serve(0);
	ck_assert_uint_eq(heard, 8);
	ck_assert_uint_eq(bodies, 0);
	b = client();
	say(b, "body\nthree\n");
	serve(0);
	shutdown(b, SHUT_WR);
	serve(0);
	hears(b, "ok 1 lines\n");
}
END_TEST

/* Others are served while a body arrives, and while much of it is left. */
START_TEST(test_body_in_turns)
{
	int a = client(), other = client();

	say(a, "body\n");
	for (int i = 0; i < 100; i++)
		say(a, "0123456789\n0123456789\n0123456789\n0123456789\n0123456789\n");
	control_serve(control, 0, answer_it, NULL);
	say(other, "short\n");
	for (int i = 0; i < 10; i++)
		control_serve(control, 0, answer_it, NULL);
	ck_assert_uint_lt(heard, 5500);
	hears(other, "ok short\n");
	close(a);
}
END_TEST

static void push(const char *line)
{
	struct answer *a = NULL;

	while ((a = control_next_stream(control, STREAM_WATCH, a)))
		control_push(control, a, line, strlen(line));
}

static unsigned streams(void)
{
	struct answer *a = NULL;
	unsigned n = 0;

	while ((a = control_next_stream(control, STREAM_WATCH, a)))
		n++;
	return n;
}

static void hears_part(int fd, const char *text)
{
	char is[256] = "";

	ck_assert_int_eq(recv(fd, is, strlen(text), 0), (intmax_t)strlen(text));
	ck_assert_str_eq(is, text);
}

/* Lines reach all clients that follow, even after a long silence, and even if they have shut down
 * their sending side. */
START_TEST(test_stream)
{
	int a = client(), b = client(), other;

	say(a, "follow\n");
	say(b, "follow\n");
	shutdown(b, SHUT_WR);
	serve(0);
	ck_assert_uint_eq(streams(), 2);
	hears_part(a, "ok follow\n");
	hears_part(b, "ok follow\n");
	control_expire(control, 10 * CONTROL_PATIENCE);
	push("one\n");
	push("two\n");
	control_expire(control, 10 * CONTROL_PATIENCE);
	other = client();
	serve(10 * CONTROL_PATIENCE);
	say(other, "short\n");
	serve(10 * CONTROL_PATIENCE);
	hears(other, "ok short\n");
	hears_part(a, "one\ntwo\n");
	hears_part(b, "one\ntwo\n");
	hears_nothing(a);
	close(a);
	serve(0);
	ck_assert_uint_eq(streams(), 1);
	push("three\n");
	serve(0);
	hears_part(b, "three\n");
	close(b);
}
END_TEST

/* A client that does not read does not delay other clients.  It loses complete lines, and gets
 * their number. */
START_TEST(test_stream_stalls)
{
	static char is[65536];
	int a = client();
	unsigned long lines = 0, lost = 0;
	ssize_t n;
	FILE *f;

	say(a, "follow\n");
	serve(0);
	for (int i = 0; i < 100000; i++) {
		push("0123456789 this is a line\n");
		serve(0);
	}
	for (f = tmpfile(); (n = recv(a, is, sizeof(is), 0)) > 0; serve(0))
		fwrite(is, 1, (size_t)n, f);
	rewind(f);
	while (fgets(is, sizeof(is), f)) {
		unsigned long some;

		if (sscanf(is, "lost %lu", &some) == 1)
			lost += some;
		else if (strcmp(is, "0123456789 this is a line\n") == 0)
			lines++;
		else
			ck_assert_str_eq(is, "ok follow\n");
	}
	fclose(f);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(lines + lost, 100000);
	close(a);
}
END_TEST

static size_t take(int fd)
{
	static char is[65536];
	ssize_t n = recv(fd, is, sizeof(is), 0);

	return n > 0 ? (size_t)n : 0;
}

/* A client with a large answer takes turns with others. */
START_TEST(test_in_turns)
{
	enum {
		CLIENTS = 10
	};
	size_t got[CLIENTS] = {0};
	int all[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		all[i] = client();
		say(all[i], "long\n");
		serve(0);
		take(all[i]);
	}
	for (int round = 0; round < 10 * CLIENTS; round++) {
		control_serve(control, 0, answer_it, NULL);
		for (int i = 0; i < CLIENTS; i++)
			got[i] += take(all[i]);
	}
	for (int i = 0; i < CLIENTS; i++) {
		ck_assert_uint_gt(got[i], 5000);
		close(all[i]);
	}
}
END_TEST

static bool slow_more(void *arg, struct answer *a)
{
	int64_t until = clock_us() + 100;

	(void)arg;
	while (clock_us() < until)
		;
	answer_add(a, "slice\n");
	return true;
}

static void answer_slowly(void *arg, const struct control_request *r, struct answer *a)
{
	(void)arg;
	(void)r;
	answer_add(a, "ok\n");
	a->more = slow_more;
}

/* Many clients with large answers take no more of a round than one does. */
START_TEST(test_budget)
{
	int64_t least = INT64_MAX, began;
	int all[CONTROL_CLIENTS];

	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		all[i] = client();
		say(all[i], "slow\n");
	}
	for (int round = 0; round < 10 * CONTROL_CLIENTS; round++)
		control_serve(control, 0, answer_slowly, NULL);
	for (int round = 0; round < 50; round++) { /* the machine may be busy in some of them */
		began = clock_us();
		control_serve(control, 0, answer_slowly, NULL);
		if (clock_us() - began < least)
			least = clock_us() - began;
	}
	ck_assert_int_ge(least, 100);
	ck_assert_int_lt(least, 1000);
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		close(all[i]);
}
END_TEST

START_TEST(test_gone)
{
	int a = client();

	say(a, "long\n");
	close(a);
	serve(0);
	ck_assert_uint_eq(answered, 1);
	a = client();
	close(a);
	serve(0);
	a = client();
	say(a, "here\n");
	serve(0);
	hears(a, "ok here\n");
}
END_TEST

START_TEST(test_path)
{
	struct control *other = control_open(path, (gid_t)-1, err);

	ck_assert_ptr_null(other);
	ck_assert_str_eq(err, "another process already listens there (another nat64d?)");
	unlink(path);
	other = control_open(path, (gid_t)-1, err);
	ck_assert_ptr_nonnull(other);
	control_close(control);
	control = NULL;
	ck_assert_int_eq(access(path, F_OK), 0); /* it belongs to the other process */
	control_close(other);
	ck_assert_int_eq(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/none/it", dir);
	ck_assert_ptr_null(control_open(path, (gid_t)-1, err));
	ck_assert_str_eq(err, "No such file or directory (create its directory)");
}
END_TEST

/* If the socket was removed or replaced by a stale one, it is created again, and connected clients
 * stay. */
START_TEST(test_renew)
{
	int a = client(), b;
	struct stat st;
	FILE *f;

	serve(0);
	ck_assert_int_eq(control_renew(control, err), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(control_renew(control, err), 1);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	b = client();
	say(a, "one\n");
	say(b, "two\n");
	serve(0);
	hears(a, "ok one\n");
	hears(b, "ok two\n");
	ck_assert(unlink(path) == 0 && rmdir(dir) == 0);
	ck_assert_int_eq(control_renew(control, err), 1);
	ck_assert_int_eq(stat(dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	a = client();
	say(a, "three\n");
	serve(0);
	hears(a, "ok three\n");
	ck_assert(unlink(path) == 0 && (f = fopen(path, "w")) && fclose(f) == 0);
	ck_assert_int_eq(control_renew(control, err), -1);
	ck_assert_str_eq(err, "it exists and is not a socket");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(control_renew(control, err), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("control"), *socket = tcase_create("socket");

	tcase_add_loop_test(t, test_parse, 0, ROWS(parse_rows));
	tcase_add_loop_test(t, test_run, 0, ROWS(run_rows));
	tcase_add_loop_test(t, test_json, 0, ROWS(json_rows));
	tcase_add_test(t, test_bound);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(socket, open_it, close_it);
	tcase_add_test(socket, test_one_request_a_round);
	tcase_add_test(socket, test_in_pieces);
	tcase_add_test(socket, test_stalling);
	tcase_add_test(socket, test_dripping);
	tcase_add_test(socket, test_too_many);
	tcase_add_test(socket, test_long);
	tcase_add_loop_test(socket, test_body, 0, 2 * ROWS(body_rows));
	tcase_add_test(socket, test_body_stalls);
	tcase_add_test(socket, test_body_drips);
	tcase_add_test(socket, test_body_breaks_off);
	tcase_add_test(socket, test_body_in_turns);
	tcase_add_test(socket, test_stream);
	tcase_add_test(socket, test_stream_stalls);
	tcase_add_test(socket, test_in_turns);
	tcase_add_test(socket, test_budget);
	tcase_add_test(socket, test_gone);
	tcase_add_test(socket, test_renew);
	tcase_add_test(socket, test_path);
	suite_add_tcase(s, socket);
	return run_suite(s);
}
