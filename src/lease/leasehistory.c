/* leasehistory - finds lines among millions, in files that may be renamed meanwhile.
 *
 * The newest file is opened first, and then the others in the order of their numbers.  A file that
 * is renamed meanwhile gets a higher number.  Therefore it may be found twice, and is then ignored
 * the second time, but it is never missed.  If there is a newer file at the end, the files are
 * opened again: after two rotations between two calls of open(), a number that is still to come
 * belongs to a newer file, and the order would be wrong.
 *
 * Within a file the times ascend, so a time is found by binary search.  An address is searched as
 * text in large pieces, which takes little longer than reading them. */
#include "lease/leasehistory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lease/leaselog.h"
#include "lib/fd.h"

#define PIECE ((size_t)1 << 18)
#define NEAR  8192 /* bytes to read to find a line */
#define WORD  96
#define TRIES 1000 /* a rotation needs thousands of new lines, so the second attempt succeeds */

struct part {
	int fd;
	off_t size; /* size up to the end of the last complete line */
	dev_t device;
	ino_t inode;
};

struct leasehistory {
	char *piece; /* buffer of PIECE bytes */
	size_t n;
	struct part part[LEASELOG_PARTS + 1]; /* the files, newest first */
};

/* A range of a file, and the text to search there. */
struct search {
	const struct leasehistory *h;
	const struct part *p;
	off_t from, to; /* offsets; both at the beginning of a line */
	char word[WORD];
	size_t word_len; /* 0: all lines match */
};

/* Reads up to LEN bytes at offset AT.  Returns the number of bytes read, or -1. */
/* seccomp: daemon: pread64 */
static ssize_t read_at(int fd, char *out, size_t len, off_t at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pread(fd, out + done, len - done, at + (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* --- files ---------------------------------------------------------------------------------- */

static bool is_part(const struct part *p, const struct stat *st)
{
	return p->device == st->st_dev && p->inode == st->st_ino;
}

static bool is_known(const struct leasehistory *h, const struct stat *st)
{
	for (size_t i = 0; i < h->n; i++)
		if (is_part(&h->part[i], st))
			return true;
	return false;
}

/* Returns the end of the last complete line.  Another line may be in the process of being written.
 */
static off_t whole_lines(int fd, off_t size)
{
	char text[NEAR];
	off_t at = size > NEAR ? size - NEAR : 0;
	ssize_t n = read_at(fd, text, (size_t)(size - at), at);
	const char *end = n > 0 ? memrchr(text, '\n', (size_t)n) : NULL;

	return end ? at + (end - text) + 1 : at;
}

/* Opens the file NAME, if it exists.  Returns 0, or -1 with errno. */
static int open_part(struct leasehistory *h, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || is_known(h, &st)) {
		close(fd);
		return 0;
	}
	h->part[h->n++] = (struct part){fd, whole_lines(fd, st.st_size), st.st_dev, st.st_ino};
	return 0;
}

static int open_parts(struct leasehistory *h, int dir)
{
	char name[32] = LEASELOG_NAME;

	for (unsigned i = 0; i <= LEASELOG_PARTS; i++) {
		if (i > 0)
			snprintf(name, sizeof(name), LEASELOG_NAME ".%u", i);
		if (open_part(h, dir, name) < 0)
			return -1;
	}
	return 0;
}

static void close_parts(struct leasehistory *h)
{
	while (h->n > 0)
		close(h->part[--h->n].fd);
}

/* During a rotation, there is no file LEASELOG_NAME for a moment. */
static bool has_newer(const struct leasehistory *h, int dir)
{
	struct stat st;

	return h->n > 0 &&
	       (fstatat(dir, LEASELOG_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 ||
		fstatat(dir, LEASELOG_NAME ".1", &st, AT_SYMLINK_NOFOLLOW) == 0) &&
	       !is_part(&h->part[0], &st);
}

/* Returns 0, or -1 with errno: EAGAIN if every attempt met a rotation. */
static int open_in_order(struct leasehistory *h, int dir)
{
	for (int i = 0; i < TRIES; i++) {
		if (open_parts(h, dir) < 0)
			return -1;
		if (!has_newer(h, dir))
			return 0;
		close_parts(h);
	}
	errno = EAGAIN;
	return -1;
}

struct leasehistory *leasehistory_open(const char *dir)
{
	struct leasehistory *h = calloc(1, sizeof(*h));
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;

	if (h && fd >= 0)
		h->piece = malloc(PIECE);
	if (h && h->piece && open_in_order(h, fd) == 0) {
		close(fd);
		return h;
	}
	err = errno;
	if (fd >= 0)
		close(fd);
	leasehistory_close(h);
	errno = err;
	return NULL;
}

void leasehistory_close(struct leasehistory *h)
{
	if (!h)
		return;
	close_parts(h);
	free(h->piece);
	free(h);
}

/* --- times ---------------------------------------------------------------------------------- */

/* A complete line and its position. */
struct found {
	struct lease_event e;
	off_t begin, end;
};

/* Finds the first line in the N bytes at TEXT, which are at offset AT of the file, that begins
 * before TO. *INSIDE: the bytes begin within a line.  Returns how many bytes it has processed;
 * F->END is 0 if no line was found in them. */
static size_t find_line(const char *text, size_t n, off_t at, off_t to, bool *inside,
			struct found *f)
{
	const char *from = text, *newline;

	f->end = 0;
	while ((newline = memchr(from, '\n', (size_t)(text + n - from)))) {
		f->begin = at + (from - text);
		if (f->begin >= to && !*inside)
			return n;
		if (!*inside && leaseevent_parse(from, (size_t)(newline - from), &f->e)) {
			f->end = at + (newline - text) + 1;
			return n;
		}
		*inside = false;
		from = newline + 1;
	}
	if (from > text)
		return (size_t)(from - text);
	*inside = true; /* longer than any valid line */
	return n;
}

/* Finds the first line that begins at or after AT and before TO.  Returns 1 with F; 0 if there is
 * none; -1 on error. */
static int next_line(const struct part *p, off_t at, off_t to, struct found *f)
{
	char text[NEAR];
	bool inside = at > 0; /* reads from the byte before AT, since a newline there means that a
				 line begins at AT */

	at -= inside;
	while (at < to) {
		size_t most = p->size - at < NEAR ? (size_t)(p->size - at) : NEAR;
		ssize_t n = read_at(p->fd, text, most, at);

		if (n <= 0)
			return (int)n;
		at += (off_t)find_line(text, (size_t)n, at, to, &inside, f);
		if (f->end > 0)
			return 1;
	}
	return 0;
}

/* Returns where the first line with a time of at least TIME begins, or the end of all lines; -1 on
 * error. */
static off_t find_time(const struct part *p, int64_t time)
{
	off_t low = 0, high = p->size, best = p->size;
	struct found f;

	while (low < high) {
		off_t middle = low + (high - low) / 2;
		int found = next_line(p, middle, high, &f);

		if (found < 0)
			return -1;
		if (found > 0 && f.e.at < time) {
			low = f.end;
			continue;
		}
		if (found > 0)
			best = f.begin;
		high = middle;
	}
	return best;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* Prepares S for the events from SINCE to UNTIL in file number I.  Returns 0, or -1 on error. */
static int limit(struct search *s, size_t i, int64_t since, int64_t until)
{
	s->p = &s->h->part[i];
	s->from = since == LEASEHISTORY_FIRST ? 0 : find_time(s->p, since);
	s->to = until == LEASEHISTORY_LAST ? s->p->size : find_time(s->p, until + 1);
	return s->from < 0 || s->to < 0 ? -1 : 0;
}

static void set_word(struct search *s, const char *word)
{
	if (word)
		s->word_len = (size_t)snprintf(s->word, sizeof(s->word), " %s ", word);
}

/* Finds the next line between *FROM and END that contains the word.  Sets *LINE to it, and advances
 * *FROM past it.  Returns its length, or 0 at the end. */
static size_t match(const struct search *s, const char **from, const char *end, const char **line)
{
	const char *at = *from, *newline;

	if (at >= end)
		return 0;
	if (s->word_len > 0)
		at = memmem(at, (size_t)(end - at), s->word, s->word_len);
	if (!at)
		return 0;
	newline = memchr(at, '\n', (size_t)(end - at));
	if (!newline)
		return 0;
	*line = memrchr(*from, '\n', (size_t)(at - *from));
	*line = *line ? *line + 1 : *from;
	*from = newline + 1;
	return (size_t)(newline - *line) + 1;
}

/* Passes the matching lines among the N bytes at TEXT to TAKE.  False if TAKE stopped. */
static bool take_piece(const struct search *s, const char *text, size_t n, leasehistory_take *take,
		       void *arg)
{
	const char *from = text, *line;
	struct lease_event e;
	size_t len;

	while ((len = match(s, &from, text + n, &line)))
		if (leaseevent_parse(line, len - 1, &e) && !take(arg, line, len - 1, &e))
			return false;
	return true;
}

/* Returns the length of the complete lines in a piece.  If a piece contains no newline, it is
 * skipped, since it is not a valid line. */
static size_t whole(const char *text, size_t n)
{
	const char *end = memrchr(text, '\n', n);

	return end ? (size_t)(end - text) + 1 : n;
}

static int go_forward(const struct search *s, leasehistory_take *take, void *arg)
{
	char *piece = s->h->piece;
	ssize_t n;

	for (off_t at = s->from; at < s->to; at += n) {
		n = read_at(s->p->fd, piece,
			    s->to - at < (off_t)PIECE ? (size_t)(s->to - at) : PIECE, at);
		if (n <= 0)
			return (int)n;
		n = (ssize_t)whole(piece, (size_t)n);
		if (!take_piece(s, piece, (size_t)n, take, arg))
			return 1;
	}
	return 0;
}

static bool remember(void *arg, const char *line, size_t len, const struct lease_event *e)
{
	struct found *f = arg;

	(void)line;
	f->e = *e;
	f->end = (off_t)len;
	return true;
}

/* Finds the last match.  Returns as next_line(). */
static int go_back(const struct search *s, struct found *f)
{
	char *piece = s->h->piece;

	f->end = 0;
	for (off_t to = s->to, at; to > s->from && f->end == 0; to = at) {
		const char *text = piece, *newline;
		ssize_t n;

		at = to - s->from < (off_t)PIECE ? s->from : to - (off_t)PIECE;
		n = read_at(s->p->fd, piece, (size_t)(to - at), at);
		if (n <= 0)
			return (int)n;
		/* The piece begins within a line, which belongs to the piece before.  A line that
		 * fills the whole piece is not valid. */
		if (at > s->from) {
			newline = memchr(piece, '\n', (size_t)n - 1);
			text = newline ? newline + 1 : text;
		}
		take_piece(s, text, (size_t)(piece + n - text), remember, f);
		at += text - piece;
	}
	return f->end > 0;
}

int leasehistory_each(const struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      leasehistory_take *take, void *arg)
{
	struct search s = {.h = h};
	int rc = 0;

	set_word(&s, word);
	for (size_t i = h->n; i-- > 0 && rc == 0;) {
		if (limit(&s, i, since, until) < 0)
			return -1;
		rc = go_forward(&s, take, arg);
	}
	return rc;
}

int leasehistory_last(const struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      struct lease_event *e)
{
	struct search s = {.h = h};
	struct found f;
	int rc = 0;

	set_word(&s, word);
	for (size_t i = 0; i < h->n && rc == 0; i++) {
		if (limit(&s, i, since, until) < 0)
			return -1;
		rc = go_back(&s, &f);
	}
	if (rc > 0)
		*e = f.e;
	return rc;
}
