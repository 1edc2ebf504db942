/* check_crashpoints - each call that src/lease makes for its files fails once, in each way, or is
 * the last one before a process is killed or the power fails.  After each, a daemon starts on what
 * is left. */
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/lease/leaselogstate.h"
#include "conf/conf.h"
#include "crash.h"
#include "support/leasedir.h"

#define MOST   1024 /* changes of leases in a run */
#define ROUNDS 200
#define PART   400 /* bytes of a file of the history: four lines */
#define STEP   97  /* tests one point of so many; CRASH_STEP=1 in the environment: all */
#define AGAIN  30  /* seconds from the end of a run to the next start */

/* Numbers of crash.h that say what was promised at a time. */
enum promise {
	MADE,       /* changes of leases that have begun */
	WRITTEN,    /* so many of them survive kill -9 */
	SYNCED,     /* so many of them survive a power cut */
	EVENTS,     /* events of the history that survive kill -9 of the daemon or the keeper */
	OLD_EVENTS, /* events that survive a power cut */
	PINS,       /* pinned.map */
};
enum {
	PINS_OLD,
	PINS_ASKED,
	PINS_NEW
};

static const char *const pins_text[] = {"# old\n", "# new: 192.0.2.200 2001:db8::200\n"};

/* A lease as it is from now on; HOST 0: the address has none. */
struct change {
	uint32_t addr, host;
	int32_t last;
	bool confirmed;
};

/* Shared by the processes of a run. */
static struct told {
	struct change change[MOST];
	unsigned end;   /* number of calls before the clean end */
	unsigned start; /* number of calls until the start was complete; 0: it failed */
	unsigned bad;   /* lines about trouble */
	int32_t t;      /* seconds since the beginning */
	bool recovered; /* everything is on disk at that time, after a failure */
	bool clean;     /* the clean end was successful */
	bool has_key;   /* the secret is on disk */
	struct siphash_key key;
	char path[64];  /* of the directory */
	char when[256]; /* what has happened */
} * told;

struct scene {
	struct leasedir d;
	struct leaselog *log;
	unsigned events;
	bool damaged; /* the file at the start was damaged */
};

/* --- the state at the start ----------------------------------------------------------------- */

static struct lease_event event_no(uint32_t i, int64_t at)
{
	return (struct lease_event){.at = at,
				    .since = at - 100,
				    .packets = i,
				    .bytes = 100 * (uint64_t)i,
				    .host = {{0x20, 1, 0xd, 0xb8}},
				    .prefix = {{{0, 0x64, 0xff, 0x9b}}, 96},
				    .addr = 0xc0000207,
				    .cause = LEASE_IDLE};
}

static void change(uint32_t addr, uint32_t host, int32_t last, bool confirmed)
{
	if (crash->promise[MADE] == MOST)
		abort();
	told->change[crash->promise[MADE]++] = (struct change){addr, host, last, confirmed};
}

static const char damage[] = "192.0.2.12\t2001:db8::\xff\t12345\n";

static void put_leases(const struct leasedir *d, bool damaged)
{
	char text[2048];
	size_t n = 0;

	for (uint32_t i = 1; i <= 6; i++) {
		const struct leasetext t = {.addr = 0xc000020a + i,
					    .host = host_no(i),
					    .when = WALL - 100,
					    .since = WALL - 5000,
					    .unconfirmed = i % 2};

		if (damaged && i == 4)
			n += (size_t)sprintf(text + n, "%s", damage);
		n += leasetext_format(text + n, &t);
		change(t.addr, i, NOW - 100, !t.unconfirmed);
	}
	if (damaged)
		n += (size_t)sprintf(text + n, "# since 123");
	else
		n += (size_t)sprintf(text + n, LEASE_CLEAN "\n");
	dir_put(d, LEASEFILE_NAME, text, n);
}

static void put_history(struct scene *s)
{
	char text[8 * LEASEEVENT_MAX];
	size_t n = 0;

	for (; s->events < 3; s->events++) {
		struct lease_event e = event_no(s->events, WALL - 100);

		n += leaseevent_format(text + n, &e);
	}
	if (s->damaged)
		n += (size_t)sprintf(text + n, "2023-11-14T22:13:20Z ended");
	dir_put(&s->d, LEASELOG_NAME, text, n);
}

static void put_all(struct scene *s, bool damaged)
{
	memset(s, 0, sizeof(*s));
	memset(told, 0, sizeof(*told));
	s->damaged = damaged;
	dir_make(&s->d, 2);
	strcpy(told->path, s->d.path);
	crash_begin(0, CRASH_NONE);
	put_leases(&s->d, damaged);
	put_history(s);
	dir_put(&s->d, CONF_PINS, pins_text[0], strlen(pins_text[0]));
	if (damaged)
		dir_put(&s->d, LEASESYNC_NEW, "# half", 6);
	crash->promise[WRITTEN] = crash->promise[SYNCED] = crash->promise[MADE];
	crash->promise[EVENTS] = crash->promise[OLD_EVENTS] = s->events;
}

/* --- the run -------------------------------------------------------------------------------- */

static int32_t now(void)
{
	return NOW + told->t;
}

static int64_t wall(void)
{
	return WALL + told->t;
}

static void set_time(int32_t t)
{
	told->t = t;
	crash->ms = 1000000 + (int64_t)t * 1000;
	crash->wall = WALL + t;
}

static void take_news(struct scene *s)
{
	const char *line;
	bool bad;

	while ((line = leasefile_news(s->d.f, &bad)))
		told->bad += bad;
	while ((line = leaselog_news(s->log, &bad))) {
		told->bad += bad;
		if (strstr(line, "events were lost"))
			crash_fail("%s", line);
	}
}

static void promise(struct scene *s)
{
	const struct leasefile *f = s->d.f;

	if (leasefile_trouble(f) == 0 && f->len == 0) {
		crash->promise[WRITTEN] = crash->promise[MADE];
		if (!f->dirty && f->keeper.task == LEASESYNC_IDLE && f->keeper.fd >= 0)
			crash->promise[SYNCED] = crash->promise[MADE];
	}
	take_news(s);
}

/* As the daemon does after a burst. */
static void commit(struct scene *s)
{
	leaselog_hand_over(s->log);
	crash->promise[EVENTS] = s->events;
	if (leasefile_commit(s->d.f) == 0 && !s->d.f->trouble[TROUBLE_WRITE] && s->d.f->len == 0)
		crash->promise[WRITTEN] = crash->promise[MADE];
	leaselog_commit(s->log);
	crash_grant();
}

static void calm(struct scene *s)
{
	unsigned quiet = 0;

	for (unsigned i = 0; quiet < 3; i++) {
		int ms = leasefile_maintain(s->d.f, s->d.pool, s->d.maps, now(), wall());
		bool busy = s->d.f->keeper.task != LEASESYNC_IDLE;

		crash_grant();
		quiet = busy || ms == 0 ? 0 : quiet + 1;
		if (i == ROUNDS) {
			crash_fail("it never has nothing to do");
			return;
		}
	}
	promise(s);
}

/* Lets so many seconds pass, in two steps. */
static void pass(struct scene *s, int32_t seconds)
{
	for (int i = 0; i < 2; i++) {
		set_time(told->t + (i == 0 ? 1 : seconds - 1));
		leaselog_commit(s->log);
		calm(s);
		if (seconds > 1)
			crash->promise[OLD_EVENTS] =
				3 + (unsigned)SHARED_GET(&s->log->shared->synced);
	}
}

static void put_event(struct scene *s)
{
	struct lease_event e = event_no(s->events++, wall());

	leaselog_put(s->log, &e);
}

/* Assigns an address to host I, or uses its lease. */
static void use(struct scene *s, uint32_t i)
{
	struct ip6 host = host_no(i);
	struct lease *l = pool_find6(s->d.pool, &host, 0);

	if (!l) {
		l = pool_assign(s->d.pool, &host, 0, now());
		if (!l) {
			crash_fail("host %u gets no lease", i);
			return;
		}
		put_event(s);
	}
	pool_touch(s->d.pool, l, now());
	if (!pool_outdated(l, now()))
		return;
	change(l->addr, i, now(), l->confirmed);
	leasefile_append(s->d.f, l, now());
	commit(s);
}

static void answer(struct scene *s, uint32_t i)
{
	struct ip6 host = host_no(i);

	pool_answer(pool_find6(s->d.pool, &host, 0));
	use(s, i);
}

static void release(struct scene *s, uint32_t i)
{
	struct ip6 host = host_no(i);
	struct lease *l = pool_find6(s->d.pool, &host, 0);

	change(l->addr, 0, 0, false);
	put_event(s);
	leasefile_append_end(s->d.f, l, now());
	pool_end(s->d.pool, l);
	commit(s);
}

/* Rewrites the file, and uses leases in between. */
static void rewrite(struct scene *s, uint32_t from)
{
	s->d.f->wanted = true;
	for (uint32_t i = from; i < from + 5; i++) {
		leasefile_maintain(s->d.f, s->d.pool, s->d.maps, now(), wall());
		use(s, i);
	}
	calm(s);
}

/* A reload moves the leases to another pool, and changes the prefixes if N is not 0. */
static void reload(struct scene *s, unsigned n)
{
	struct pool *to = pool_of("192.0.2.0", 24);
	const struct lease *l;
	size_t cursor = 0;

	while ((l = pool_walk(s->d.pool, &cursor)))
		pool_move(to, l, l->prefix);
	pool_sort(to);
	pool_free(s->d.pool);
	s->d.pool = to;
	if (n > 0) {
		map_table_free(s->d.maps);
		s->d.maps = prefixes_of(n);
	}
	leasefile_maintain(s->d.f, s->d.pool, s->d.maps, now(), wall());
}

/* Pins the lease of host I: it is a map from the time when pinned.map is on disk. */
static void pin(struct scene *s, uint32_t i)
{
	struct ip6 host = host_no(i);
	int err = 0;

	if (crash->promise[PINS] == PINS_OLD)
		crash->promise[PINS] = PINS_ASKED;
	if (!leasefile_put(s->d.f, LEASE_PINS, strdup(pins_text[1]), strlen(pins_text[1]))) {
		crash_fail("pins are not accepted");
		return;
	}
	for (int32_t k = 0; k < 3 && !leasefile_put_done(s->d.f, LEASE_PINS, &err); k++) {
		calm(s);
		if (leasefile_put_done(s->d.f, LEASE_PINS, &err))
			break;
		err = EBUSY;
		pass(s, 6); /* the keeper is being replaced */
	}
	if (err == EBUSY)
		crash_fail("pins are not done");
	if (err)
		return;
	crash->promise[PINS] = PINS_NEW;
	if (pool_find6(s->d.pool, &host, 0))
		release(s, i);
}

static void note_said(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

static void note_ended(void *arg, const struct lease *l)
{
	(void)arg;
	crash_fail("lease of %08x ended at the start", l->addr);
}

static void note_no_key(void *arg, const char *line)
{
	(void)line;
	*(bool *)arg = false;
}

static void open_key(struct leasefile *f)
{
	struct siphash_key key = {11, 22};
	bool good = true;

	leasefile_key(f, LEASEFILE_KEY, &key, note_no_key, &good);
	told->key = key;
	told->has_key = good;
}

/* Returns true if the daemon has started. */
static bool start(struct scene *s)
{
	const struct ip6 own = ip6(OWN6);
	char err[LEASEFILE_ERR] = "";

	s->d.f = leasefile_open(s->d.path, s->d.path, err, sizeof(err));
	if (!s->d.f)
		return strlen(err) > 0 ? false : crash_fail("it does not start without a message");
	open_key(s->d.f);
	s->log = leaselog_new(s->d.path);
	leasefile_set_log(s->d.f, s->log);
	leaselog_use(s->log, 30, PART * 16);
	return leasefile_load(s->d.f, s->d.pool, s->d.maps, &own, now(), wall(), note_said,
			      note_ended, s) == 0 &&
	       leasefile_start(s->d.f) == 0;
}

static void end(struct scene *s)
{
	leaselog_commit(s->log);
	told->clean = leasefile_close(s->d.f, s->d.pool, s->d.maps, now(), wall()) == 0;
	s->d.f = NULL;
	if (told->clean)
		crash->promise[WRITTEN] = crash->promise[SYNCED] = crash->promise[MADE];
	leaselog_free(s->log);
}

static void work(struct scene *s)
{
	for (uint32_t i = 3; i < 10; i++)
		use(s, i);
	pass(s, 2);
	answer(s, 8);
	pass(s, 601);
	for (uint32_t i = 5; i < 9; i++)
		use(s, i);
	release(s, 3);
	pass(s, 12);
	rewrite(s, 7);
	use(s, 3);
	pass(s, 12);
	pin(s, 9);
	reload(s, 0);
	pass(s, 12);
	s->d.f->wanted = true;
	while (s->d.f->rewrite == REWRITE_NONE || s->d.f->rewrite == REWRITE_OPENING) {
		uint32_t before = crash->calls;

		leasefile_maintain(s->d.f, s->d.pool, s->d.maps, now(), wall());
		crash_grant();
		if (crash->calls == before)
			break;
	}
	reload(s, s->damaged ? 2 : 1); /* while the new file is being written */
	for (uint32_t i = 20; i < 24; i++)
		use(s, i);
	pass(s, 2);
	release(s, 20);
	for (uint32_t i = 30; i < 50; i++)
		use(s, i);
}

/* Everything is on disk some time after the last failure. */
static void recover(struct scene *s)
{
	crash_heal();
	pass(s, 40);
	pass(s, 70);
	pass(s, 70);
	if (crash->promise[PINS] != PINS_NEW)
		pin(s, 9);
	pass(s, 12);
	if (crash->promise[PINS] != PINS_NEW)
		crash_fail("nothing can be pinned");
	else if (leasefile_trouble(s->d.f) != 0)
		crash_fail("still in trouble: %s", strerror(leasefile_trouble(s->d.f)));
	else if (s->log->shared->err)
		crash_fail("history still in trouble: %s", strerror(s->log->shared->err));
	else if (crash->promise[SYNCED] != crash->promise[MADE])
		crash_fail("synced %u of %u changes", crash->promise[SYNCED], crash->promise[MADE]);
	else if (crash->promise[OLD_EVENTS] != s->events)
		crash_fail("synced %u of %u events", crash->promise[OLD_EVENTS], s->events);
	told->recovered = true;
}

/* The daemon, in a process of its own unless nothing is killed. */
static void run(struct scene *s, unsigned at, enum crash_kind kind)
{
	unsigned now_promised[CRASH_PROMISES];

	memcpy(now_promised, crash->promise, sizeof(now_promised));
	crash_begin(at, kind);
	memcpy(crash->promise, now_promised, sizeof(now_promised));
	set_time(0);
	if (!start(s)) {
		if (at == 0)
			crash_fail("it does not start");
		crash_heal();
		leasefile_close(s->d.f, NULL, NULL, 0, 0);
		leaselog_free(s->log);
		return;
	}
	told->start = crash->calls;
	work(s);
	if (at <= crash->calls && kind != CRASH_NONE)
		recover(s);
	told->end = crash->calls;
	end(s);
}

/* As in check_leasecrash.c: a child must not write the notes of Check. */
static void leave_notes(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
		if (fd != null && fcntl(fd, F_GETFD) >= 0)
			dup2(null, fd);
}

/* A keeper that outlives its daemon is a child of this process then.  Returns false in an emulator
 * that does not know this. */
static bool adopt_keepers(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
}

/* Waits until a keeper that is no child of this process has made its last call. */
static void await_keeper(void)
{
	for (int i = 0; i < 20000 && !crash_keeper_ended(); i++)
		usleep(1000);
}

static void run_apart(struct scene *s, unsigned at, enum crash_kind kind)
{
	bool adopted = adopt_keepers();
	int status;
	pid_t pid, other;

	pid = fork();
	if (pid == 0) {
		leave_notes();
		alarm(20);
		run(s, at, kind);
		_exit(0);
	}
	ck_assert_int_gt(pid, 1);
	while ((other = waitpid(-1, &status, 0)) > 0)
		if (other == pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 0) &&
		    !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && crash->hit))
			crash_fail("the daemon ended with status %#x", (unsigned)status);
	if (!adopted)
		await_keeper();
}

/* --- what is left --------------------------------------------------------------------------- */

/* Ends the process of this point if it is not GOOD. */
__attribute__((format(printf, 2, 3))) static void must(bool good, const char *fmt, ...)
{
	va_list ap;

	if (good)
		return;
	printf("# %s: ", told->when);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

static bool is_lease(const struct change *c, const struct lease *l)
{
	struct ip6 host = host_no(c->host);

	if (!l || c->host == 0)
		return !l && c->host == 0;
	return ip6_equal(&l->host, &host) && l->prefix == 0 && l->last >= c->last &&
	       l->confirmed == c->confirmed;
}

/* The lease L of ADDR must be that of the last of the first SAFE changes, or of a later one. */
static void must_be_promised(uint32_t addr, const struct lease *l, unsigned safe)
{
	struct change last = {.addr = addr};

	for (unsigned i = 0; i < crash->promise[MADE]; i++) {
		if (told->change[i].addr != addr)
			continue;
		if (i >= safe && is_lease(&told->change[i], l))
			return;
		if (i < safe)
			last = told->change[i];
	}
	must(is_lease(&last, l),
	     "the lease of %08x (host %u, %d, %sconfirmed) is %s (%d, %sconfirmed)", addr,
	     last.host, last.last, last.confirmed ? "" : "not ", l ? "another one" : "lost",
	     l ? l->last : 0, l && l->confirmed ? "" : "not ");
}

static void must_be_all_promised(const struct pool *p, unsigned safe)
{
	for (uint32_t addr = 0xc0000200; addr < 0xc0000300; addr++)
		must_be_promised(addr, pool_find4(p, addr), safe);
}

/* Checks the lines of the history: there are all events from the first one to SAFE - 1, no event
 * is there twice or before an older one; if ALL is set, there are no gaps.  Returns the number
 * after the last event. */
static unsigned must_have_events(const struct leasedir *d, unsigned safe, bool all)
{
	int64_t next = -1;
	char name[32];

	for (unsigned i = 64; i-- > 0;) {
		struct lease_event e;
		char *text, *end;

		snprintf(name, sizeof(name), i ? LEASELOG_NAME ".%u" : LEASELOG_NAME, i);
		if (!dir_has(d, name))
			continue;
		text = dir_get(d, name);
		for (char *p = text; (end = strchr(p, '\n')); p = end + 1) {
			if (!leaseevent_parse(p, (size_t)(end - p), &e)) {
				must(!all, "%s: %.*s", name, (int)(end - p), p);
				continue;
			}
			must(next < 0 || (int64_t)e.packets == next ||
				     (!all && (int64_t)e.packets > next && next >= (int64_t)safe),
			     "%s: event %u follows %lld, %u are safe", name, (unsigned)e.packets,
			     (long long)next - 1, safe);
			next = (int64_t)e.packets + 1;
		}
		must(!all || *strrchr(text, '\n') == '\n', "%s", name);
		free(text);
	}
	must(next >= (int64_t)safe, "the last event is %lld of %u", (long long)next - 1, safe);
	return (unsigned)next;
}

static void must_have_pins(const struct leasedir *d)
{
	char *text = dir_get(d, CONF_PINS);
	unsigned p = crash->promise[PINS];

	must((p != PINS_NEW && strcmp(text, pins_text[0]) == 0) ||
		     (p != PINS_OLD && strcmp(text, pins_text[1]) == 0),
	     "pinned.map, %u: %s", p, text);
	free(text);
}

/* A damaged file is not replaced before it is kept under another name. */
static void must_have_original(const struct leasedir *d)
{
	const char *const names[] = {LEASEFILE_NAME, LEASEFILE_NAME ".bad-1",
				     LEASEFILE_NAME ".bad-2"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *text = dir_has(d, names[i]) ? dir_get(d, names[i]) : NULL;
		bool found = text && strstr(text, damage);

		free(text);
		if (found)
			return;
	}
	must(false, "the damaged file is lost");
}

static void fail_said(void *arg, const char *line)
{
	(void)arg;
	must(false, "%s", line);
}

/* The next daemon starts, works and ends, and so does the one after it.  SAFE changes of leases and
 * EVENTS events must be there.  TORN: lines may be incomplete. */
static void start_again(struct scene *s, unsigned safe, unsigned events, bool torn)
{
	const unsigned changes = crash->promise[MADE], pins = crash->promise[PINS];
	struct siphash_key key = {33, 44};
	struct leasedir *d = &s->d;
	struct leaselog *log = leaselog_new(d->path);
	struct ip6 host = host_no(77);
	unsigned next;
	struct lease *l;

	crash_begin(0, CRASH_NONE);
	crash->promise[MADE] = changes;
	crash->promise[PINS] = pins;
	set_time(told->t + AGAIN);
	dir_new_pool(d, "192.0.2.0", 24);
	map_table_free(d->maps);
	d->maps = prefixes_of(2);
	dir_open(d);
	leasefile_key(d->f, LEASEFILE_KEY, &key, fail_said, NULL);
	must(!told->has_key || (key.k0 == told->key.k0 && key.k1 == told->key.k1),
	     "the key is lost");
	leasefile_set_log(d->f, log);
	leaselog_use(log, 30, PART * 16);
	dir_load(d, now(), wall());
	must(torn || s->damaged || d->said == 0, "%s", d->line[0]);
	must(d->expired == 0, "%u leases ended", d->expired);
	if (d->said > 0)
		must(dir_has(d, LEASEFILE_NAME ".bad-1"), "%s", d->line[0]);
	must_be_all_promised(d->pool, safe);
	must_have_pins(d);
	if (s->damaged)
		must_have_original(d);
	ck_assert_int_eq(leasefile_start(d->f), 0);
	next = must_have_events(d, events, !torn && !s->damaged);
	/* it works */
	s->log = log;
	s->events = next;
	l = pool_assign(d->pool, &host, 0, now());
	put_event(s);
	change(l->addr, 77, now(), false);
	leasefile_append(d->f, l, now());
	commit(s);
	pass(s, 12);
	d->f->wanted = true;
	pass(s, 12);
	must(!crash->failure[0], "after another start: %s", crash->failure);
	must(leasefile_trouble(d->f) == 0, "in trouble");
	dir_end(d, now(), wall());
	leaselog_free(log);
	must(!dir_has(d, LEASESYNC_NEW), LEASESYNC_NEW " is left");
	next = must_have_events(d, events, false);
	must(next == s->events, "%u", next);
	if (s->damaged)
		must_have_original(d);
	dir_new_pool(d, "192.0.2.0", 24);
	dir_open(d);
	dir_load(d, now(), wall());
	must(d->said == 0, "%s", d->line[0]);
	must_be_all_promised(d->pool, safe);
	must(pool_find6(d->pool, &host, 0) != NULL, "the new lease is lost");
	dir_crash(d);
}

static const char *const kinds[CRASH_KINDS] = {
	[CRASH_NONE] = "nothing",
	[CRASH_ENOSPC] = "ENOSPC",
	[CRASH_EIO] = "EIO",
	[CRASH_EROFS] = "EROFS",
	[CRASH_SHORT] = "short write",
	[CRASH_FULL] = "full from here on",
	[CRASH_KILL] = "kill -9 after",
	[CRASH_KILL_BEFORE] = "kill -9 before",
};

/* --- a power cut ---------------------------------------------------------------------------- */

/* What is on the disk is computed from the recorded calls.  Of each file, at least the content of
 * its last sync is there; of the directory, at least the names of its last sync and then any number
 * of the changes since, in their order.  The other content is there, is missing, ends in the middle
 * of the last write, or is zero. */

#define OBJECTS   128
#define OBJECT    16384
#define NAMES     24
#define SNAPSHOTS 32

enum rest {
	REST_NONE,
	REST_ALL,
	REST_TORN,
	REST_ZERO,
	RESTS
};

struct object {
	char data[OBJECT], synced[OBJECT];
	size_t len, synced_len, before; /* BEFORE: length before the last write */
};

struct names {
	char name[NAMES][32];
	struct object *object[NAMES];
	unsigned n;
};

static struct disk {
	struct object object[OBJECTS];
	unsigned objects;
	struct object *of_node[256];
	struct names names[SNAPSHOTS]; /* number 0 is synced, each other one has one more change */
	unsigned last;                 /* the number of the current one */
} disk;

static struct object **find_name(struct names *n, const char *name)
{
	for (unsigned i = 0; i < n->n; i++)
		if (strcmp(n->name[i], name) == 0)
			return &n->object[i];
	return NULL;
}

static void remove_name(struct names *n, const char *name)
{
	struct object **o = find_name(n, name);
	unsigned i;

	if (!o)
		return;
	i = (unsigned)(o - n->object);
	n->n--;
	n->object[i] = n->object[n->n];
	memcpy(n->name[i], n->name[n->n], sizeof(n->name[i]));
}

static void set_name(struct names *n, const char *name, struct object *o)
{
	remove_name(n, name);
	ck_assert_uint_lt(n->n, NAMES);
	snprintf(n->name[n->n], sizeof(n->name[0]), "%.31s", name);
	n->object[n->n++] = o;
}

/* Returns the names after one more change, which is still to be made. */
static struct names *next_names(void)
{
	ck_assert_uint_lt(disk.last + 1, SNAPSHOTS);
	disk.names[disk.last + 1] = disk.names[disk.last];
	return &disk.names[++disk.last];
}

static struct object *new_object(void)
{
	ck_assert_uint_lt(disk.objects, OBJECTS);
	return &disk.object[disk.objects++];
}

static void put_initial(const char *name, const struct leasedir *d)
{
	struct object *o;
	char *text;

	if (!dir_has(d, name))
		return;
	text = dir_get(d, name);
	o = new_object();
	o->len = o->synced_len = o->before = strlen(text);
	memcpy(o->data, text, o->len);
	memcpy(o->synced, text, o->len);
	set_name(&disk.names[0], name, o);
	free(text);
}

static void replay_write(struct object *o, const struct crash *rec, const struct crash_call *c)
{
	ck_assert(o && c->at + c->len <= OBJECT);
	o->before = o->len;
	memcpy(o->data + c->at, rec->arena + c->data, c->len);
	o->len = c->at + c->len;
}

static void replay(const struct crash *rec, const struct crash_call *c)
{
	struct object *o = disk.of_node[c->node], **named;

	if (c->failed)
		return;
	switch (c->what) {
	case CRASH_CREATE:
		o = disk.of_node[c->node] = new_object();
		set_name(next_names(), c->name, o);
		break;
	case CRASH_OPEN:
		named = find_name(&disk.names[disk.last], c->name);
		if (named)
			disk.of_node[c->node] = *named;
		break;
	case CRASH_WRITE:
		replay_write(o, rec, c);
		break;
	case CRASH_TRUNCATE:
		o->len = o->before = c->at;
		break;
	case CRASH_SYNC:
		memcpy(o->synced, o->data, o->len);
		o->synced_len = o->before = o->len;
		break;
	case CRASH_SYNC_DIR:
		disk.names[0] = disk.names[disk.last];
		disk.last = 0;
		break;
	case CRASH_RENAME:
		named = find_name(&disk.names[disk.last], c->name);
		ck_assert_ptr_nonnull(named);
		o = named ? *named : NULL;
		next_names();
		remove_name(&disk.names[disk.last], c->name);
		set_name(&disk.names[disk.last], c->to, o);
		break;
	case CRASH_LINK:
		named = find_name(&disk.names[disk.last], c->name);
		ck_assert_ptr_nonnull(named);
		o = named ? *named : NULL;
		set_name(next_names(), c->to, o);
		break;
	case CRASH_UNLINK:
		remove_name(next_names(), c->name);
		break;
	case CRASH_CLOSE:
	case CRASH_READ:
	case CRASH_WHATS:
		break;
	}
}

/* Writes the content of O to TEXT.  Returns its length. */
static size_t content(const struct object *o, enum rest rest, char text[OBJECT])
{
	const size_t more = o->len > o->before ? (o->len - o->before) / 2 : 0;
	const size_t torn = o->before < o->len ? o->before + more : o->len;

	memcpy(text, rest == REST_NONE ? o->synced : o->data, OBJECT);
	if (rest == REST_NONE)
		return o->synced_len;
	if (rest == REST_ZERO && o->len > o->synced_len)
		memset(text + o->synced_len, 0, o->len - o->synced_len);
	return rest == REST_TORN ? torn : o->len;
}

static uint64_t write_names(const struct leasedir *d, const struct names *n, enum rest rest)
{
	static char text[OBJECT];
	uint64_t sum = 14695981039346656037u;

	for (unsigned i = 0; i < n->n; i++) {
		size_t len = content(n->object[i], rest, text);

		if (d)
			dir_put(d, n->name[i], text, len);
		for (const char *p = n->name[i]; *p; p++)
			sum = (sum ^ (uint8_t)*p) * 1099511628211u;
		for (size_t k = 0; k < len; k++)
			sum = (sum ^ (uint8_t)text[k]) * 1099511628211u;
	}
	return sum;
}

/* The power was cut, and N and REST say what is on the disk. */
static void start_after_cut(const struct names *n, enum rest rest, bool damaged)
{
	struct scene s = {.damaged = damaged};
	mode_t mask;

	dir_make(&s.d, 2);
	strcpy(told->path, s.d.path);
	mask = umask(0077); /* the secret is for nobody else */
	write_names(&s.d, n, rest);
	umask(mask);
	told->has_key = false;
	start_again(&s, crash->promise[SYNCED], crash->promise[OLD_EVENTS], true);
	dir_remove(&s.d);
}

static void cut_power(const struct crash *rec, const struct told *story, unsigned at,
		      const struct names *n, enum rest rest)
{
	static const char *const rests[] = {"is missing", "is there", "is half there", "is zero"};

	memcpy(crash, rec, sizeof(*crash));
	*told = *story;
	snprintf(told->when, sizeof(told->when), "power cut before %s, %u names, other content %s",
		 crash_text(at), (unsigned)(n - disk.names), rests[rest]);
	memcpy(crash->promise, rec->call[at].promise, sizeof(crash->promise));
	told->t = 900; /* not before the end of the run */
	start_after_cut(n, rest, false);
}

static void put_all_initial(const struct leasedir *d)
{
	static const char *const names[] = {LEASEFILE_NAME, LEASELOG_NAME, CONF_PINS,
					    LEASESYNC_NEW};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		put_initial(names[i], d);
}

/* --- one call fails, or a process is killed ------------------------------------------------- */

/* After the daemon has recovered from the failure, the power is cut, and only what was synced is
 * there. */
static void cut_after_recovery(bool damaged)
{
	unsigned promise[CRASH_PROMISES];
	struct told story = *told;

	memcpy(promise, crash->promise, sizeof(promise));
	for (unsigned i = 1; i <= told->end; i++)
		replay(crash, &crash->call[i]);
	strcat(told->when, ", power cut later");
	start_after_cut(&disk.names[0], REST_NONE, damaged);
	memcpy(crash->promise, promise, sizeof(promise));
	*told = story;
}

static void one_point(bool damaged, unsigned at, enum crash_kind kind)
{
	struct scene s;
	bool daemon_died;

	put_all(&s, damaged);
	put_all_initial(&s.d);
	snprintf(told->when, sizeof(told->when), "%s: call %u", kinds[kind], at);
	run_apart(&s, at, kind);
	snprintf(told->when, sizeof(told->when), "%s: %s", kinds[kind], at ? crash_text(at) : "-");
	must(!crash->failure[0], "%s", crash->failure);
	must(at == 0 || crash->hit, "there is no such call");
	daemon_died = crash->dead[CRASH_DAEMON];
	must(kind != CRASH_NONE || told->clean, "it does not end cleanly");
	s.d.f = NULL;
	if (told->recovered)
		cut_after_recovery(damaged);
	start_again(&s, crash->promise[daemon_died ? WRITTEN : SYNCED], crash->promise[EVENTS],
		    kind == CRASH_SHORT);
	dir_remove(&s.d);
}

static unsigned calls_of(bool damaged)
{
	struct scene s;
	unsigned n;

	put_all(&s, damaged);
	run_apart(&s, 0, CRASH_NONE);
	ck_assert_msg(!crash->failure[0], "%s", crash->failure);
	n = crash->calls;
	dir_remove(&s.d);
	return n;
}

static void prepare(void)
{
	crash_new();
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(told, MAP_FAILED);
}

/* The points that this process tests: one of STEP, and of these, with CRASH_PART=PART/PARTS in the
 * environment, one of PARTS. */
struct choice {
	unsigned step, part, parts;
	unsigned found, chosen, tested, failed; /* numbers of points so far */
};

/* FIRST: makes the choice different for each kind of failure. */
static struct choice choose_points(unsigned first)
{
	const char *step = getenv("CRASH_STEP"), *part = getenv("CRASH_PART");
	struct choice c = {.step = step ? (unsigned)atoi(step) : STEP, .part = 1, .parts = 1};

	if (part)
		ck_assert_int_eq(sscanf(part, "%u/%u", &c.part, &c.parts), 2);
	ck_assert(c.step > 0 && c.part > 0 && c.part <= c.parts);
	c.found = c.step - first % c.step;
	return c;
}

/* Returns true if the next point is to be tested. */
static bool is_chosen(struct choice *c)
{
	if (c->found++ % c->step != 0 || ++c->chosen % c->parts != c->part % c->parts)
		return false;
	c->tested++;
	return true;
}

/* The process of a point that fails leaves its keeper. */
static void end_keeper(void)
{
	if (crash->keeper > 0 && !crash->dead[CRASH_KEEPER])
		kill(crash->keeper, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

/* If the next point is to be tested, starts a process for it, and waits for its end.  Thus all
 * other points are tested even if this one fails.  Returns true in the new process. */
static bool begin_point(struct choice *c)
{
	int status;
	pid_t pid;

	if (!is_chosen(c))
		return false;
	*told = (struct told){.end = 0};
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		leave_notes();
		return true;
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (status != 0) {
		c->failed++;
		printf("# status %#x: %s\n", (unsigned)status, told->when);
		end_keeper();
		if (told->path[0])
			dir_clear(told->path);
	}
	return false;
}

/* tests/long/crashpoints.sh adds these numbers. */
static void report(const struct choice *c, const char *what)
{
	printf("# %s: %u of %u points\n", what, c->tested, c->chosen);
	fflush(stdout);
	ck_assert_msg(c->failed == 0, "%s: %u points fail", what, c->failed);
}

START_TEST(no_call)
{
	prepare();
	one_point(_i % 2, 0, CRASH_NONE);
}
END_TEST

START_TEST(each_call)
{
	const bool damaged = _i % 2;
	const enum crash_kind kind = (enum crash_kind)(CRASH_NONE + 1 + _i / 2);
	struct choice choice = choose_points((unsigned)_i);
	unsigned calls;
	char what[64];

	prepare();
	calls = calls_of(damaged);
	for (unsigned at = 1; at <= calls; at++)
		if (begin_point(&choice)) {
			one_point(damaged, at, kind);
			_exit(0);
		}
	snprintf(what, sizeof(what), "%s, %s", kinds[kind],
		 damaged ? "damaged files" : "intact files");
	report(&choice, what);
}
END_TEST

static uint64_t hash_promise(const struct crash_call *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < CRASH_PROMISES; i++)
		sum = (sum ^ c->promise[i]) * 1099511628211u;
	return sum;
}

#define SEEN (1u << 17)

/* Returns true if SUM was passed for the first time. */
static bool is_new(uint64_t sum)
{
	static uint64_t seen[SEEN];
	uint32_t i = (uint32_t)(sum >> 40) % SEEN;

	sum += sum == 0;
	for (; seen[i] != sum; i = (i + 1) % SEEN)
		if (seen[i] == 0) {
			seen[i] = sum;
			return true;
		}
	return false;
}

START_TEST(power_is_cut)
{
	struct crash *rec = malloc(sizeof(*rec));
	struct choice choice = choose_points(0);
	static struct told story;
	uint64_t sum;
	struct scene s;

	prepare();
	put_all(&s, false);
	put_all_initial(&s.d);
	run_apart(&s, 0, CRASH_NONE);
	ck_assert_msg(!crash->failure[0], "%s", crash->failure);
	memcpy(rec, crash, sizeof(*rec));
	story = *told;
	dir_remove(&s.d);
	for (unsigned at = 1; at <= rec->calls; at++) {
		for (unsigned n = 0; n <= disk.last; n++)
			for (enum rest rest = REST_NONE; rest < RESTS; rest++) {
				sum = hash_promise(&rec->call[at]) ^
				      write_names(NULL, &disk.names[n], rest);
				if (is_new(sum) && begin_point(&choice)) {
					cut_power(rec, &story, at, &disk.names[n], rest);
					_exit(0);
				}
			}
		replay(rec, &rec->call[at]);
	}
	report(&choice, "power cut");
	free(rec);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("crashpoints");
	TCase *t = tcase_create("points");

	tcase_set_timeout(t, 3600);
	tcase_add_loop_test(t, no_call, 0, 2);
	tcase_add_test(t, power_is_cut);
	tcase_add_loop_test(t, each_call, 0, 2 * (CRASH_KINDS - 1));
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	return run_suite(suite());
}
