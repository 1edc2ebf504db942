/* check_leasecrash - the lease file under failures: kill -9 at any time, a full disk, a keeper that
 * dies or hangs, a clock that is set, and a rewrite under load. */
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "support/leasedir.h"
#include "support/machine.h"
#include "support/random.h"
#include "support/shortened.h"

#define BIG "10.0.0.0"

/* Checks that each lease of WANT is in GOT, with the same address and not older. */
static void must_have(const struct pool *got, const struct pool *want, const char *when)
{
	for (struct lease *w = NULL; (w = pool_next(want, w));) {
		struct lease *g = pool_find4(got, w->addr);

		ck_assert_msg(g && ip6_equal(&g->host, &w->host) && g->prefix == w->prefix,
			      "%s: lease of %08x is lost", when, w->addr);
		ck_assert_msg(g->last >= w->last, "%s: %d became %d", when, w->last, g->last);
		ck_assert_msg(g->confirmed == w->confirmed, "%s: confirmed %d became %d", when,
			      w->confirmed, g->confirmed);
	}
}

/* Loads the file into a second pool and compares that with the first, which is not changed. */
static void compare(struct leasedir *d, int32_t now, int64_t wall, const char *when)
{
	struct pool *old = d->pool;
	const bool big = pool_size(old) > 256;

	d->pool = big ? pool_of(BIG, 14) : pool_of("192.0.2.0", 24);
	dir_open(d);
	dir_load(d, now, wall);
	ck_assert_msg(d->said == 0, "%s: %s", when, d->line[0]);
	must_have(d->pool, old, when);
	dir_crash(d);
	pool_free(d->pool);
	d->pool = old;
}

/* Never passes -1 to kill(2), which means all processes, nor 0, which means the process group. */
static void send_signal(pid_t pid, int number)
{
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, number), 0);
}

static void use_big_pool(struct leasedir *d)
{
	dir_new_pool(d, BIG, 14);
}

/* Adds leases of the hosts FROM to TO - 1.  They are on record if no error occurs. */
static void add_leases(struct leasedir *d, uint32_t from, uint32_t to, int32_t now)
{
	for (uint32_t i = from; i < to; i++) {
		struct ip6 host = host_no(i);
		struct lease *l = pool_find6(d->pool, &host, 0);

		if (!l)
			l = pool_assign(d->pool, &host, 0, now);
		ck_assert_ptr_nonnull(l);
		if (i % 3 == 0)
			pool_answer(l);
		pool_touch(d->pool, l, now);
		leasefile_append(d->f, l, now);
	}
}

/* Starts a daemon with N leases on record. */
static void begin(struct leasedir *d, bool big, uint32_t n)
{
	dir_make(d, 1);
	if (big)
		use_big_pool(d);
	dir_begin(d, NOW, WALL);
	add_leases(d, 0, n, NOW);
	ck_assert_int_eq(leasefile_commit(d->f), 0);
}

static size_t file_size(const struct leasedir *d, const char *name)
{
	char path[128];
	struct stat st;

	dir_name(d, name, path);
	return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

static ino_t file_ino(const struct leasedir *d)
{
	char path[128];
	struct stat st;

	dir_name(d, LEASEFILE_NAME, path);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

static const char *news(struct leasedir *d)
{
	bool bad;
	const char *line = leasefile_news(d->f, &bad);

	return line ? strstr(line, LEASEFILE_NAME) : NULL;
}

/* ---- kill -9 ---- */

struct ack {
	uint32_t host, addr;
	int32_t last;
	int32_t now;
	bool confirmed;
};

#define HOSTS 400

/* A daemon for which time passes quickly: uses leases at random, and reports each use through OUT
 * once it is safe. */
static _Noreturn void daemon_run(struct leasedir *d, int out, int32_t now)
{
	dir_begin(d, now, WALL + now);
	for (unsigned n = 0;; n++) {
		uint32_t i = random_below(HOSTS);
		struct ip6 host = host_no(i);
		struct lease *l = pool_find6(d->pool, &host, 0);
		struct ack ack;

		if (n % 16 == 0)
			now += 30;
		if (n % 64 == 0)
			leasefile_maintain(d->f, d->pool, d->maps, now, WALL + now);
		if (!l)
			l = pool_assign(d->pool, &host, 0, now);
		if (!l)
			continue;
		pool_touch(d->pool, l, now);
		if (pool_outdated(l, l->last))
			dir_record(d, l, now);
		if (n % 2 == 0)
			pool_answer(l);
		ack = (struct ack){i, l->addr, l->last, now, l->confirmed};
		if (write(out, &ack, sizeof(ack)) != sizeof(ack))
			_exit(1);
	}
}

/* Check stores the position of a test in a file that all its processes share.  An incomplete note
 * of a killed process would make it unreadable.  Therefore the child writes none; its failures are
 * detected by how it ends, see watch(). */
static void leave_notes(int keep)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		if (fd != keep && fd != null && fcntl(fd, F_GETFD) >= 0)
			dup2(null, fd);
}

struct known {
	uint32_t host;
	int32_t last;
	bool held, confirmed;
};

static void learn(struct known k[256], const struct ack *a)
{
	for (unsigned i = 0; i < 256; i++)
		if (k[i].held && k[i].host == a->host)
			k[i].held = false;
	k[a->addr & 0xff] = (struct known){a->host, a->last, true, a->confirmed};
}

/* Reads the daemon's reports for MS milliseconds, kills it, and reads the rest.  Returns its time.
 */
static int32_t watch(pid_t pid, int in, struct known k[256], int32_t now, int ms)
{
	struct pollfd p = {.fd = in, .events = POLLIN};
	struct timespec start, at;
	bool killed = false;
	struct ack ack;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (;;) {
		clock_gettime(CLOCK_MONOTONIC, &at);
		if (!killed &&
		    (at.tv_sec - start.tv_sec) * 1000 + (at.tv_nsec - start.tv_nsec) / 1000000 >=
			    ms) {
			send_signal(pid, SIGKILL);
			killed = true;
		}
		if (poll(&p, 1, 1) == 0)
			continue;
		if (read(in, &ack, sizeof(ack)) != sizeof(ack))
			break;
		learn(k, &ack);
		now = ack.now;
	}
	ck_assert_msg(killed, "the daemon ended by itself");
	waitpid(pid, NULL, 0);
	return now;
}

/* At most one use may be safe but not reported yet.  It can differ by one address and one host. */
static unsigned differences(struct leasedir *d, const struct known k[256])
{
	unsigned n = 0;

	for (uint32_t i = 0; i < 256; i++) {
		struct lease *l = pool_find4(d->pool, ip4("192.0.2.0") + i);
		struct ip6 host = host_no(k[i].host);

		if (k[i].held)
			n += !l || !ip6_equal(&l->host, &host) || l->last < k[i].last ||
			     l->confirmed != k[i].confirmed;
	}
	return n;
}

START_TEST(kill_at_random)
{
	struct known k[256] = {{0}};
	struct leasedir d;
	int32_t now = 0;
	unsigned rewritten = 0, torn = 0, acked = 0;
	ino_t ino = 0;

	dir_make(&d, 1);
	for (unsigned i = 0; i < 60; i++) {
		int pipes[2];
		pid_t pid;

		ck_assert_int_eq(pipe(pipes), 0);
		random_state += i;
		pid = fork();
		if (pid == 0) {
			close(pipes[0]);
			leave_notes(pipes[1]);
			daemon_run(&d, pipes[1], now);
		}
		close(pipes[1]);
		now = watch(pid, pipes[0], k, now, 5 + (int)random_below(60));
		close(pipes[0]);

		dir_new_pool(&d, "192.0.2.0", 24);
		dir_open(&d);
		dir_load(&d, now + 30, WALL + now + 30);
		ck_assert_msg(d.said == 0 || strstr(d.line[0], "is cut short"), "%s", d.line[0]);
		torn += d.said > 0;
		ck_assert_msg(differences(&d, k) <= 1, "round %u", i);
		acked += (unsigned)pool_used(d.pool);
		dir_crash(&d);
		memset(k, 0, sizeof(k));
		for (struct lease *l = NULL; (l = pool_next(d.pool, l));)
			k[l->addr & 0xff] =
				(struct known){(uint32_t)l->host.b[14] << 8 | l->host.b[15],
					       l->last, true, l->confirmed};
		rewritten += file_ino(&d) != ino;
		ino = file_ino(&d);
		dir_new_pool(&d, "192.0.2.0", 24);
	}
	printf("# kill_at_random: 60 kills, file replaced before %u, torn %u, time %d\n", rewritten,
	       torn, now);
	fflush(stdout);
	ck_assert_uint_gt(acked, 0);
	ck_assert_uint_gt(rewritten, 1);
	dir_remove(&d);
}
END_TEST

/* ---- rewriting ---- */

/* Steps the rewrite to STATE.  The keeper may only answer until then. */
static void step_to(struct leasedir *d, enum lease_rewrite state, int32_t now, int64_t wall)
{
	for (int i = 0; d->f->rewrite != state; i++) {
		leasefile_maintain(d->f, d->pool, d->maps, now, wall);
		if (d->f->rewrite != state)
			usleep(1000);
		ck_assert_int_lt(i, 5000);
	}
}

/* Starts a rewrite and stops it at STATE. */
static void reach(struct leasedir *d, enum lease_rewrite state)
{
	dir_calm(d, NOW, WALL);
	d->f->wanted = true;
	d->f->rewrite_at = NOW;
	if (state == REWRITE_FILLED) { /* it stays in this state if the keeper is busy */
		step_to(d, REWRITE_FILLING, NOW, WALL);
		send_signal(d->f->keeper.pid, SIGSTOP);
		ck_assert(leasesync_ask(&d->f->keeper, LEASE_FILE, LEASESYNC_SYNC, d->f->file.fd));
	}
	step_to(d, state, NOW, WALL);
}

/* Records leases in each state of a rewrite while the keeper hangs; then all processes are killed.
 */
START_TEST(crash_in_each_state)
{
	const enum lease_rewrite state = (enum lease_rewrite)_i;
	struct leasedir d;
	size_t before;

	begin(&d, true, 3000);
	reach(&d, state);
	send_signal(d.f->keeper.pid, SIGSTOP);
	before = file_size(&d, LEASEFILE_NAME);
	add_leases(&d, 2990, 3100, NOW + 1);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	ck_assert_uint_gt(file_size(&d, LEASEFILE_NAME) + file_size(&d, LEASESYNC_NEW), before);
	for (int i = 0; i < 10 && state != REWRITE_FILLING; i++)
		leasefile_maintain(d.f, d.pool, d.maps, NOW + 1, WALL + 1); /* must not block */
	send_signal(d.f->keeper.pid, SIGKILL);
	dir_crash(&d);
	compare(&d, NOW + 2, WALL + 2, "crash");
	dir_remove(&d);
}
END_TEST

/* Records that are not written yet when the keeper answers go to the new file. */
START_TEST(append_while_it_is_renamed)
{
	struct leasedir d;

	begin(&d, true, 3000);
	reach(&d, REWRITE_PUBLISHING);
	add_leases(&d, 3000, 3010, NOW);
	leasesync_wait(&d.f->keeper);
	leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
	ck_assert_int_eq(d.f->rewrite, REWRITE_NONE);
	dir_crash(&d);
	compare(&d, NOW, WALL, "renamed");
	dir_remove(&d);
}
END_TEST

/* The temporary file is removed before it is renamed.  The old file stays in use, and another
 * rewrite succeeds. */
START_TEST(temporary_vanishes)
{
	struct leasedir d;
	char path[128];
	ino_t was;

	begin(&d, true, 3000);
	reach(&d, REWRITE_FILLING);
	was = file_ino(&d);
	dir_name(&d, LEASESYNC_NEW, path);
	ck_assert_int_eq(unlink(path), 0);
	dir_calm(&d, NOW, WALL);
	ck_assert_int_eq(d.f->rewrite, REWRITE_NONE);
	ck_assert_int_eq(leasefile_trouble(d.f), ESTALE);
	ck_assert(file_ino(&d) == was);
	add_leases(&d, 3000, 3100, NOW + 1);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	dir_calm(&d, NOW + 1, WALL + 1);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	ck_assert(file_ino(&d) != was);
	dir_crash(&d);
	compare(&d, NOW + 2, WALL + 2, "temporary removed");
	dir_remove(&d);
}
END_TEST

/* The keeper dies before it sends its answer.  The next one finds out what was done. */
START_TEST(keeper_dies_in_each_state)
{
	const enum lease_rewrite state = (enum lease_rewrite)_i;
	struct leasedir d;
	ino_t ino;

	begin(&d, true, 3000);
	ino = file_ino(&d);
	reach(&d, state);
	if (state == REWRITE_PUBLISHING)
		leasesync_wait(&d.f->keeper);
	send_signal(d.f->keeper.pid, SIGKILL);
	waitpid(d.f->keeper.pid, NULL, 0);
	add_leases(&d, 2990, 3100, NOW + 1);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	for (int32_t t = 1; t < 40; t += 6)
		dir_calm(&d, NOW + t, WALL + t);
	ck_assert(file_ino(&d) != ino);
	ck_assert(!dir_has(&d, LEASESYNC_NEW));
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_crash(&d);
	compare(&d, NOW + 40, WALL + 40, "keeper died");
	dir_remove(&d);
}
END_TEST

/* Records are added between slices, and a crash happens after a random number of slices. */
START_TEST(rewrite_under_load)
{
	struct leasedir d;
	int32_t now = NOW;

	dir_make(&d, 1);
	use_big_pool(&d);
	dir_begin(&d, now, WALL);
	add_leases(&d, 0, 20000, now);
	random_state += (unsigned)_i;
	d.f->wanted = true;
	for (unsigned i = random_below(120); i > 0; i--) {
		uint32_t from = random_below(30000);

		leasefile_maintain(d.f, d.pool, d.maps, now, WALL);
		add_leases(&d, from, from + random_below(50), now);
		leasefile_commit(d.f);
		usleep(100);
	}
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_crash(&d);
	compare(&d, now, WALL, "load");
	dir_remove(&d);
}
END_TEST

static void answer_all(const struct leasedir *d)
{
	for (struct lease *l = NULL; (l = pool_next(d->pool, l));)
		pool_answer(l);
}

START_TEST(log_does_not_grow)
{
	struct leasedir d;
	int32_t now = NOW;

	dir_make(&d, 1);
	dir_begin(&d, now, WALL);
	for (int i = 0; i < 200; i++, now += 20) {
		add_leases(&d, 0, 100, now);
		answer_all(&d);
		ck_assert_int_eq(leasefile_commit(d.f), 0);
		for (int n = 0; n < 4; n++) {
			leasefile_maintain(d.f, d.pool, d.maps, now, WALL + now - NOW);
			if (d.f->keeper.task != LEASESYNC_IDLE)
				leasesync_wait(&d.f->keeper);
		}
		ck_assert_uint_le(file_size(&d, LEASEFILE_NAME), 1500 * 65);
	}
	dir_remove(&d);
}
END_TEST

/* Waits for an error at NOW + 20. */
static void await_trouble(struct leasedir *d, int err)
{
	for (int i = 0; leasefile_trouble(d->f) != err; i++) {
		leasefile_maintain(d->f, d->pool, d->maps, NOW + 20, WALL + 20);
		usleep(1000);
		ck_assert_int_lt(i, 5000);
	}
}

START_TEST(removed_file_comes_back)
{
	struct leasedir d;
	char path[128], other[128];

	begin(&d, false, 10);
	dir_calm(&d, NOW, WALL);
	dir_name(&d, LEASEFILE_NAME, path);
	dir_name(&d, "elsewhere", other);
	ck_assert_int_eq(_i == 0 ? unlink(path) : rename(path, other), 0);
	if (_i == 2)
		dir_put(&d, LEASEFILE_NAME, "", 0);
	add_leases(&d, 10, 11, NOW + 20);
	leasefile_commit(d.f);
	await_trouble(&d, ESTALE);
	ck_assert_str_eq(news(&d), "dynamic.map: was removed or replaced by another program: Stale "
				   "file handle (it is rewritten)");
	dir_calm(&d, NOW + 20, WALL + 20);
	ck_assert_str_eq(news(&d), "dynamic.map: was rewritten under its name");
	dir_crash(&d);
	compare(&d, NOW + 20, WALL + 20, "removed");
	dir_remove(&d);
}
END_TEST

/* ---- the keeper ---- */

static unsigned count_fds(pid_t pid, char comm[32])
{
	char path[64];
	unsigned n = 0;
	struct dirent *e;
	DIR *dir;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	in = fopen(path, "r");
	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(fgets(comm, 32, in));
	fclose(in);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void remove_directory(const struct leasedir *d)
{
	DIR *dir = opendir(d->path);
	struct dirent *e;

	ck_assert_ptr_nonnull(dir);
	while ((e = readdir(dir)))
		unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	ck_assert_int_eq(rmdir(d->path), 0);
}

/* The directory is removed and created again while the daemon runs.  This is detected at once,
 * while the directory is missing, by another keeper, or only at the stop. */
enum {
	MADE_AT_ONCE,
	MADE_LATER,
	KEEPER_REPLACED,
	STOPPED,
	REMOVALS
};

START_TEST(removed_directory_comes_back)
{
	struct leasedir d;
	int32_t t = NOW;

	begin(&d, false, 100);
	dir_calm(&d, NOW, WALL);
	ck_assert_ptr_null(news(&d));
	remove_directory(&d);
	if (_i == MADE_LATER) {
		add_leases(&d, 100, 120, NOW + 1);
		for (; t < NOW + 20; t++)
			dir_calm(&d, t, WALL + t - NOW);
		ck_assert_ptr_nonnull(strstr(news(&d), "was removed or replaced"));
		ck_assert_str_eq(news(&d),
				 "dynamic.map: cannot be rewritten: its directory was removed "
				 "(create it again; with --chroot also restart nat64d)");
	}
	ck_assert_int_eq(mkdir(d.path, 0755), 0);
	add_leases(&d, 120, 150, t);
	if (_i == KEEPER_REPLACED) {
		send_signal(d.f->keeper.pid, SIGKILL);
		waitpid(d.f->keeper.pid, NULL, 0);
	}
	if (_i != STOPPED) {
		for (int32_t end = t + 100; t < end; t++)
			dir_calm(&d, t, WALL + t - NOW);
		while (news(&d))
			;
		ck_assert_int_eq(leasefile_trouble(d.f), 0);
		dir_crash(&d);
		compare(&d, t, WALL + t - NOW, "the daemon is killed");
	} else {
		dir_end(&d, t, WALL + t - NOW);
		compare(&d, t, WALL + t - NOW, "the daemon is stopped");
	}
	ck_assert(dir_has(&d, LEASEFILE_NAME) && !dir_has(&d, LEASESYNC_NEW));
	dir_remove(&d);
}
END_TEST

/* Another daemon has already made a file in the new directory; it is not touched. */
START_TEST(removed_directory_of_another)
{
	struct leasedir d;
	struct leasefile *other;
	char err[256];

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	remove_directory(&d);
	ck_assert_int_eq(mkdir(d.path, 0755), 0);
	other = leasefile_open(d.path, d.path, err, sizeof(err));
	ck_assert_ptr_nonnull(other);
	add_leases(&d, 0, 10, NOW);
	for (int32_t t = NOW; t < NOW + 20; t++)
		dir_calm(&d, t, WALL + t - NOW);
	ck_assert_uint_eq(file_size(&d, LEASEFILE_NAME), 0);
	leasefile_close(other, NULL, d.maps, NOW, WALL);
	for (int32_t t = NOW + 20; t < NOW + 120; t++)
		dir_calm(&d, t, WALL + t - NOW);
	ck_assert_uint_ne(file_size(&d, LEASEFILE_NAME), 0);
	/* it is now locked against other daemons */
	ck_assert_ptr_null(leasefile_open(d.path, d.path, err, sizeof(err)));
	ck_assert_ptr_nonnull(strstr(err, "is in use by another nat64d"));
	dir_remove(&d);
}
END_TEST

START_TEST(keeper_holds_nothing)
{
	struct leasedir d;
	char comm[32] = "";

	begin(&d, false, 1);
	send_signal(d.f->keeper.pid, SIGTERM); /* sent to a whole process group: must not end it */
	send_signal(d.f->keeper.pid, SIGINT);
	dir_calm(&d, NOW, WALL);
	/* socket and directory; it may still be closing a file that it was just sent */
	for (int i = 0; i < 500 && count_fds(d.f->keeper.pid, comm) > 2; i++)
		usleep(10000);
	ck_assert_uint_eq(count_fds(d.f->keeper.pid, comm), 2);
	ck_assert_str_eq(comm, "nat64d-leases\n");
	ck_assert_ptr_null(news(&d));
	dir_end(&d, NOW, WALL);
	dir_remove(&d);
}
END_TEST

START_TEST(keeper_is_replaced)
{
	struct leasedir d;
	pid_t first;

	dir_make(&d, 1);
	dir_begin(&d, NOW, WALL);
	for (int i = 0; i < 2; i++) {
		first = d.f->keeper.pid;
		send_signal(first, SIGKILL);
		waitpid(first, NULL, 0);
		leasefile_maintain(d.f, d.pool, d.maps, NOW + i, WALL);
		ck_assert_str_eq(news(&d), "dynamic.map: the process that syncs it died "
					   "(another one is started)");
		if (i == 1) /* no new one each second */
			ck_assert_int_eq(leasefile_fd(d.f), -1);
		dir_calm(&d, NOW + 5 * i, WALL + 5 * i);
		ck_assert_int_ge(leasefile_fd(d.f), 0);
		ck_assert_int_ne(d.f->keeper.pid, first);
		ck_assert_str_eq(news(&d), "dynamic.map: the process that syncs it works again");
		ck_assert_ptr_null(news(&d));
	}
	send_signal(d.f->keeper.pid, SIGKILL);
	leasesync_wait(&d.f->keeper);
	dir_end(&d, NOW, WALL); /* a clean stop needs one, too */
	dir_open(&d);
	dir_load(&d, NOW, WALL);
	dir_remove(&d);
}
END_TEST

START_TEST(keeper_hangs)
{
	struct leasedir d;

	begin(&d, false, 1);
	dir_calm(&d, NOW, WALL);
	send_signal(d.f->keeper.pid, SIGSTOP);
	add_leases(&d, 0, 1, NOW + 10);
	for (int i = 10; i < 20; i++) {
		leasefile_maintain(d.f, d.pool, d.maps, NOW + i, WALL + i);
		ck_assert_ptr_null(news(&d));
	}
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	leasefile_maintain(d.f, d.pool, d.maps, NOW + 20, WALL + 20);
	ck_assert_str_eq(news(&d),
			 "dynamic.map: the process that syncs it does not answer (does its disk "
			 "hang, or is the process stopped? leases are written, but not synced)");
	ck_assert_int_eq(leasefile_trouble(d.f), ETIME);
	ck_assert_uint_eq(leasefile_errors(d.f), 1);
	leasefile_maintain(d.f, d.pool, d.maps, NOW + 21, WALL + 21);
	ck_assert_ptr_null(news(&d));
	send_signal(d.f->keeper.pid, SIGCONT);
	dir_calm(&d, NOW + 22, WALL + 22);
	ck_assert_str_eq(news(&d), "dynamic.map: the process that syncs it works again");
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_end(&d, NOW + 23, WALL + 23);
	dir_remove(&d);
}
END_TEST

/* A machine that was suspended for an hour had no time for an answer. */
START_TEST(keeper_was_suspended)
{
	struct leasedir d;

	begin(&d, false, 1);
	dir_calm(&d, NOW, WALL);
	send_signal(d.f->keeper.pid, SIGSTOP);
	add_leases(&d, 0, 1, NOW + 10);
	leasefile_maintain(d.f, d.pool, d.maps, NOW + 10, WALL + 10);
	for (int i = 0; i < 20; i++)
		leasefile_maintain(d.f, d.pool, d.maps, NOW + 3610, WALL + 3610);
	ck_assert_ptr_null(news(&d));
	send_signal(d.f->keeper.pid, SIGCONT);
	dir_calm(&d, NOW + 3611, WALL + 3611);
	ck_assert_ptr_null(news(&d));
	dir_end(&d, NOW + 3611, WALL + 3611);
	dir_remove(&d);
}
END_TEST

/* Kills KEEPER as soon as it has created the temporary file. */
static void kill_in_rewrite(const struct leasedir *d, pid_t keeper)
{
	const struct timespec nap = {.tv_nsec = 100000};

	while (!dir_has(d, LEASESYNC_NEW))
		nanosleep(&nap, NULL);
	send_signal(keeper, SIGKILL);
	_exit(0);
}

START_TEST(keeper_dies_in_the_last_rewrite)
{
	struct leasedir d;
	pid_t killer;

	begin(&d, true, 100000); /* many slices, so that it dies while they are written */
	dir_calm(&d, NOW, WALL);
	killer = fork();
	if (killer == 0)
		kill_in_rewrite(&d, d.f->keeper.pid);
	ck_assert_int_gt(killer, 0);
	alarm(20);
	ck_assert_int_eq(leasefile_close(d.f, d.pool, d.maps, NOW + 1, WALL + 1), 0);
	alarm(0);
	waitpid(killer, NULL, 0);
	compare(&d, NOW + 2, WALL + 2, "keeper died in the last rewrite");
	dir_remove(&d);
}
END_TEST

/* ---- the state of the disk at a power cut ---- */

/* The operations requested from the disk, in order, by this process or by the keeper, which shares
 * this page: s(ync of a file), d(ata of a file), D(irectory), r(ename). */
static struct disk {
	char log[256];
	char broken; /* this operation fails with EIO */
	char deadly; /* the process is killed after this operation */
} * disk;

static bool refuses(char what)
{
	if (!disk)
		return false;
	if (strlen(disk->log) < sizeof(disk->log) - 1)
		disk->log[strlen(disk->log)] = what;
	if (disk->deadly == what)
		raise(SIGKILL);
	errno = EIO;
	return disk->broken == what;
}

/* These three replace those of the C library. */
int fsync(int fd)
{
	struct stat st;
	bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);

	return refuses(is_dir ? 'D' : 's') ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return refuses('d') ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return refuses('r') ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

static void watch_disk(struct leasedir *d)
{
	dir_make(d, 1);
	dir_begin(d, NOW, WALL);
	dir_calm(d, NOW, WALL);
	disk = mmap(NULL, sizeof(*disk), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(disk, MAP_FAILED);
	send_signal(d->f->keeper.pid, SIGKILL); /* the next keeper shares DISK */
	waitpid(d->f->keeper.pid, NULL, 0);
	dir_calm(d, NOW, WALL);
	send_signal(d->f->keeper.pid, 0);
	while (news(d))
		;
	memset(disk->log, 0, sizeof(disk->log));
}

/* Records are synced at most once a second, all together. */
START_TEST(records_are_synced)
{
	struct leasedir d;

	watch_disk(&d);
	for (int32_t t = 1; t <= 3; t++) {
		for (uint32_t i = 0; i < 3; i++) {
			add_leases(&d, i, i + 1, NOW + t);
			ck_assert_int_eq(leasefile_commit(d.f), 0);
			dir_calm(&d, NOW + t, WALL + t);
		}
		ck_assert_uint_eq(strlen(disk->log), (size_t)t);
	}
	dir_calm(&d, NOW + 4, WALL + 4); /* records after the last sync */
	dir_calm(&d, NOW + 5, WALL + 5);
	ck_assert_str_eq(disk->log, "dddd");
	dir_remove(&d);
}
END_TEST

/* First the content is synced, then the file is renamed, then its directory is synced. */
START_TEST(rewrite_is_synced_in_order)
{
	struct leasedir d;

	watch_disk(&d);
	add_leases(&d, 0, 10, NOW);
	d.f->wanted = true;
	dir_calm(&d, NOW + 20, WALL + 20);
	ck_assert_ptr_nonnull(strstr(disk->log, "srD"));
	dir_end(&d, NOW + 30, WALL + 30);
	ck_assert_str_eq(disk->log + strlen(disk->log) - 3, "srD");
	dir_remove(&d);
}
END_TEST

/* The keeper dies before the content is synced, before the rename, or after it but before the
 * answer.  Records of that time must be in the file that has the name. */
START_TEST(keeper_dies_while_it_renames)
{
	struct leasedir d;
	pid_t keeper;

	watch_disk(&d);
	add_leases(&d, 0, 10, NOW + 20);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	keeper = d.f->keeper.pid;
	disk->deadly = "srD"[_i];
	d.f->wanted = true;
	for (int i = 0; d.f->keeper.pid == keeper; i++) {
		leasefile_maintain(d.f, d.pool, d.maps, NOW + 20, WALL + 20);
		usleep(1000);
		ck_assert_int_lt(i, 5000);
	}
	disk->deadly = '\0';
	add_leases(&d, 10, 20, NOW + 20);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	dir_crash(&d);
	compare(&d, NOW + 20, WALL + 20, "the keeper died");
	dir_remove(&d);
}
END_TEST

/* The operation that the disk refuses, the message before and after the error, and the message when
 * it works again. */
static const struct {
	char broken;
	const char *bad, *after, *good;
} refusals[] = {
	{'d', "cannot be synced to its disk", "it is rewritten", "is synced again"},
	{'s', "cannot be rewritten", "the old file stays in use; retrying later", "was rewritten"},
	{'r', "cannot be rewritten", "the old file stays in use; retrying later", "was rewritten"},
	{'D', "cannot be synced to its disk", "it is rewritten", "is synced again"},
};

START_TEST(disk_refuses)
{
	struct leasedir d;
	char want[128];
	ino_t was;

	watch_disk(&d);
	was = file_ino(&d);
	add_leases(&d, 0, 10, NOW + 20);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	disk->broken = refusals[_i].broken;
	d.f->wanted = refusals[_i].broken != 'd';
	await_trouble(&d, EIO);
	snprintf(want, sizeof(want), "dynamic.map: %s: %s (%s)", refusals[_i].bad, strerror(EIO),
		 refusals[_i].after);
	ck_assert_str_eq(news(&d), want);
	ck_assert_uint_ge(leasefile_errors(d.f), 1);
	disk->broken = '\0';
	for (int32_t t = 20; t < 60; t += 10)
		dir_calm(&d, NOW + t, WALL + t);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	snprintf(want, sizeof(want), "dynamic.map: %s", refusals[_i].good);
	ck_assert_str_eq(news(&d), want);
	ck_assert(file_ino(&d) != was);
	ck_assert(!dir_has(&d, LEASESYNC_NEW));
	dir_crash(&d);
	compare(&d, NOW + 60, WALL + 60, "the disk refused");
	dir_remove(&d);
}
END_TEST

/* ---- no space ---- */

/* Check writes to a file as well and must not hit the limit.  Therefore there must be no assertion
 * while a limit is set. */
static void limit_size(rlim_t to)
{
	struct rlimit r = {0};

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = to;
	setrlimit(RLIMIT_FSIZE, &r);
}

static int limited_commit(struct leasedir *d, size_t limit, int *err)
{
	int rc;

	limit_size(limit);
	rc = leasefile_commit(d->f);
	*err = errno;
	limit_size(RLIM_INFINITY);
	return rc;
}

static void limited_maintain(struct leasedir *d, size_t limit, int32_t now, int64_t wall)
{
	limit_size(limit);
	leasefile_maintain(d->f, d->pool, d->maps, now, wall);
	limit_size(RLIM_INFINITY);
	usleep(500);
}

/* The disk becomes full in the middle of a line; later there is space again. */
START_TEST(full_disk)
{
	struct leasedir d;
	unsigned failed = 0;
	size_t limit;
	int err;

	begin(&d, false, 10);
	limit = file_size(&d, LEASEFILE_NAME) + 60 + (unsigned)_i;
	for (uint32_t i = 10; i < 50; i++) {
		add_leases(&d, i, i + 1, NOW);
		if (limited_commit(&d, limit, &err) < 0) {
			failed++; /* only once, when the error begins */
			ck_assert_int_eq(err, EFBIG);
		}
	}
	ck_assert_uint_eq(failed, 1);
	ck_assert_uint_eq(file_size(&d, LEASEFILE_NAME), limit);
	ck_assert_str_eq(news(&d), "dynamic.map: cannot be written: File too large "
				   "(leases stay in memory and are written later)");
	limited_maintain(&d, limit, NOW + 2, WALL + 2);
	ck_assert_ptr_null(news(&d));
	ck_assert_int_eq(leasefile_trouble(d.f), EFBIG);
	ck_assert_uint_eq(leasefile_errors(d.f),
			  2); /* attempts are spaced out, not one for each lease */
	ck_assert_int_eq(leasefile_written(d.f), WALL);
	leasefile_maintain(d.f, d.pool, d.maps, NOW + 40, WALL + 40);
	ck_assert_uint_eq(leasefile_errors(d.f), 2);
	ck_assert_int_eq(leasefile_written(d.f), WALL + 40);
	ck_assert_str_eq(news(&d), "dynamic.map: is written again, every lease is on record");
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_crash(&d);
	compare(&d, NOW + 40, WALL + 40, "full");
	dir_remove(&d);
}
END_TEST

/* After a crash, the new file may have the name; it is longer by a header.  It must contain the
 * record, too. */
START_TEST(full_disk_while_it_is_renamed)
{
	struct leasedir d;
	struct stat st;
	int err;

	begin(&d, true, 3000);
	reach(&d, REWRITE_PUBLISHING);
	ck_assert_int_eq(fstat(d.f->temp.fd, &st), 0);
	add_leases(&d, 3000, 3001, NOW);
	ck_assert_int_eq(limited_commit(&d, (size_t)st.st_size, &err), -1);
	ck_assert_int_eq(err, EFBIG);
	if (_i)
		usleep(200000); /* the keeper has answered before the next attempt to write */
	dir_calm(&d, NOW + 40, WALL + 40);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_crash(&d);
	compare(&d, NOW + 40, WALL + 40, "full while it is renamed");
	dir_remove(&d);
}
END_TEST

/* More records than fit into the buffer: a rewrite must save them. */
START_TEST(full_disk_for_long)
{
	struct leasedir d;
	int32_t now = NOW;
	int err;

	begin(&d, true, 10);
	for (uint32_t i = 10; i < 10000; i += 10) {
		add_leases(&d, i, i + 10, now);
		limited_commit(&d, 1000, &err);
		if (i % 100 != 0)
			continue;
		now++;
		limited_maintain(&d, 1000, now, WALL + now - NOW);
		ck_assert_uint_le(file_size(&d, LEASEFILE_NAME), 1000);
	}
	ck_assert_int_eq(leasefile_trouble(d.f), EFBIG);
	ck_assert(d.f->wanted || d.f->rewrite != REWRITE_NONE);
	ck_assert_uint_le(file_size(&d, LEASEFILE_NAME), 1000);
	now += 100;
	dir_calm(&d, now, WALL + now - NOW);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	ck_assert(!dir_has(&d, LEASESYNC_NEW));
	dir_crash(&d);
	compare(&d, now, WALL + now - NOW, "full for long");
	dir_remove(&d);
}
END_TEST

START_TEST(full_disk_at_the_end)
{
	struct leasedir d;
	int rc, err;

	begin(&d, false, 50);
	limit_size(500);
	rc = leasefile_close(d.f, d.pool, d.maps, NOW, WALL);
	err = errno;
	limit_size(RLIM_INFINITY);
	ck_assert_int_eq(rc, -1);
	ck_assert(err == EFBIG || err == ENOSPC);
	compare(&d, NOW, WALL, "stop on a full disk");
	dir_remove(&d);
}
END_TEST

START_TEST(full_file_system)
{
	static const char block[4096];
	struct leasedir d;
	char path[128];
	int32_t now = NOW;
	int fd;

	dir_make(&d, 1);
	ck_assert(machine_mount(d.path, "size=128k,mode=755"));
	use_big_pool(&d);
	dir_begin(&d, now, WALL);
	add_leases(&d, 0, 10, now);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	dir_name(&d, "filler", path);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	close(fd);
	for (uint32_t i = 10; i < 300; i++) {
		add_leases(&d, i, i + 1, now);
		leasefile_commit(d.f);
	}
	ck_assert_int_eq(leasefile_trouble(d.f), ENOSPC);
	d.f->wanted = true;
	dir_calm(&d, now, WALL); /* the rewrite fails, too, and leaves no file behind */
	ck_assert(!dir_has(&d, LEASESYNC_NEW));
	unlink(path);
	now += 100;
	dir_calm(&d, now, WALL + 100);
	ck_assert_int_eq(leasefile_trouble(d.f), 0);
	dir_crash(&d);
	compare(&d, now, WALL + 100, "tmpfs");
	umount2(d.path, MNT_DETACH);
	dir_remove(&d);
}
END_TEST

/* ---- clocks ---- */

/* A machine without a clock starts in 1970, or with a wrong time in the future.  Then the clock is
 * set. */
static const struct {
	const char *name;
	int64_t first, then;
} steps[] = {
	{"1970 to now", 5, WALL},
	{"now to 1970", WALL, 5},
	{"two hours on", WALL, WALL + 7200},
	{"two hours back", WALL, WALL - 7200},
};

START_TEST(clock_is_set)
{
	struct leasedir d;

	dir_make(&d, 1);
	dir_begin(&d, NOW, steps[_i].first);
	add_leases(&d, 0, 20, NOW);
	ck_assert_int_eq(leasefile_commit(d.f), 0);
	dir_calm(&d, NOW, steps[_i].first);
	dir_calm(&d, NOW + 60, steps[_i].then);
	dir_crash(&d);
	compare(&d, NOW + 90, steps[_i].then + 30, steps[_i].name);
	dir_remove(&d);
}
END_TEST

/* ---- figures ---- */

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_million(const struct leasedir *d, uint32_t n, bool unconfirmed)
{
	char path[128], line[LEASETEXT_RECORD];
	FILE *out;

	dir_name(d, LEASEFILE_NAME, path);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	for (uint32_t i = 1; i <= n; i++) {
		struct leasetext t = {.addr = ip4(BIG) + i,
				      .host = host_no(i),
				      .when = WALL - i % 100000,
				      .since = WALL - i % 100000 - 5,
				      .unconfirmed = unconfirmed};
		size_t len = leasetext_format(line, &t);

		ck_assert_uint_eq(fwrite(line, 1, len, out), len);
	}
	ck_assert_int_eq(fclose(out), 0);
}

START_TEST(a_million_leases)
{
	const uint32_t n = 1000000;
	double start, begun, load, cpu, longest = 0, slice;
	unsigned slices = 0;
	struct pool_range range;
	struct leasedir d;

	dir_make(&d, 1);
	dir_new_pool(&d, BIG, 12);
	write_million(&d, n, _i == 1);
	dir_open(&d);
	begun = seconds(CLOCK_MONOTONIC);
	start = seconds(CLOCK_PROCESS_CPUTIME_ID);
	dir_load(&d, NOW, WALL);
	load = seconds(CLOCK_MONOTONIC) - begun;
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
	ck_assert_uint_eq(pool_used(d.pool), n);
	pool_range(d.pool, 0, &range);
	ck_assert_uint_eq(range.confirmed, _i == 0 ? n : 0);
	ck_assert_int_eq(leasefile_start(d.f), 0);
	d.f->wanted = true;
	do {
		start = seconds(CLOCK_PROCESS_CPUTIME_ID);
		leasefile_maintain(d.f, d.pool, d.maps, NOW, WALL);
		slice = seconds(CLOCK_PROCESS_CPUTIME_ID) - start;
		longest = slice > longest ? slice : longest;
		slices += d.f->rewrite == REWRITE_FILLING;
		if (d.f->rewrite != REWRITE_FILLING && d.f->keeper.task != LEASESYNC_IDLE)
			leasesync_wait(&d.f->keeper);
	} while (d.f->rewrite != REWRITE_NONE || slices == 0);
	printf("# a million %s leases: loaded in %.2f s (CPU %.2f s), rewritten in %u slices, the "
	       "longest "
	       "%.2f ms\n",
	       _i == 0 ? "confirmed" : "unconfirmed", load, cpu, slices, longest * 1e3);
	fflush(stdout);
	ck_assert(cpu < 30);
	ck_assert(longest < 0.25);
	dir_remove(&d);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("leasecrash");
	TCase *t = tcase_create("crash");

	tcase_set_timeout(t, 180);
	tcase_add_test(t, kill_at_random);
	tcase_add_loop_test(t, crash_in_each_state, REWRITE_OPENING, REWRITE_PUBLISHING + 1);
	tcase_add_loop_test(t, keeper_dies_in_each_state, REWRITE_OPENING, REWRITE_PUBLISHING + 1);
	tcase_add_test(t, append_while_it_is_renamed);
	tcase_add_test(t, temporary_vanishes);
	tcase_add_loop_test(t, rewrite_under_load, 0, SHORTENED(20));
	tcase_add_test(t, log_does_not_grow);
	tcase_add_loop_test(t, removed_file_comes_back, 0, 3);
	tcase_add_loop_test(t, removed_directory_comes_back, 0, REMOVALS);
	tcase_add_test(t, removed_directory_of_another);
	tcase_add_test(t, keeper_holds_nothing);
	tcase_add_test(t, keeper_is_replaced);
	tcase_add_test(t, keeper_hangs);
	tcase_add_test(t, keeper_was_suspended);
	tcase_add_test(t, keeper_dies_in_the_last_rewrite);
	tcase_add_test(t, records_are_synced);
	tcase_add_test(t, rewrite_is_synced_in_order);
	tcase_add_loop_test(t, keeper_dies_while_it_renames, 0, 3);
	tcase_add_loop_test(t, disk_refuses, 0, ROWS(refusals));
	tcase_add_loop_test(t, full_disk, 0, SHORTENED(50));
	tcase_add_loop_test(t, full_disk_while_it_is_renamed, 0, 2);
	tcase_add_test(t, full_disk_for_long);
	tcase_add_test(t, full_disk_at_the_end);
	if (machine_may(machine_mounts))
		tcase_add_test(t, full_file_system);
	else
		LEAVE_OUT(s, "full_file_system", "no file system can be mounted: needs root");
	tcase_add_loop_test(t, clock_is_set, 0, ROWS(steps));
	tcase_add_loop_test(t, a_million_leases, 0, 2);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
