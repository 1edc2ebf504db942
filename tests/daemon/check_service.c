/* check_service - checks the notify socket, the watchdog, the status line, the user and the pid
 * file, and that no privilege and no descriptor of the caller remains. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"
#include "support/machine.h"
#include "support/run.h"
#include "linux/sandbox.h"
#include "daemon/service.h"
#include "daemon/status.h"
#include "support/plain_pool.h"

static char dir[] = "/tmp/nat64-service.XXXXXX", path[64], err[SERVICE_ERR];

static void make_dir(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/it", dir);
}

static void remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

/* --- the notify socket -------------------------------------------------------------------- */

/* Creates a service manager's socket at NAME; '@' marks an abstract name. */
static int manager(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));

	memcpy(at.sun_path, name, strlen(name));
	if (*name == '@')
		at.sun_path[0] = '\0';
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void hears(int fd, const char *want)
{
	char is[256] = "";

	ck_assert_int_ge(recv(fd, is, sizeof(is) - 1, 0), 0);
	ck_assert_str_eq(is, want);
}

START_TEST(notify_by_path)
{
	int there = manager(path), fd = service_notify_open();

	ck_assert_int_ge(fd, 0);
	ck_assert(service_notify(fd, "READY=1"));
	hears(there, "READY=1");
}
END_TEST

START_TEST(notify_outside_the_file_system)
{
	char name[64];
	int there, fd;

	snprintf(name, sizeof(name), "@nat64d-check-%ld", (long)getpid());
	there = manager(name);
	fd = service_notify_open();
	ck_assert_int_ge(fd, 0);
	ck_assert(service_notify(fd, "RELOADING=1\nMONOTONIC_USEC=1"));
	hears(there, "RELOADING=1\nMONOTONIC_USEC=1");
}
END_TEST

/* A manager that does not read does not delay the daemon, and the failure is reported. */
START_TEST(notify_never_waits)
{
	int there = manager(path), fd = service_notify_open();
	unsigned taken = 0;

	while (taken < 1000000 && service_notify(fd, "STATUS=x"))
		taken++;
	ck_assert_uint_lt(taken, 1000000);
	hears(there, "STATUS=x");
	ck_assert(service_notify(fd, "READY=1"));
	close(there);
	ck_assert(!service_notify(fd, "READY=1"));
}
END_TEST

static const char *const no_manager[] = {
	NULL,
	"",
	"/",
	"@",
	"relative",
	"/tmp/nobody/listens/here",
	"@nobody listens here",
	"/01234567890123456789012345678901234567890123456789012345678901234567890123456789"
	"0123456789012345678901234567890",
};

START_TEST(notify_nobody)
{
	if (no_manager[_i])
		setenv("NOTIFY_SOCKET", no_manager[_i], 1);
	else
		unsetenv("NOTIFY_SOCKET");
	ck_assert_int_eq(service_notify_open(), -1);
	ck_assert(!service_notify(-1, "READY=1"));
}
END_TEST

/* --- the watchdog ------------------------------------------------------------------------- */

static const struct watchdog_row {
	const char *limit, *pid; /* NULL: not set; "self": our process ID */
	int64_t ms;
} watchdog_rows[] = {
	{NULL, NULL, 0},      {"20000000", NULL, 10000}, {"20000000", "self", 10000},
	{"20000000", "1", 0}, {"3000", NULL, 1},         {"1", NULL, 1},
	{"0", NULL, 0},       {"-5", NULL, 0},           {"soon", NULL, 0},
	{"", NULL, 0},
};

START_TEST(watchdog)
{
	const struct watchdog_row *r = &watchdog_rows[_i];
	char self[32];

	snprintf(self, sizeof(self), "%ld", (long)getpid());
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (r->limit)
		setenv("WATCHDOG_USEC", r->limit, 1);
	if (r->pid)
		setenv("WATCHDOG_PID", strcmp(r->pid, "self") == 0 ? self : r->pid, 1);
	ck_assert_int_eq(service_watchdog(), r->ms);
}
END_TEST

/* --- the status line ---------------------------------------------------------------------- */

START_TEST(status_counts)
{
	struct counters c = {0};
	struct status s = {.counters = &c};
	char line[STATUS_MAX];

	ck_assert_str_eq(status_line(line, &s), "0 packets translated, 0 refused");
	c.reason[DIR_4TO6][REASON_OK] = 3;
	c.reason[DIR_6TO4][REASON_OK] = 4;
	c.reason[DIR_4TO6][REASON_TTL] = 1;
	c.reason[DIR_6TO4][REASON_POOL_FULL] = 2;
	c.reason[DIR_6TO4][REASON_NOISE] = 50;
	c.reason[DIR_4TO6][REASON_SELF_ECHO] = 60;
	c.reason[DIR_4TO6][REASON_SELF_PROTO] = 1;
	ck_assert_str_eq(status_line(line, &s), "7 packets translated, 4 refused");
}
END_TEST

START_TEST(status_leases)
{
	struct prefix4 range = {0xc0000200, 24};
	struct siphash_key key = {1, 2};
	struct counters c = {0};
	struct ip6 host = {{0x20, 1}};
	char line[STATUS_MAX], want[STATUS_MAX];
	struct pool *pool = plain_pool(&range, 1, &key);

	ck_assert_ptr_nonnull(pool);
	ck_assert_ptr_nonnull(pool_assign(pool, &host, 0, 1));
	snprintf(want, sizeof(want), "1 of %zu addresses leased, 0 packets translated, 0 refused",
		 pool_size(pool));
	ck_assert_str_eq(status_line(line, &(struct status){.counters = &c, .pool = pool}), want);
	ck_assert_str_eq(status_line(line, &(struct status){.counters = &c,
							    .full = "dynamic-pool 192.0.2.0/30",
							    .fulls = 1}),
			 "dynamic-pool 192.0.2.0/30 is full, 0 packets translated, 0 refused");
	pool_free(pool);
}
END_TEST

/* The most important part comes first, and the longest line is complete. */
START_TEST(status_trouble)
{
	struct counters c;
	struct prefix4 range = {0xc0000200, 24};
	struct siphash_key key = {1, 2};
	struct pool *pool = plain_pool(&range, 1, &key);
	struct status s = {.counters = &c,
			   .pool = pool,
			   .link_down = true,
			   .reload_refused = true,
			   .fulls = 1000000,
			   .full = "dynamic-pool 255.255.255.255/32 and 1000000 more from "
				   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"};
	char line[STATUS_MAX];

	memset(&c, 0xff, sizeof(c));
	status_line(line, &s);
	ck_assert_ptr_eq(strstr(line, "the link is down, nothing is translated: "), line);
	ck_assert_ptr_nonnull(strstr(line, " refused; the last reload was refused, see the log"));
	ck_assert_ptr_nonnull(strstr(line, " and 999999 more are full, "));
	ck_assert_uint_lt(strlen(line), STATUS_MAX - 64);
	pool_free(pool);
}
END_TEST

/* --- user and rights ---------------------------------------------------------------------- */

static const struct user_row {
	const char *user, *group;
	int rc;
	int64_t uid, gid;
	const char *says;
} user_rows[] = {
	{NULL, NULL, 0, -1, -1, NULL},
	{"root", NULL, 0, 0, 0, NULL},
	{"0", NULL, 0, 0, 0, NULL},
	{"4000000000", "12", 0, 4000000000, 12, NULL},
	{"4000000000", NULL, -1, 0, 0, "so --group is needed"},
	{"4294967295", "0", -1, 0, 0, "no such user"},
	{"-1", "0", -1, 0, 0, "no such user"},
	{"", "0", -1, 0, 0, "no such user"},
	{"no such body", NULL, -1, 0, 0, "no such user"},
	{NULL, "no such body", -1, 0, 0, "no such group"},
};

START_TEST(user)
{
	const struct user_row *r = &user_rows[_i];
	struct service_user u;

	ck_assert_int_eq(service_user_find(&u, r->user, r->group, err), r->rc);
	if (r->says) {
		ck_assert_ptr_nonnull(strstr(err, r->says));
		return;
	}
	ck_assert_uint_eq(u.uid, (uid_t)r->uid);
	ck_assert_uint_eq(u.gid, (gid_t)r->gid);
}
END_TEST

/* Runs ACT in a child process, since it changes privileges, and returns the exit status. */
static int in_child(int (*act)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(act());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool status_has(const char *line)
{
	char text[8192] = "";
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 && strstr(text, line);
}

static int drop(void)
{
	sandbox_bound();
	if (sandbox_drop(err) < 0 || sandbox_may_configure())
		return 1;
	return status_has("\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
			  "CapEff:\t0000000000000000\n") &&
			       status_has("\nNoNewPrivs:\t1\n")
		       ? 0
		       : 2;
}

START_TEST(rights_are_given_up)
{
	ck_assert_int_eq(in_child(drop), 0);
}
END_TEST

static int bound(void)
{
	bool may = sandbox_may_configure();

	sandbox_bound();
	if (sandbox_may_configure() != may)
		return 1;
	return status_has("\nCapBnd:\t0000000000000000\n") ? 0 : 2;
}

START_TEST(bounds)
{
	if (status_has("\nCapEff:\t0000000000000000\n"))
		return; /* without CAP_SETPCAP the bounding set cannot be changed */
	ck_assert_int_eq(in_child(bound), 0);
}
END_TEST

static int hide(void)
{
	struct rlimit limit;

	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (!sandbox_hide() || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return 1;
	return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_cur == 0 && limit.rlim_max == 0
		       ? 0
		       : 2;
}

START_TEST(memory_is_hidden)
{
	ck_assert_int_eq(in_child(hide), 0);
}
END_TEST

/* --- what the caller had open -------------------------------------------------------------- */

static const struct inherited_row {
	const char *name;
	const char *pid, *count; /* LISTEN_PID, where "self" is our process ID, and LISTEN_FDS;
				    NULL: not set */
	int keep;
	const char *left; /* which of 3 to 9 are open at the end; '*' is 900 */
} inherited_rows[] = {
	{"nothing is ours", NULL, NULL, -1, ""},
	{"one is ours", NULL, NULL, 5, "5"},
	{"the first is ours", NULL, NULL, 3, "3"},
	{"the last is ours", NULL, NULL, 900, "*"},
	{"two are handed over", "self", "2", -1, "34"},
	{"two are handed over, the next is ours", "self", "2", 5, "345"},
	{"one is handed over, another is ours", "self", "1", 7, "37"},
	{"ours is one of those handed over", "self", "3", 4, "345"},
	{"all are handed over", "self", "100000", -1, "3456789*"},
	{"none is handed over", "self", "0", -1, ""},
	{"to another process", "1", "2", -1, ""},
	{"to an unspecified process", NULL, "2", -1, ""},
	{"a number is missing", "self", NULL, -1, ""},
	{"a number is not one", "self", "two", -1, ""},
	{"a number is negative", "self", "-2", -1, ""},
	{"a number is too large", "self", "4294967294", -1, ""},
	{"a number is followed by a letter", "self", "2x", -1, ""},
	{"the process ID is followed by a letter", "selfx", "2", -1, ""},
};

static const struct inherited_row *inherited_row;

static int set_listen(const struct inherited_row *r)
{
	char pid[32];

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	snprintf(pid, sizeof(pid), "%ld%s", (long)getpid(),
		 r->pid && strcmp(r->pid, "selfx") == 0 ? "x" : "");
	if (r->pid)
		setenv("LISTEN_PID", strncmp(r->pid, "self", 4) == 0 ? pid : r->pid, 1);
	return r->count ? setenv("LISTEN_FDS", r->count, 1) : 0;
}

static int close_inherited(void)
{
	char left[16] = "";
	size_t n = 0;

	fd_close_between(10, 899); /* descriptors of the test itself */
	for (int fd = 3; fd < 10; fd++)
		if (dup2(STDERR_FILENO, fd) < 0)
			return 1;
	if (dup2(STDERR_FILENO, 900) < 0 || set_listen(inherited_row) < 0)
		return 2;
	service_close_inherited(inherited_row->keep);
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return 3;
	for (int fd = 3; fd < 900; fd++)
		if (fcntl(fd, F_GETFD) >= 0 && n < 10)
			left[n++] = (char)('0' + fd);
	if (fcntl(900, F_GETFD) >= 0)
		left[n++] = '*';
	return strcmp(left, inherited_row->left) == 0 ? 0 : 4;
}

START_TEST(inherited)
{
	inherited_row = &inherited_rows[_i];
	ck_assert_msg(in_child(close_inherited) == 0, "%s", inherited_row->name);
}
END_TEST

/* Answers like a kernel before 5.9, or like a filter that does not know the call. */
static bool lose_the_call(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_close_range, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = ROWS(code), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static int close_without_call(void)
{
	if (!lose_the_call())
		return 5;
	if (syscall(SYS_close_range, 100000, 100000, 0) == 0)
		return 6;
	return close_inherited();
}

START_TEST(inherited_on_old_kernels)
{
	inherited_row = &inherited_rows[_i];
	ck_assert_msg(in_child(close_without_call) == 0, "%s", inherited_row->name);
}
END_TEST

/* --- the pid file ------------------------------------------------------------------------- */

static int second(void)
{
	return service_pidfile_open(path, err) >= 0 || !strstr(err, "is already running");
}

START_TEST(pidfile)
{
	int fd = service_pidfile_open(path, err);
	char is[32] = "", want[32];
	struct stat st;

	ck_assert_int_ge(fd, 0);
	snprintf(want, sizeof(want), "%ld\n", (long)getpid());
	ck_assert_int_gt(pread(fd, is, sizeof(is) - 1, 0), 0);
	ck_assert_str_eq(is, want);
	ck_assert_int_eq(in_child(second), 0);
	service_pidfile_close(fd, path);
	ck_assert_int_eq(stat(path, &st), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/* The file was removed, and another daemon has created its own. */
START_TEST(pidfile_of_another)
{
	int ours = service_pidfile_open(path, err), theirs;
	struct stat st;

	ck_assert_int_ge(ours, 0);
	ck_assert_int_eq(unlink(path), 0);
	theirs = service_pidfile_open(path, err);
	ck_assert_int_ge(theirs, 0);
	service_pidfile_close(ours, path);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_gt(st.st_size, 0);
	service_pidfile_close(theirs, path);
	ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("service");
	TCase *t = tcase_create("service");

	tcase_add_checked_fixture(t, make_dir, remove_dir);
	tcase_add_test(t, notify_by_path);
	tcase_add_test(t, notify_outside_the_file_system);
	tcase_add_test(t, notify_never_waits);
	tcase_add_loop_test(t, notify_nobody, 0, ROWS(no_manager));
	tcase_add_loop_test(t, watchdog, 0, ROWS(watchdog_rows));
	tcase_add_test(t, status_counts);
	tcase_add_test(t, status_leases);
	tcase_add_test(t, status_trouble);
	tcase_add_loop_test(t, user, 0, ROWS(user_rows));
	tcase_add_test(t, rights_are_given_up);
	tcase_add_test(t, bounds);
	tcase_add_test(t, memory_is_hidden);
	tcase_add_loop_test(t, inherited, 0, ROWS(inherited_rows));
	if (machine_may(lose_the_call))
		tcase_add_loop_test(t, inherited_on_old_kernels, 0, ROWS(inherited_rows));
	else
		LEAVE_OUT(s, "inherited_on_old_kernels", "needs a seccomp filter");
	tcase_add_test(t, pidfile);
	tcase_add_test(t, pidfile_of_another);
	suite_add_tcase(s, t);
	return run_suite(s);
}
