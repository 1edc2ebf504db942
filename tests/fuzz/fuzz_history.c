/* fuzz_history - an arbitrary history of leases in two files, compared with a naive reader.
 *
 * An input is leases.log.1 and leases.log, separated by a line "%%".  Linked with libFuzzer
 * (--enable-fuzzer) or with replay.c, which `make check` runs. */
#include <stdlib.h>
#include <string.h>

#include "lease/leasehistory.h"
#include "lease/leaselog.h"

#include "fuzz_check.h"
#include "fuzz_files.h"
#include "replay.h"

#define LINES 4096

static const char *const names[] = {LEASELOG_NAME ".1", LEASELOG_NAME};

/* The valid lines in the order of the files, and whether their times ascend in each. */
struct lines {
	size_t n, next;
	bool ascend;
	struct line {
		const char *text;
		size_t len, part;
		struct lease_event e;
	} at[LINES];
};

/* Selects lines as leasehistory_each() does. */
struct query {
	int64_t since, until;
	const char *word; /* NULL: all */
};

static void read_lines(struct lines *lines, struct span part, size_t number)
{
	const char *text = (const char *)part.p, *newline;
	size_t left = part.len;
	int64_t last = INT64_MIN;

	for (; left > 0 && (newline = memchr(text, '\n', left)); text = newline + 1) {
		struct line line = {.text = text, .len = (size_t)(newline - text), .part = number};

		left -= line.len + 1;
		if (!leaseevent_parse(line.text, line.len, &line.e) || lines->n == LINES)
			continue;
		lines->ascend = lines->ascend && line.e.at >= last;
		last = line.e.at;
		lines->at[lines->n++] = line;
	}
}

static bool has_word(const struct query *q, const struct line *line)
{
	char word[64];
	size_t n = 0;

	if (!q->word)
		return true;
	word[n++] = ' ';
	memcpy(word + n, q->word, strlen(q->word));
	n += strlen(q->word);
	word[n++] = ' ';
	return memmem(line->text, line->len, word, n) != NULL;
}

/* Returns true if line I stands twice: it is the one with the word before. */
static bool is_again(const struct query *q, const struct lines *lines, size_t i)
{
	const struct line *line = &lines->at[i], *before;

	while (i-- > 0 && lines->at[i].part == line->part) {
		before = &lines->at[i];
		if (has_word(q, before))
			return before->len == line->len &&
			       memcmp(before->text, line->text, line->len) == 0;
	}
	return false;
}

static bool wants(const struct query *q, const struct lines *lines, size_t i)
{
	const struct line *line = &lines->at[i];

	return line->e.at >= q->since && line->e.at <= q->until && has_word(q, line) &&
	       !is_again(q, lines, i);
}

struct walk {
	struct lines *lines;
	const struct query *q;
};

/* The next line of the model is this one. */
static bool take(void *arg, const char *text, size_t len, const struct lease_event *e)
{
	const struct walk *w = arg;
	struct lines *l = w->lines;

	while (l->next < l->n && !wants(w->q, l, l->next))
		l->next++;
	EXPECT(l->next < l->n && l->at[l->next].len == len);
	EXPECT(memcmp(l->at[l->next].text, text, len) == 0 && l->at[l->next].e.at == e->at);
	l->next++;
	return true;
}

static void check(struct lines *lines, struct leasehistory *h, const struct query *q)
{
	struct walk w = {lines, q};
	struct lease_event last;
	const struct line *newest = NULL;

	lines->next = 0;
	EXPECT(leasehistory_each(h, q->since, q->until, q->word, take, &w) == 0);
	for (; lines->next < lines->n; lines->next++)
		EXPECT(!wants(q, lines, lines->next));
	for (size_t i = 0; i < lines->n; i++)
		if (wants(q, lines, i))
			newest = &lines->at[i];
	EXPECT(leasehistory_last(h, q->since, q->until, q->word, &last) == (newest != NULL));
	EXPECT(!newest || (last.at == newest->e.at && last.addr == newest->e.addr));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lines lines;
	struct leasehistory *h;
	struct span part[2];

	lines.n = 0;
	lines.ascend = true;
	fuzz_split(data, size, part, 2);
	for (size_t i = 0; i < 2; i++) {
		fuzz_put(names[i], part[i].p, part[i].len);
		read_lines(&lines, part[i], i);
	}
	h = leasehistory_open(fuzz_dir());
	EXPECT(h != NULL);
	check(&lines, h, &(struct query){LEASEHISTORY_FIRST, LEASEHISTORY_LAST, NULL});
	check(&lines, h, &(struct query){LEASEHISTORY_FIRST, LEASEHISTORY_LAST, "192.0.2.1"});
	/* Times never go back within a file; a search by time depends on that. */
	for (size_t i = 0; i < lines.n && i < 8 && lines.ascend; i++) {
		int64_t at = lines.at[i * lines.n / 8 % lines.n].e.at;

		check(&lines, h, &(struct query){at, LEASEHISTORY_LAST, NULL});
		check(&lines, h, &(struct query){at, at, NULL});
		check(&lines, h, &(struct query){LEASEHISTORY_FIRST, at, "2001:db8::2"});
	}
	leasehistory_close(h);
	return 0;
}
