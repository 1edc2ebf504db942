/* check_log - checks the format of log lines and the rate limit, and that no line can be forged or
 * can block. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/run.h"
#include "support/machine.h"
#include "daemon/log.h"

/* Standard output and error are pipes from here on.  Check runs each test in a separate process. */
static int from_out, from_err;

static int redirect(int fd)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[1], fd), fd);
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	return ends[0];
}

static void setup(void)
{
	unsetenv("JOURNAL_STREAM");
	from_out = redirect(STDOUT_FILENO);
	from_err = redirect(STDERR_FILENO);
}

static const char *got(int fd)
{
	static char text[1 << 17];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

START_TEST(levels)
{
	log_open(SINK_STDERR);
	log_error("e %d", 1);
	log_warning("w");
	log_notice("n");
	log_line(LEVEL_ERROR, "file:3: x");
	log_line(LEVEL_WARNING, "file:4: 100%");
	ck_assert_str_eq(got(from_err), "nat64d: e 1\nnat64d: warning: w\nnat64d: n\nfile:3: x\n"
					"warning: file:4: 100%\n");
	ck_assert_str_eq(got(from_out), "");
}
END_TEST

START_TEST(both_places)
{
	log_open(SINK_STDOUT);
	log_tee_stderr(true);
	log_notice("both");
	log_tee_stderr(false);
	log_notice("one");
	ck_assert_str_eq(got(from_out), "nat64d: both\nnat64d: one\n");
	ck_assert_str_eq(got(from_err), "nat64d: both\n");
}
END_TEST

START_TEST(controls_are_masked)
{
	log_open(SINK_STDERR);
	log_notice("a\nb\x1b[31m\x7f\t%s", "\r");
	ck_assert_str_eq(got(from_err), "nat64d: a?b?[31m???\n");
}
END_TEST

START_TEST(long_lines_are_cut)
{
	char big[5000];
	const char *line;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_open(SINK_STDERR);
	log_notice("%s", big);
	line = got(from_err);
	ck_assert_uint_gt(strlen(line), 1000);
	ck_assert_uint_lt(strlen(line), 4096);
	ck_assert_int_eq(line[strlen(line) - 1], '\n');
}
END_TEST

/* If the reader stops reading, lines are lost, but nothing blocks.  Later the number of lost lines
 * is logged. */
START_TEST(full_pipe)
{
	char big[1000];
	const char *text;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_open(SINK_STDERR);
	log_never_wait();
	for (int i = 0; i < 1000; i++)
		log_notice("%s", big);
	ck_assert_uint_gt(strlen(got(from_err)), 4096);
	while (*got(from_err))
		;
	log_notice("back");
	text = got(from_err);
	ck_assert_ptr_nonnull(strstr(text, " messages were lost\n"));
	ck_assert_ptr_nonnull(strstr(text, "nat64d: back\n"));
	log_notice("again");
	ck_assert_str_eq(got(from_err), "nat64d: again\n");
}
END_TEST

/* The kernel passes text to the reader of a terminal asynchronously and in pieces.  Therefore text
 * may still arrive later, even if nothing has arrived yet. */
static bool arrives(int master, const char *line)
{
	struct pollfd p = {.fd = master, .events = POLLIN};
	char all[4096] = "";
	ssize_t len = 0, n = 1;

	while (!strstr(all, line) && n > 0 && poll(&p, 1, 5000) == 1) {
		n = read(master, all + len, sizeof(all) - 1 - (size_t)len);
		len += n > 0 ? n : 0;
	}
	return strstr(all, line) != NULL;
}

/* Reads from MASTER until nothing has arrived for a while. */
static void drain(int master)
{
	struct pollfd p = {.fd = master, .events = POLLIN};

	while (poll(&p, 1, 200) == 1)
		got(master);
}

/* The same for a terminal that is not read or was stopped by Control-S. */
START_TEST(full_terminal)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char big[1000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master) | unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	ck_assert_int_eq(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	fcntl(master, F_SETFL, O_NONBLOCK);
	log_open(SINK_STDERR);
	log_never_wait();
	for (int i = 0; i < 1000; i++)
		log_notice("%s", big);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	drain(master);
	log_notice("back");
	ck_assert(arrives(master, "nat64d: back\r\n"));
}
END_TEST

static unsigned take(struct log_limit *l, int64_t now, unsigned tries)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += log_limit_take(l, now);
	return taken;
}

static const struct limit_row {
	const char *name;
	int64_t first, wait; /* ms */
	unsigned tries, taken;
} limit_rows[] = {
	{"nothing comes back at once", 0, 0, 10, 0},
	{"nothing before the first interval", 5, 1000 / LOG_RATE - 1, 10, 0},
	{"one per interval", 5, 1000 / LOG_RATE, 10, 1},
	{"LOG_RATE per second", 123456789, 1000, 1000, LOG_RATE},
	{"no more than LOG_BURST after a day", 77, 86400000, 1000, LOG_BURST},
	{"a clock far from zero", (int64_t)1 << 60, 2000, 1000, 2 * LOG_RATE},
};

START_TEST(limit)
{
	const struct limit_row *r = &limit_rows[_i];
	struct log_limit l = {0};
	unsigned n = take(&l, r->first, LOG_BURST + 3);

	ck_assert_msg(n == LOG_BURST, "%s: burst %u", r->name, n);
	ck_assert_msg(log_limit_suppressed(&l) == 3, "%s: suppressed", r->name);
	n = take(&l, r->first + r->wait, r->tries);
	ck_assert_msg(n == r->taken, "%s: %u", r->name, n);
	ck_assert_msg(log_limit_suppressed(&l) == r->tries - r->taken, "%s: suppressed", r->name);
	ck_assert_msg(log_limit_suppressed(&l) == 0, "%s: reported once", r->name);
}
END_TEST

/* A limit may have another rate and burst than the default. */
START_TEST(limit_of_its_own)
{
	struct log_limit l = {.rate = 1000, .burst = 700};

	ck_assert_uint_eq(take(&l, 5, 1000), 700);
	ck_assert_uint_eq(log_limit_suppressed(&l), 300);
	ck_assert_uint_eq(take(&l, 5, 10), 0);
	ck_assert_uint_eq(take(&l, 6, 10), 1);
	ck_assert_uint_eq(take(&l, 106, 1000), 100);
	ck_assert_uint_eq(take(&l, 86400000, 1000), 700);
}
END_TEST

/* Occasional lines leave credit for one burst, regardless of how long the silence was. */
START_TEST(limit_does_not_save_up)
{
	struct log_limit l = {0};
	int64_t now = 0;

	for (; now < 600000; now += 2000)
		ck_assert(log_limit_take(&l, now));
	ck_assert_uint_eq(take(&l, now, 1000), LOG_BURST);
}
END_TEST

/* Frequent calls must not lose fractions of the credit. */
START_TEST(limit_is_exact_when_asked_often)
{
	struct log_limit l = {0};
	unsigned n;

	take(&l, 0, LOG_BURST);
	n = 0;
	for (int64_t now = 1; now <= 60000; now++)
		n += log_limit_take(&l, now);
	ck_assert_uint_eq(n, 60 * LOG_RATE);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *lines = tcase_create("lines"), *limits = tcase_create("limit");

	tcase_add_checked_fixture(lines, setup, NULL);
	tcase_add_test(lines, levels);
	tcase_add_test(lines, both_places);
	tcase_add_test(lines, controls_are_masked);
	tcase_add_test(lines, long_lines_are_cut);
	tcase_add_test(lines, full_pipe);
	if (machine_has_terminals())
		tcase_add_test(lines, full_terminal);
	tcase_add_loop_test(limits, limit, 0, ROWS(limit_rows));
	tcase_add_test(limits, limit_is_exact_when_asked_often);
	tcase_add_test(limits, limit_of_its_own);
	tcase_add_test(limits, limit_does_not_save_up);
	suite_add_tcase(s, lines);
	suite_add_tcase(s, limits);
	if (!machine_has_terminals())
		LEAVE_OUT(s, "full_terminal",
			  "no terminal can be opened: is there a devpts in /dev/pts?");
	return run_suite(s);
}
