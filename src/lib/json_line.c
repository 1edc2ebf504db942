/* json_line - parses the JSON lines that nat64d writes itself. */
#include "lib/json_line.h"

#include <stddef.h>
#include <string.h>

/* Returns the value at *P, a string (without quotes) or another value without members, and moves *P
 * after it. Returns NULL if there is none.  *TEXT is set for a string. */
static char *take_value(char **p, bool *text)
{
	char *value = *p, *end;

	*text = *value == '"';
	if (*text) {
		value++;
		end = value + strcspn(value, "\"\\");
		if (*end != '"') /* nat64d's own values need no escapes */
			return NULL;
		*p = end + 1;
		*end = '\0';
		return value;
	}
	end = value + strcspn(value, ",} {[\"");
	*p = end;
	return end > value ? value : NULL;
}

/* Terminates a value without quotes; returns true if another member follows. */
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
