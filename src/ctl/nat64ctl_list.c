/* nat64ctl_list - sorts and limits rows, and keeps no more of them in memory than necessary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "nat64ctl_list.h"

struct kept {
	uint64_t key;  /* the row with the largest key comes first */
	size_t number; /* position as received */
	union list_row row;
};

/* The strings of rows, each stored once. */
struct names {
	char **at;
	size_t n;
};

struct list {
	const struct ctl *ctl;
	const struct list_kind *kind;
	const char *place; /* an address or prefix; NULL: all rows */
	unsigned sort;     /* sort key of the kind; 0: unsorted */
	bool reverse, limited;
	size_t limit;
	struct kept
		*kept; /* with a limit: once it is reached, a heap with the last row at the top */
	size_t n, seen;
	struct names names;
	bool failed;
};

/* --- command line --------------------------------------------------------------------------- */

static int bad(const struct list *l, const char *what, const char *which)
{
	ctl_complain("%s: %s%s (see nat64ctl(8))", l->kind->command, what, which);
	return CTL_USAGE;
}

static int read_sort(struct list *l, const char *value)
{
	for (unsigned i = 1; l->kind->sorts[i]; i++)
		if (strcmp(l->kind->sorts[i], value) == 0) {
			l->sort = i;
			return CTL_DONE;
		}
	ctl_complain("%s: --sort takes %s, not %s (see nat64ctl(8))", l->kind->command,
		     l->kind->sorts_text, value);
	return CTL_USAGE;
}

static int read_limit(struct list *l, const char *value)
{
	char *end;

	errno = 0;
	l->limit = strtoul(value, &end, 10);
	l->limited = true;
	if (*value < '0' || *value > '9' || *end || errno || l->limit == 0)
		return bad(l, "--limit takes a number of at least 1, not ", value);
	return CTL_DONE;
}

static int read_place(struct list *l, const char *word)
{
	if (word[0] == '-')
		return bad(l, "unknown option ", word);
	if (l->place)
		return bad(l, "more than one address or prefix: ", word);
	l->place = word;
	return CTL_DONE;
}

static int read_word(struct list *l, char ***word)
{
	const char *value;

	if (strcmp(**word, "--reverse") == 0) {
		l->reverse = true;
		return CTL_DONE;
	}
	if ((value = ctl_value(word, "--sort")))
		return read_sort(l, value);
	if ((value = ctl_value(word, "--limit")))
		return read_limit(l, value);
	return read_place(l, **word);
}

static int read_words(struct list *l)
{
	for (char **word = l->ctl->word + 1; *word; word++) {
		int status = read_word(l, &word);

		if (status != CTL_DONE)
			return status;
	}
	return l->reverse && !l->sort ? bad(l, "--reverse needs --sort", "") : CTL_DONE;
}

/* --- unsorted rows -------------------------------------------------------------------------- */

static bool pass_on(void *arg, char *line)
{
	struct list *l = arg;
	bool row = l->ctl->json || l->seen > 0; /* the first line is the header */

	l->failed = ctl_breaks(l->ctl, line);
	if (l->failed)
		return false;
	if (row && l->limited && l->n == l->limit)
		return false;
	l->n += row;
	l->seen++;
	return ctl_print_line(NULL, line);
}

/* --- sorted rows ---------------------------------------------------------------------------- */

/* Returns true if A comes before B.  Rows with equal keys stay in the order in which they were
 * received. */
static bool before(const struct kept *a, const struct kept *b)
{
	return a->key != b->key ? a->key > b->key : a->number < b->number;
}

static int compare(const void *a, const void *b)
{
	return before(a, b) ? -1 : before(b, a);
}

/* K is a heap of N entries with a free place at I: moves that down to where NEW belongs, and stores
 * NEW. */
static void sink(struct kept *k, size_t n, size_t i, const struct kept *new)
{
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && before(&k[child], &k[child + 1]))
			child++;
		if (!before(new, &k[child]))
			break;
		k[i] = k[child];
	}
	k[i] = *new;
}

static void make_heap(struct kept *k, size_t n)
{
	for (size_t i = n / 2; i-- > 0;) {
		struct kept moved = k[i];

		sink(k, n, i, &moved);
	}
}

static bool keep(struct list *l, const struct kept *new)
{
	struct kept *bigger;

	if (l->limited && l->n == l->limit) {
		if (before(new, &l->kept[0]))
			sink(l->kept, l->n, 0, new);
		return true;
	}
	bigger = array_grow(l->kept, l->n, sizeof(*bigger));
	if (!bigger)
		return false;
	l->kept = bigger;
	l->kept[l->n++] = *new;
	if (l->limited && l->n == l->limit)
		make_heap(l->kept, l->n);
	return true;
}

/* Returns a permanent copy of NAME; NULL without memory, or if NAME is NULL. */
static const char *keep_name(struct names *names, const char *name)
{
	char **bigger;

	for (size_t i = names->n; name && i-- > 0;)
		if (strcmp(names->at[i], name) == 0)
			return names->at[i];
	if (!name || !(bigger = array_grow(names->at, names->n, sizeof(*bigger))))
		return NULL;
	names->at = bigger;
	bigger[names->n] = strdup(name);
	return bigger[names->n] ? bigger[names->n++] : NULL;
}

static bool sort_in(void *arg, char *line)
{
	struct list *l = arg;
	struct kept new = {.number = l->seen++};

	l->failed = ctl_breaks(l->ctl, line);
	if (l->failed)
		return false;
	if (!l->kind->parse(line, &new.row)) {
		ctl_complain("%s: nat64d sent a line that is not a %s", l->kind->command,
			     l->kind->row);
		l->failed = true;
		return false;
	}
	for (int i = 0; i < LIST_TEXTS; i++) {
		const char **text = l->kind->texts[i](&new.row);

		*text = keep_name(&l->names, *text);
	}
	new.key = l->kind->key(l->sort, &new.row);
	if (l->reverse)
		new.key = ~new.key;
	if (keep(l, &new))
		return true;
	ctl_complain("%s: out of memory", l->kind->command);
	l->failed = true;
	return false;
}

static void print_sorted(struct list *l)
{
	char line[LIST_LINE];

	if (l->n > 0)
		qsort(l->kept, l->n, sizeof(*l->kept), compare);
	if (!l->ctl->json) {
		l->kind->header(line);
		fputs(line, stdout);
	}
	for (size_t i = 0; i < l->n; i++) {
		(l->ctl->json ? l->kind->json : l->kind->text)(line, &l->kept[i].row);
		if (fputs(line, stdout) == EOF)
			return;
	}
}

static int finish(struct list *l, struct ctl_reply *r)
{
	bool enough = l->limited && !l->sort &&
		      l->n == l->limit; /* the limit was reached, so the rest was not read */
	int status;

	if (l->failed) {
		fflush(stdout);
		status = CTL_FAILED;
	} else if (r->status != CTL_DONE && !enough) {
		status = ctl_print(l->ctl, r);
	} else {
		if (l->sort)
			print_sorted(l);
		status = ctl_flush();
	}
	for (size_t i = 0; i < l->names.n; i++)
		free(l->names.at[i]);
	free(l->names.at);
	free(l->kept);
	return status;
}

int ctl_list(const struct ctl *c, const struct list_kind *kind)
{
	struct list l = {.ctl = c, .kind = kind, .sort = kind->usual};
	struct ctl_reply r;
	char request[256];
	int status = read_words(&l);

	if (status != CTL_DONE)
		return status;
	snprintf(request, sizeof(request), "%s%s%.200s%s", kind->command, l.place ? " " : "",
		 l.place ? l.place : "", c->json || l.sort ? " --json" : "");
	ctl_each(c, request, false, l.sort ? sort_in : pass_on, &l, &r);
	status = finish(&l, &r);
	ctl_free(&r);
	return status;
}
