/* control_request - parses requests, finds the command, and checks the permission. */
#include <string.h>

#include "daemon/control.h"

static const char json_word[] = "--json";

/* Only printable ASCII characters, blanks and tabs are valid. */
static bool is_clean(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] > '~' || (line[i] < ' ' && line[i] != '\t'))
			return false;
	return true;
}

static bool refuse(struct answer *a, const char *why)
{
	answer_add(a, "usage %s\n", why);
	return false;
}

/* Returns the next word at *AT and advances *AT past it; NULL if there is none. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	size_t n = strcspn(word, " \t");

	if (n == 0)
		return NULL;
	*at = word + n + (word[n] != '\0');
	word[n] = '\0';
	return word;
}

bool control_parse(struct control_request *r, char *line, size_t len, struct answer *a)
{
	char *word;

	r->words = 0;
	r->json = false;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (!is_clean(line, len))
		return refuse(a, "a request is one line of words without control characters");
	line[len] = '\0';
	while ((word = next_word(&line))) {
		if (strcmp(word, json_word) == 0)
			r->json = true;
		else if (r->words == CONTROL_WORDS)
			return refuse(a, "too many words");
		else
			r->word[r->words++] = word;
	}
	return r->words > 0 || refuse(a, "no command (try status)");
}

static const struct control_command *find(const struct control_command *table, size_t n,
					  const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

void control_run(const struct control_command *table, size_t n, void *arg,
		 const struct control_request *r, struct answer *a)
{
	const struct control_command *c = find(table, n, r->word[0]);
	unsigned given = r->words - 1;

	if (!c) {
		answer_add(a, "usage %.60s: unknown command (known commands:", r->word[0]);
		for (size_t i = 0; i < n; i++)
			answer_add(a, " %s", table[i].name);
		answer_add(a, ")\n");
	} else if (given < c->least || given > c->most) {
		answer_add(a, "usage %s%s%s\n", c->name, c->syntax[0] ? " " : "", c->syntax);
	} else if (c->changes && !r->may_change) {
		answer_add(a,
			   "error %s: not permitted (only root and the user of nat64d may make "
			   "changes)\n",
			   c->name);
	} else {
		c->run(arg, r, a);
	}
}
