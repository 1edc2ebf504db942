/* leasehistory - finds lines among millions, in files that may be renamed meanwhile.
 *
 * The newest file is opened first, and then the others in the order of their numbers.  A file that
 * is renamed meanwhile gets a higher number.  Therefore it may be found twice, and is then ignored
 * the second time, but it is never missed.  If there is a newer file at the end, the files are
 * opened again: after two rotations between two calls of open(), a number that is still to come
 * belongs to a newer file, and the order would be wrong.
 *
 * Within a file the times ascend, so a time is found by binary search.  The time of a damaged line
 * may be wrong.  Therefore the search compares the median of three successive lines, which ascends
 * even if one of the three is wrong.  An address is searched as text in large pieces, which takes
 * little longer than reading them. */
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
	unsigned number; /* 0: the newest file */
	bool torn;       /* text follows the last complete line */
	off_t size;      /* size up to the end of the last complete line */
	dev_t device;
	ino_t inode;
};

struct leasehistory {
	char *piece; /* buffer of PIECE bytes */
	size_t n;
	struct part part[LEASELOG_PARTS + 1]; /* the files, newest first */
	struct leasehistory_damage damage;
};

/* A range of a file, and the text and the times to search there. */
struct search {
	const struct leasehistory *h;
	const struct part *p;
	off_t from, to; /* offsets; both at the beginning of a line */
	int64_t since, until;
	char word[WORD];
	size_t word_len;             /* 0: all lines match */
	char before[LEASEEVENT_MAX]; /* the line before, and its time */
	size_t before_len;
	int64_t before_at;
	struct leasehistory_damage damage;
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
static int open_part(struct leasehistory *h, int dir, const char *name, unsigned number)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || is_known(h, &st)) {
		close(fd);
		return 0;
	}
	h->part[h->n] = (struct part){
		.fd = fd,
		.number = number,
		.size = whole_lines(fd, st.st_size),
		.device = st.st_dev,
		.inode = st.st_ino,
	};
	h->part[h->n].torn = h->part[h->n].size < st.st_size;
	h->n++;
	return 0;
}

static int open_parts(struct leasehistory *h, int dir)
{
	char name[32] = LEASELOG_NAME;

	for (unsigned i = 0; i <= LEASELOG_PARTS; i++) {
		if (i > 0)
			snprintf(name, sizeof(name), LEASELOG_NAME ".%u", i);
		if (open_part(h, dir, name, i) < 0)
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

/* Sets *KEY to the median of the times of F and of the two lines after it.  After the last line,
 * all times are later.  Returns 0, or -1 on error. */
static int key_of(const struct part *p, const struct found *f, int64_t *key)
{
	int64_t time[2] = {INT64_MAX, INT64_MAX};
	struct found next = *f;
	int found = 1;

	for (int i = 0; i < 2 && found > 0; i++) {
		found = next_line(p, next.end, p->size, &next);
		if (found > 0)
			time[i] = next.e.at;
	}
	*key = leaseevent_median(f->e.at, time[0], time[1]);
	return found < 0 ? -1 : 0;
}

/* Returns where the first line with a key of at least TIME begins, or the end of all lines; -1 on
 * error.  Before it, all times are earlier, except wrong ones. */
static off_t find_time(const struct part *p, int64_t time)
{
	off_t low = 0, high = p->size, best = p->size;
	struct found f;

	while (low < high) {
		off_t middle = low + (high - low) / 2;
		int found = next_line(p, middle, high, &f);
		int64_t key = 0;

		if (found < 0 || (found > 0 && key_of(p, &f, &key) < 0))
			return -1;
		if (found > 0 && key < time) {
			low = f.end;
			continue;
		}
		if (found > 0)
			best = f.begin;
		high = middle;
	}
	return best;
}

/* Returns where the lines with times of up to TIME end; -1 on error.  Two more lines may have such
 * a time, as the median is at least that of the line after. */
static off_t find_end(const struct part *p, int64_t time)
{
	off_t at = find_time(p, time + 1);
	struct found f;

	for (int i = 0, found = 1; i < 2 && at >= 0 && found > 0; i++) {
		found = next_line(p, at, p->size, &f);
		if (found != 0)
			at = found > 0 ? f.end : -1;
	}
	return at;
}

/* --- lines ---------------------------------------------------------------------------------- */

/* There is damage at the byte AT. */
static void note_damage(struct search *s, off_t at)
{
	if (s->damage.lines++ > 0)
		return;
	s->damage.file = s->p->number;
	s->damage.at = at;
}

/* No line has been read. */
static void forget_before(struct search *s)
{
	s->before_len = 0;
	s->before_at = INT64_MIN;
}

/* Prepares S for file number I.  Returns 0, or -1 on error. */
static int limit(struct search *s, size_t i)
{
	const struct part *p = &s->h->part[i];

	s->p = p;
	s->from = s->since == LEASEHISTORY_FIRST ? 0 : find_time(p, s->since);
	s->to = s->until == LEASEHISTORY_LAST ? p->size : find_end(p, s->until);
	forget_before(s);
	if (p->torn && p->number > 0) /* nobody writes to it any more */
		note_damage(s, p->size);
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

/* Parses the line of LEN bytes at offset AT.  Returns false if it must be left out.  The same line
 * cannot follow itself: a lease that begins again has ended in between. */
static bool read_line(struct search *s, const char *line, size_t len, off_t at,
		      struct lease_event *e)
{
	bool twice = len == s->before_len && memcmp(line, s->before, len) == 0;
	bool good = !twice && leaseevent_parse(line, len, e);

	if (!good || e->at < s->before_at)
		note_damage(s, at);
	if (!good)
		return false;
	memcpy(s->before, line, len);
	s->before_len = len;
	s->before_at = e->at;
	return e->at >= s->since && e->at <= s->until;
}

/* Passes the matching lines among the N bytes at TEXT, which are at offset AT, to TAKE.  False if
 * TAKE stopped. */
static bool take_piece(struct search *s, const char *text, size_t n, off_t at,
		       leasehistory_take *take, void *arg)
{
	const char *from = text, *line;
	struct lease_event e;
	size_t len;

	while ((len = match(s, &from, text + n, &line)))
		if (read_line(s, line, len - 1, at + (line - text), &e) &&
		    !take(arg, line, len - 1, &e))
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

static int go_forward(struct search *s, leasehistory_take *take, void *arg)
{
	char *piece = s->h->piece;
	ssize_t n;

	for (off_t at = s->from; at < s->to; at += n) {
		n = read_at(s->p->fd, piece,
			    s->to - at < (off_t)PIECE ? (size_t)(s->to - at) : PIECE, at);
		if (n <= 0)
			return (int)n;
		n = (ssize_t)whole(piece, (size_t)n);
		if (s->word_len == 0 && piece[n - 1] != '\n')
			note_damage(s, at);
		if (!take_piece(s, piece, (size_t)n, at, take, arg))
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
static int go_back(struct search *s, struct found *f)
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
		at += text - piece;
		forget_before(s);
		take_piece(s, text, (size_t)(piece + n - text), at, remember, f);
	}
	return f->end > 0;
}

static void keep_damage(struct leasehistory *h, const struct search *s)
{
	if (s->damage.lines > h->damage.lines)
		h->damage = s->damage;
}

int leasehistory_each(struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      leasehistory_take *take, void *arg)
{
	struct search s = {.h = h, .since = since, .until = until};
	int rc = 0;

	set_word(&s, word);
	for (size_t i = h->n; i-- > 0 && rc == 0;)
		rc = limit(&s, i) < 0 ? -1 : go_forward(&s, take, arg);
	keep_damage(h, &s);
	return rc;
}

int leasehistory_last(struct leasehistory *h, int64_t since, int64_t until, const char *word,
		      struct lease_event *e)
{
	struct search s = {.h = h, .since = since, .until = until};
	struct found f;
	int rc = 0;

	set_word(&s, word);
	for (size_t i = 0; i < h->n && rc == 0; i++)
		rc = limit(&s, i) < 0 ? -1 : go_back(&s, &f);
	keep_damage(h, &s);
	if (rc > 0)
		*e = f.e;
	return rc;
}

const struct leasehistory_damage *leasehistory_damage(const struct leasehistory *h)
{
	return &h->damage;
}
