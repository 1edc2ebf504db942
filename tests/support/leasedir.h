/* leasedir - a directory with a lease file, and operations of the tests on it. */
#ifndef NAT64D_TESTS_LEASEDIR_H
#define NAT64D_TESTS_LEASEDIR_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/lease/leasestate.h"
#include "run.h"
#include "plain_pool.h"

#define NOW  50000 /* in seconds of the pool's clock */
#define WALL INT64_C(1700000000)
#define SAID 64
#define OWN6 "2001:db8:ffff::64"

struct leasedir {
	char path[64];
	struct leasefile *f;
	struct pool *pool;
	struct map_table *maps;
	unsigned expired; /* number of expired leases, of which LAST is the last one */
	struct lease last;
	unsigned said; /* number of lines; the first ones are stored */
	char line[SAID][512];
};

static inline uint32_t ip4(const char *s)
{
	struct in_addr a;

	ck_assert_int_eq(inet_pton(AF_INET, s, &a), 1);
	return ntohl(a.s_addr);
}

static inline struct ip6 ip6(const char *s)
{
	struct ip6 a;

	ck_assert_int_eq(inet_pton(AF_INET6, s, a.b), 1);
	return a;
}

/* Returns host I of 2001:db8::/64. */
static inline struct ip6 host_no(uint32_t i)
{
	struct ip6 a = ip6("2001:db8::");

	for (int n = 0; n < 4; n++)
		a.b[15 - n] = (uint8_t)(i >> 8 * n);
	return a;
}

static inline struct pool *pool_of(const char *addr, uint8_t len)
{
	const struct siphash_key key = {1, 2};
	const struct prefix4 range = {ip4(addr), len};
	struct pool *p = plain_pool(&range, 1, &key);

	ck_assert_ptr_nonnull(p);
	return p;
}

/* Returns a table of the N prefixes 2001:db8:64:0::/96, 2001:db8:64:1::/96 ... */
static inline struct map_table *prefixes_of(unsigned n)
{
	struct map_table *t = map_table_new();

	ck_assert_ptr_nonnull(t);
	for (unsigned i = 0; i < n; i++) {
		struct prefix6 p = {ip6("2001:db8:64::"), 96};

		p.addr.b[7] = (uint8_t)i;
		ck_assert(map_add_prefix(t, &p));
	}
	ck_assert_int_eq(map_seal(t), 0);
	return t;
}

/* Replaces the prefixes of D by those of prefixes_of() whose digits are in NUMBERS, in this order,
 * for example "10". */
static inline void dir_prefixes(struct leasedir *d, const char *numbers)
{
	map_table_free(d->maps);
	d->maps = map_table_new();
	ck_assert_ptr_nonnull(d->maps);
	for (; *numbers; numbers++) {
		struct prefix6 p = {ip6("2001:db8:64::"), 96};

		p.addr.b[7] = (uint8_t)(*numbers - '0');
		ck_assert(map_add_prefix(d->maps, &p));
	}
	ck_assert_int_eq(map_seal(d->maps), 0);
}

static inline void dir_make(struct leasedir *d, unsigned prefixes)
{
	memset(d, 0, sizeof(*d));
	strcpy(d->path, "/tmp/check_lease.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(d->path));
	d->pool = pool_of("192.0.2.0", 24);
	d->maps = prefixes_of(prefixes);
}

static inline void dir_name(const struct leasedir *d, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", d->path, name);
}

static inline bool dir_has(const struct leasedir *d, const char *name)
{
	char path[128];
	struct stat st;

	dir_name(d, name, path);
	return lstat(path, &st) == 0;
}

static inline void dir_put(const struct leasedir *d, const char *name, const void *text, size_t n)
{
	char path[128];
	FILE *out;

	dir_name(d, name, path);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(text, 1, n, out), n);
	ck_assert_int_eq(fclose(out), 0);
}

/* Returns the content of file NAME plus a NUL; the caller frees it. */
static inline char *dir_get(const struct leasedir *d, const char *name)
{
	char path[128], *text;
	struct stat st;
	FILE *in;

	dir_name(d, name, path);
	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	text = calloc(1, (size_t)st.st_size + 1);
	in = fopen(path, "r");
	ck_assert_ptr_nonnull(in);
	ck_assert_uint_eq(fread(text, 1, (size_t)st.st_size, in), (size_t)st.st_size);
	fclose(in);
	return text;
}

static inline void dir_open(struct leasedir *d)
{
	char err[256] = "";

	d->f = leasefile_open(d->path, d->path, err, sizeof(err));
	ck_assert_msg(d->f != NULL, "%s", err);
}

static inline void note_line(void *arg, const char *line)
{
	struct leasedir *d = arg;
	const char *name = strstr(line, LEASEFILE_NAME);

	if (d->said < SAID)
		snprintf(d->line[d->said], sizeof(d->line[0]), "%s", name ? name : line);
	d->said++;
}

static inline void note_end(void *arg, const struct lease *l)
{
	struct leasedir *d = arg;

	d->expired++;
	d->last = *l;
}

static inline void dir_load(struct leasedir *d, int32_t now, int64_t wall)
{
	const struct ip6 own = ip6(OWN6);

	d->said = d->expired = 0;
	ck_assert_int_eq(
		leasefile_load(d->f, d->pool, d->maps, &own, now, wall, note_line, note_end, d), 0);
}

static inline void dir_begin(struct leasedir *d, int32_t now, int64_t wall)
{
	dir_open(d);
	dir_load(d, now, wall);
	ck_assert_int_eq(leasefile_start(d->f), 0);
}

/* Like kill -9: nothing more is written. */
static inline void dir_crash(struct leasedir *d)
{
	leasefile_close(d->f, NULL, d->maps, 0, 0);
	d->f = NULL;
}

static inline void dir_end(struct leasedir *d, int32_t now, int64_t wall)
{
	ck_assert_int_eq(leasefile_close(d->f, d->pool, d->maps, now, wall), 0);
	d->f = NULL;
}

static inline void dir_new_pool(struct leasedir *d, const char *addr, uint8_t len)
{
	pool_free(d->pool);
	d->pool = pool_of(addr, len);
}

/* After an end or a crash: reads everything from the file again. */
static inline void dir_again(struct leasedir *d, int32_t now, int64_t wall)
{
	dir_new_pool(d, "192.0.2.0", 24);
	dir_begin(d, now, wall);
}

static inline struct lease *dir_lease(struct leasedir *d, const char *host, int32_t now)
{
	struct ip6 a = ip6(host);
	struct lease *l = pool_find6(d->pool, &a, 0);

	if (!l)
		l = pool_assign(d->pool, &a, 0, now);
	ck_assert_ptr_nonnull(l);
	pool_touch(d->pool, l, now);
	return l;
}

static inline void dir_record(struct leasedir *d, struct lease *l, int32_t now)
{
	leasefile_append(d->f, l, now);
	ck_assert_int_eq(leasefile_commit(d->f), 0);
}

/* Calls maintenance at NOW/WALL until three rounds in a row have nothing to do and wait for
 * nothing. */
static inline void dir_calm(struct leasedir *d, int32_t now, int64_t wall)
{
	for (int quiet = 0; quiet < 3;) {
		int ms = leasefile_maintain(d->f, d->pool, d->maps, now, wall);
		bool busy = d->f->keeper.task != LEASESYNC_IDLE;

		if (busy)
			leasesync_wait(&d->f->keeper);
		quiet = busy || ms == 0 ? 0 : quiet + 1;
	}
}

/* Removes the directory PATH and the files in it. */
static inline void dir_clear(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;

	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(dir), e->d_name, 0);
	closedir(dir);
	ck_assert_int_eq(rmdir(path), 0);
}

static inline void dir_remove(struct leasedir *d)
{
	if (d->f)
		dir_crash(d);
	dir_clear(d->path);
	pool_free(d->pool);
	map_table_free(d->maps);
}

#endif
