/* conf_read - splits a file into lines, words and directives, and suggests spellings. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "conf_impl.h"
#include "lib/memstream.h"

/* Reads all of FILE into *TEXT, which the caller frees; a NUL follows it.  Returns 0 or an
 * errno. */
static int read_all(FILE *file, char **text, size_t *len)
{
	FILE *out;
	char some[16384];
	size_t n, total = 0;
	int error;

	*text = NULL;
	out = open_memstream(text, len);
	if (!out)
		return ENOMEM;
	errno = 0;
	while (total <= CONF_FILE_MAX && (n = fread(some, 1, sizeof(some), file)) > 0) {
		fwrite(some, 1, n, out);
		total += n;
	}
	error = total > CONF_FILE_MAX ? EFBIG : ferror(file) ? errno : 0;
	return memstream_close(out, text) ? error : ENOMEM;
}

/* Splits LINE into words, up to a comment, and stores the first CONF_WORDS.  Returns how many
 * words there are.  A carriage return counts as a blank, so files from other systems need no
 * conversion. */
static unsigned split_words(char *line, char *word[CONF_WORDS])
{
	unsigned n = 0;

	for (;;) {
		while (isspace((unsigned char)*line))
			*line++ = '\0';
		if (!*line || *line == '#')
			break;
		if (n < CONF_WORDS)
			word[n] = line;
		n++;
		while (*line && !isspace((unsigned char)*line))
			line++;
	}
	*line = '\0';
	return n;
}

void conf_cut_word(char *word)
{
	if (strlen(word) > WORD_SHOWN)
		strcpy(word + WORD_SHOWN - 3, "...");
}

static unsigned lower_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

#define SPELL_MAX 24 /* letters; longer than any directive */

/* Returns the edit distance from A to B, ignoring case: the number of letters to change, insert,
 * delete or swap with their neighbor. */
static unsigned spell_distance(const char *a, const char *b)
{
	unsigned row[3][SPELL_MAX + 1];
	size_t n = strlen(b);

	for (unsigned j = 0; j <= n; j++)
		row[0][j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned *cur = row[i % 3], *up = row[(i + 2) % 3], *upup = row[(i + 1) % 3];

		cur[0] = i;
		for (size_t j = 1; j <= n; j++) {
			bool same = tolower((unsigned char)a[i - 1]) == b[j - 1];

			cur[j] = lower_of(up[j - 1] + !same, lower_of(up[j], cur[j - 1]) + 1);
			if (i > 1 && j > 1 && tolower((unsigned char)a[i - 1]) == b[j - 2] &&
			    tolower((unsigned char)a[i - 2]) == b[j - 1])
				cur[j] = lower_of(cur[j], upup[j - 2] + 1);
		}
	}
	return row[strlen(a) % 3][n];
}

/* Returns the directive whose spelling is closest to WORD, or NULL if none is close. */
static const char *spell_suggest(const char *word)
{
	unsigned best =
		(unsigned)strlen(word) / 5 + 2; /* at this distance the words are not similar */
	const char *name = NULL;

	if (strlen(word) > SPELL_MAX)
		return NULL;
	for (const struct conf_directive *d = conf_directives; d->name; d++) {
		unsigned distance = spell_distance(word, d->name);

		if (distance < best) {
			best = distance;
			name = d->name;
		}
	}
	return name;
}

/* Returns the directive with the name "A-B", or NULL. */
static const char *spell_joined(const char *a, const char *b)
{
	size_t n = strlen(a);

	for (const struct conf_directive *d = conf_directives; d->name; d++)
		if (strncasecmp(d->name, a, n) == 0 && d->name[n] == '-' &&
		    strcasecmp(d->name + n + 1, b) == 0)
			return d->name;
	return NULL;
}

/* Other programs write "tun-up=yes" and "tun up yes". */
static void complain_unknown(struct conf_reader *r, char **word, unsigned n)
{
	const char *name = n > 1 ? spell_joined(word[0], word[1]) : NULL;
	char *equals;

	r->what = NULL;
	conf_cut_word(word[0]);
	equals = strchr(word[0], '=');
	if (equals)
		*equals = '\0';
	if (!name)
		name = spell_suggest(word[0]);
	if (equals)
		*equals = '=';
	if (!name)
		conf_error(r, "%s: unknown directive (see nat64.conf(5))", word[0]);
	else if (equals && equals[1])
		conf_error(r, "%s: unknown directive (did you mean `%s %s`?)", word[0], name,
			   equals + 1);
	else
		conf_error(r, "%s: unknown directive (did you mean `%s`?)", word[0], name);
}

static bool arguments_ok(struct conf_reader *r, const struct conf_directive *d, unsigned n)
{
	if (n >= d->min && n <= d->max)
		return true;
	if (d->max > 2)
		return conf_error(r, "takes at most %u arguments, not %u (%s %s)", d->max, n,
				  d->name, d->syntax);
	return conf_error(r, "takes %s argument%s, not %u (%s %s)",
			  d->max == 1        ? "one"
			  : d->min == d->max ? "two"
					     : "one or two",
			  d->max == 1 ? "" : "s", n, d->name, d->syntax);
}

/* Records the current line for N accepted items. */
static void note_line(struct conf_reader *r, struct conf_seen *seen, unsigned n)
{
	while (n--) {
		unsigned *at = conf_grow(r, seen->at, seen->n, sizeof(*at));

		if (!at)
			return;
		seen->at = at;
		seen->at[seen->n++] = r->line;
	}
}

/* Returns true if the directive is allowed here and has the right number of arguments; otherwise
 * reports an error. */
static bool may_stand(struct conf_reader *r, struct conf_seen *seen, unsigned n)
{
	if (r->in_map_file && strcmp(r->row->name, "map") != 0)
		return conf_error(r, "only `map` is allowed in a map-file");
	if (r->in_pins && strcmp(r->row->name, "map") != 0)
		return conf_error(r, "only `map` is allowed in " CONF_PINS);
	if (seen->first && !r->row->repeatable)
		return conf_error(r, "duplicate directive; first on line %u", seen->first);
	if (!seen->first)
		seen->first = r->line;
	return arguments_ok(r, r->row, n);
}

static void run_directive(struct conf_reader *r, const struct conf_directive *d, char **arg,
			  unsigned n)
{
	struct conf_seen *seen = &r->conf->seen[d - conf_directives];

	r->what = d->name;
	r->row = d;
	if (!may_stand(r, seen, n)) {
		seen->refused = true;
		return;
	}
	for (unsigned i = 0; i < n && !strstr(d->syntax, "PATH"); i++)
		conf_cut_word(arg[i]);
	arg[n] = NULL;
	if (d->set(r, arg))
		note_line(r, seen, d->each ? n : 1);
	else
		seen->refused = true;
}

void conf_read_initial(struct conf_reader *r)
{
	char line[16], *word[CONF_WORDS + 1];

	for (r->row = conf_directives; r->row->name; r->row++) {
		if (!r->row->initial)
			continue;
		snprintf(line, sizeof(line), "%s", r->row->initial);
		word[split_words(line, word)] = NULL;
		r->row->set(r, word);
	}
}

static void read_line(struct conf_reader *r, char *line, size_t len)
{
	char *word[CONF_WORDS + 1]; /* plus NULL */
	unsigned n;

	r->what = NULL;
	if (memchr(line, '\0', len)) {
		conf_error(r, "the line contains a NUL byte (a configuration is plain text)");
		return;
	}
	n = split_words(line, word);
	if (n == 0)
		return;
	if (r->take) {
		r->take(r, word, n);
		return;
	}
	for (const struct conf_directive *d = conf_directives; d->name; d++) {
		if (strcasecmp(word[0], d->name) == 0) {
			run_directive(r, d, word + 1, n - 1);
			return;
		}
	}
	complain_unknown(r, word, n);
}

static void read_lines(struct conf_reader *r, char *p, size_t len)
{
	char *end = p + len, *next;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3; /* byte order mark */
	for (r->line = 0; p < end && !r->no_memory; p = next) {
		char *nl = memchr(p, '\n', (size_t)(end - p));

		next = nl ? nl + 1 : end;
		if (nl)
			*nl = '\0';
		r->line++;
		read_line(r, p, (size_t)((nl ? nl : end) - p));
	}
}

/* O_NONBLOCK because open() of a FIFO would wait for a writer without limit.  Reading from a
 * FIFO with a writer may block, unless HURRIED. */
/* seccomp: daemon: openat, fcntl, lseek, readv */
static FILE *open_file(const char *path, bool hurried)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return NULL;
	if (!hurried)
		fcntl(fd, F_SETFL, 0);
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

int conf_read_file(struct conf_reader *r, const char *path, bool *opened)
{
	FILE *file = open_file(path, r->diag->hurried);
	char *text = NULL;
	size_t len = 0;
	int error;

	*opened = file != NULL;
	if (!file)
		return errno;
	error = read_all(file, &text, &len);
	fclose(file);
	if (!error)
		read_lines(r, text, len);
	free(text);
	return error;
}
