/* json_line - decides what is a line of JSON of ours. */
#include "lib/json_line.h"

#include <stddef.h>
#include <string.h>

/* The value at *P: a string without its quotes, or any other one without members; *P is then behind
 * it.  NULL: there is none.  *TEXT: it was a string. */
static char *take_value(char **p, bool *text)
{
	char *value = *p, *end;

	*text = *value == '"';
	if (*text) {
		value++;
		end = value + strcspn(value, "\"\\");
		if (*end != '"') /* none of ours has to be escaped */
			return NULL;
		*p = end + 1;
		*end = '\0';
		return value;
	}
	end = value + strcspn(value, ",} {[\"");
	*p = end;
	return end > value ? value : NULL;
}

/* Ends a value that has no quote of its own; true if another member follows. */
static bool next_member(char **p)
{
	char end = **p;

	if (end == '\0')
		return false;
	*(*p)++ = '\0';
	*p += strspn(*p, " ");
	return end == ',';
}

bool json_line_read(char *line, json_take *take, void *arg)
{
	bool text, more = *line == '{';
	char *p = line + 1;

	while (more) {
		char *key = take_value(&p, &text), *value;

		if (!key || !text || strncmp(p, ": ", 2) != 0)
			return false;
		p += 2;
		value = take_value(&p, &text);
		if (!value)
			return false;
		more = next_member(&p);
		if (!take(arg, key, value, text))
			return false;
	}
	return true;
}
