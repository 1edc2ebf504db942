/* leaselogfile - decides when a file of the history is full or too old, and keeps the files
 * consistent after failures.
 *
 * A file ends when it has a sixteenth of the configured bytes or days.  Thus only a small part is
 * removed at a time.  Lines are in the order of their times, so that they can be searched.  If the
 * clock is set back by a few seconds, the times stand still; if it is set back by more, a new file
 * begins.
 *
 * A batch of lines is written as a whole or not at all.  If a write fails or the keeper is killed,
 * the incomplete batch is cut off.  After a power failure an incomplete line may remain, which is
 * cut off, too.
 *
 * If the clock jumps ahead, or is wrong at the start, everything would look old.  Therefore nothing
 * is removed because of its age for an hour after that. */
#include "leaselogfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fd.h"

#define PIECES    16
#define DAY       86400
#define BACK      5 /* seconds; for a smaller step back, the times stand still */
#define SYNC_MS   1000
#define RETRY_MS  1000
#define PURGE_MS  600000
#define DOUBT_MS  3600000
#define BATCH     65536
#define TAIL      4096
#define MODE      0640
#define NAME_ROOM 32

void leaselogfile_init(struct leaselogfile *f, struct leaselog_shared *s)
{
	*f = (struct leaselogfile){.s = s, .part.fd = -1, .base = INT64_MAX};
	f->dirty = s->synced < s->written; /* the keeper before did not get as far as the sync */
}

static void close_part(struct leaselogfile *f)
{
	if (f->part.fd >= 0)
		close(f->part.fd);
	f->part = (struct leaselog_part){.fd = -1};
}

/* --- the content of a file ------------------------------------------------------------------ */

/* Sets TIME to the times of the first or the LAST three valid lines in TEXT.  Returns how many
 * there are. */
static unsigned times_in(const char *text, size_t len, bool last, int64_t time[3])
{
	const char *p = text, *end;
	struct lease_event e;
	unsigned n = 0;

	for (; (end = memchr(p, '\n', len - (size_t)(p - text))); p = end + 1) {
		if (!leaseevent_parse(p, (size_t)(end - p), &e))
			continue;
		if (n == 3 && !last)
			break;
		if (n == 3) {
			time[0] = time[1];
			time[1] = time[2];
			n--;
		}
		time[n++] = e.at;
	}
	return n;
}

/* The same for the file FD of SIZE bytes. */
/* seccomp: keeper: pread64 */
static unsigned times_of(int fd, off_t size, bool last, int64_t time[3])
{
	char text[TAIL];
	off_t at = last && size > TAIL ? size - TAIL : 0;
	ssize_t n = pread(fd, text, sizeof(text), at);

	return n > 0 ? times_in(text, (size_t)n, last, time) : 0;
}

/* Returns the time of the first or the LAST valid line of this file; 0 if there is none. */
static int64_t time_of(int fd, off_t size, bool last)
{
	int64_t time[3];
	unsigned n = times_of(fd, size, last, time);

	return n == 0 ? 0 : time[last ? n - 1 : 0];
}

/* The same, except that a damaged line cannot make a file look old: takes the median of three
 * lines, or the latest of fewer. */
static int64_t sure_time_of(int fd, off_t size, bool last)
{
	int64_t time[3] = {0};
	unsigned n = times_of(fd, size, last, time);

	return leaseevent_median(time[0], time[1], n == 3 ? time[2] : INT64_MAX);
}

/* Cuts off an incomplete line that a crash left.  If the last TAIL bytes contain no newline, they
 * are not a line of ours; then terminates them. */
/* seccomp: keeper: write, ftruncate */
static int end_line(int fd, off_t *size)
{
	char text[TAIL];
	off_t at = *size > TAIL ? *size - TAIL : 0;
	ssize_t n = pread(fd, text, sizeof(text), at);
	const char *end = n > 0 ? memrchr(text, '\n', (size_t)n) : NULL;

	if (n < 0)
		return -1;
	if (n == 0 || (end && end == text + n - 1))
		return 0;
	if (!end && at > 0)
		return write(fd, "\n", 1) == 1 && ++*size ? 0 : -1;
	*size = end ? at + (end - text) + 1 : 0;
	return ftruncate(fd, *size);
}

/* Cuts off what a killed keeper has begun to write; it is written again. */
static int take_back(struct leaselog_shared *s, int fd, struct stat *st)
{
	uint64_t written = SHARED_GET(&s->written);

	if (SHARED_GET(&s->under_way) <= written)
		return 0;
	if (st->st_dev == s->device && st->st_ino == s->inode && st->st_size > s->from) {
		if (ftruncate(fd, s->from) < 0)
			return -1;
		st->st_size = s->from;
	}
	SHARED_SET(&s->under_way, written);
	return 0;
}

/* --- names ---------------------------------------------------------------------------------- */

/* Returns the name of file I. */
static char *name_of(char out[NAME_ROOM], unsigned i)
{
	snprintf(out, NAME_ROOM, i > 0 ? LEASELOG_NAME ".%u" : LEASELOG_NAME, i);
	return out;
}

static bool stat_part(int dir, unsigned i, struct stat *st)
{
	char name[NAME_ROOM];

	return fstatat(dir, name_of(name, i), st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int create_part(int dir)
{
	int fd = openat(dir, LEASELOG_NAME,
			O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	struct stat st;

	if (fd < 0)
		return -1;
	/* without the privilege to change the owner, the file keeps its own */
	if (fchmod(fd, MODE) < 0 || fstat(dir, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0)
		errno = 0;
	return fd;
}

/* Some file systems cannot sync a directory. */
static bool sync_names(int dir)
{
	return fsync(dir) == 0 || errno == EINVAL;
}

/* Opens the newest file; if there is none and CREATE is set, creates it.  Returns 0, or -1 with
 * errno. */
static int open_part(struct leaselogfile *f, int dir, bool create)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = openat(dir, LEASELOG_NAME, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT && create)
		fd = create_part(dir);
	if (fd < 0)
		return -1;
	f->part = (struct leaselog_part){.fd = fd};
	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	/* its name may not be on disk, even if a keeper before has created it */
	f->part.named = sync_names(dir);
	if (take_back(f->s, fd, &st) < 0 || end_line(fd, &st.st_size) < 0)
		return -1;
	f->part.size = st.st_size;
	f->part.first = time_of(fd, st.st_size, false);
	f->part.last = time_of(fd, st.st_size, true);
	return 0;
}

/* Another program may have removed or replaced the file. */
static bool has_its_name(const struct leaselogfile *f, int dir)
{
	struct stat mine, there;

	return fstat(f->part.fd, &mine) == 0 && stat_part(dir, 0, &there) &&
	       same_file(&mine, &there);
}

/* Makes sure that a file is open and still has its name.  Returns 0, or -1 with errno. */
static int need_part(struct leaselogfile *f, int dir, bool create)
{
	int err;

	if (f->part.fd >= 0 && has_its_name(f, dir))
		return 0;
	close_part(f);
	if (open_part(f, dir, create) == 0)
		return 0;
	err = errno;
	close_part(f);
	errno = err;
	return -1;
}

/* DIR -1: does not sync its name. */
static bool is_on_disk(struct leaselog_part *p, int dir)
{
	if (p->fd < 0)
		return true;
	if (fdatasync(p->fd) < 0)
		return false;
	if (!p->named && dir >= 0)
		p->named = sync_names(dir);
	return p->named;
}

/* Returns 0; or -1 with errno, and then it is tried again. */
static int sync_part(struct leaselogfile *f, int dir, int64_t now)
{
	f->sync_at = now + SYNC_MS;
	if (!is_on_disk(&f->part, dir)) {
		SHARED_SET(&f->s->err, errno);
		return -1;
	}
	SHARED_SET(&f->s->synced, f->s->written);
	f->dirty = false;
	return 0;
}

/* --- rotation and removal ------------------------------------------------------------------- */

static off_t most_of_part(const struct leaselogfile *f)
{
	return (off_t)(f->bytes / PIECES);
}

static int64_t span_of_part(const struct leaselogfile *f)
{
	return (int64_t)f->days * DAY / PIECES;
}

/* Removes files that exceed the limits, from the newest to the oldest.  Each file ended before the
 * next newer one began, even if its times contradict this. */
static void purge(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	const int64_t oldest = now < f->trust_at ? INT64_MIN : wall - (int64_t)f->days * DAY;
	uint64_t sum = (uint64_t)(f->part.size > most_of_part(f) ? f->part.size : most_of_part(f));
	int64_t end = f->part.first > 0 ? f->part.first : INT64_MAX;
	char name[NAME_ROOM];
	struct stat st;

	for (unsigned i = 1; i <= LEASELOG_PARTS; i++) {
		int64_t last = 0, first = 0;
		int fd;

		if (!stat_part(dir, i, &st))
			continue;
		fd = openat(dir, name_of(name, i), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0) {
			last = sure_time_of(fd, st.st_size, true);
			first = sure_time_of(fd, st.st_size, false);
			close(fd);
		}
		if (last == 0)
			last = first = st.st_mtim.tv_sec;
		end = last < end ? last : end;
		sum += (uint64_t)st.st_size;
		if (sum > f->bytes || end < oldest)
			unlinkat(dir, name, 0);
		end = first < end ? first : end;
	}
}

/* Renames the newest file to number 1, and each other one to the next number, up to the first
 * gap.  There is a gap if a crash interrupted an earlier rotation.  Returns 0, or -1 with errno. */
static int turn_over(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	char from[NAME_ROOM], to[NAME_ROOM];
	unsigned gap = 1;
	struct stat st;

	if (f->dirty && sync_part(f, dir, now) < 0)
		return -1;
	while (gap < LEASELOG_PARTS && stat_part(dir, gap, &st))
		gap++;
	for (; gap > 0; gap--)
		if (renameat(dir, name_of(from, gap - 1), dir, name_of(to, gap)) < 0)
			return -1;
	close_part(f);
	purge(f, dir, now, wall);
	return 0;
}

/* Returns true if a line of this time must be written to a new file. */
static bool is_over(const struct leaselogfile *f, int64_t at, size_t more)
{
	const struct leaselog_part *p = &f->part;

	if (p->first == 0)
		return p->size > 0 && p->size + (off_t)more > most_of_part(f);
	return at < p->last - BACK || at - p->first >= span_of_part(f) ||
	       p->size + (off_t)more > most_of_part(f);
}

/* --- writing -------------------------------------------------------------------------------- */

/* Formats lines for the current file, from number *NEXT on, and advances *NEXT.  Returns their
 * length.  Updates the times of the file. */
static size_t format_batch(struct leaselogfile *f, char text[BATCH], uint64_t *next)
{
	uint64_t put = SHARED_GET(&f->s->put);
	size_t len = 0;

	for (; *next < put && BATCH - len >= LEASEEVENT_MAX; ++*next) {
		struct lease_event e = f->s->event[*next % LEASELOG_ROOM];

		if (is_over(f, e.at, len + LEASEEVENT_MAX) && (len > 0 || f->part.size > 0))
			break;
		if (e.at < f->part.last)
			e.at = f->part.last;
		len += leaseevent_format(text + len, &e);
		f->part.last = e.at;
		if (f->part.first == 0)
			f->part.first = e.at;
	}
	return len;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n < 0 ? errno : EIO;
			return -1;
		}
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The position is stored before the first byte is written, so that the next keeper can cut off an
 * incomplete batch. */
static int write_batch(struct leaselogfile *f, const char *text, size_t len, uint64_t next)
{
	struct leaselog_shared *s = f->s;
	struct stat st;
	int err;

	if (fstat(f->part.fd, &st) < 0)
		return -1;
	s->from = f->part.size;
	s->device = st.st_dev;
	s->inode = st.st_ino;
	SHARED_SET(&s->under_way, next);
	f->dirty = true;
	if (write_all(f->part.fd, text, len) < 0) {
		err = errno;
		if (ftruncate(f->part.fd, f->part.size) == 0)
			SHARED_SET(&s->under_way, s->written);
		close_part(f); /* its times are not those in the file */
		errno = err;
		return -1;
	}
	f->part.size += (off_t)len;
	SHARED_SET(&s->written, next);
	return 0;
}

/* Returns 0; or -1 with errno, and then the events remain in memory. */
static int write_some(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	uint64_t next = f->s->written;
	char text[BATCH];
	size_t len;

	if (need_part(f, dir, true) < 0)
		return -1;
	len = format_batch(f, text, &next);
	return len > 0 ? write_batch(f, text, len, next) : turn_over(f, dir, now, wall);
}

static bool is_waiting(const struct leaselogfile *f)
{
	return f->s->written < SHARED_GET(&f->s->put);
}

static void write_waiting(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	int err = 0;

	while (is_waiting(f) && !err)
		err = write_some(f, dir, now, wall) < 0 ? errno : 0;
	SHARED_SET(&f->s->err, err);
	f->retry_at = now + RETRY_MS;
}

/* The file may have been closed after an error. */
static void sync_again(struct leaselogfile *f, int dir, int64_t now)
{
	if (need_part(f, dir, false) < 0 && errno != ENOENT) {
		SHARED_SET(&f->s->err, errno);
		f->sync_at = now + SYNC_MS;
	} else if (sync_part(f, dir, now) == 0 && !is_waiting(f)) {
		SHARED_SET(&f->s->err, 0);
	}
}

/* Rotates and removes files even if there are no new events. */
static void tidy(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	bool old;

	f->purge_at = now + PURGE_MS;
	old = need_part(f, dir, false) == 0 && f->part.first > 0 && now >= f->trust_at &&
	      wall - f->part.first >= span_of_part(f);
	if (old || f->part.size > most_of_part(f))
		turn_over(f, dir, now, wall);
	else
		purge(f, dir, now, wall);
}

/* --- clock and settings --------------------------------------------------------------------- */

static void mind_clock(struct leaselogfile *f, int64_t now, int64_t wall)
{
	int64_t base = wall - now / 1000;

	if (f->base == INT64_MAX || base - f->base > DAY)
		f->trust_at = now + DOUBT_MS;
	f->base = base;
}

static void mind_settings(struct leaselogfile *f, int64_t now)
{
	unsigned days = SHARED_GET(&f->s->days);
	uint64_t bytes = SHARED_GET(&f->s->bytes);

	if (days == f->days && bytes == f->bytes)
		return;
	f->days = days;
	f->bytes = bytes;
	f->purge_at = now;
}

static int until(int64_t at, int64_t now)
{
	return at > now ? (int)(at - now) : 0;
}

static int wanted_in(const struct leaselogfile *f, int64_t now)
{
	int ms = until(f->purge_at, now), other = ms;

	if (f->dirty)
		other = until(f->sync_at, now);
	ms = other < ms ? other : ms;
	if (is_waiting(f))
		other = until(f->retry_at, now);
	return other < ms ? other : ms;
}

int leaselogfile_work(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	mind_clock(f, now, wall);
	if (SHARED_GET(&f->s->days) > 0)
		mind_settings(f, now);
	/* events from before the history was switched off are still written */
	if (f->days > 0 && is_waiting(f) && (!f->s->err || now >= f->retry_at))
		write_waiting(f, dir, now, wall);
	mind_settings(f, now);
	if (f->dirty && (now >= f->sync_at || f->days == 0))
		sync_again(f, dir, now);
	if (f->days == 0) {
		close_part(f);
		return -1;
	}
	if (now >= f->purge_at)
		tidy(f, dir, now, wall);
	return wanted_in(f, now);
}

void leaselogfile_finish(struct leaselogfile *f, int dir, int64_t now, int64_t wall)
{
	if (SHARED_GET(&f->s->days) > 0)
		mind_settings(f, now);
	if (f->days > 0)
		write_waiting(f, dir, now, wall);
}

void leaselogfile_end(struct leaselogfile *f)
{
	if (f->dirty)
		sync_part(f, -1, 0);
	close_part(f);
}
