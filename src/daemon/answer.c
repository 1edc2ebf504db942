/* answer - quotes text for JSON, and bounds the memory of each answer. */
#include "daemon/answer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for N more bytes and a NUL.  False if there is none. */
static bool grow(struct answer *a, size_t n)
{
	size_t room = a->room ? a->room : 512;
	char *text;

	if (a->cut || a->len + n > ANSWER_MAX) {
		a->cut = true;
		return false;
	}
	if (a->len + n < a->room)
		return true;
	while (room <= a->len + n)
		room *= 2;
	if (room > ANSWER_MAX)
		room = ANSWER_MAX + 1; /* 1 for the NUL */
	text = realloc(a->text, room);
	a->cut = !text;
	if (!text)
		return false;
	a->text = text;
	a->room = room;
	return true;
}

bool answer_reserve(struct answer *a, size_t n)
{
	return n <= a->len || grow(a, n - a->len);
}

void answer_put(struct answer *a, const char *text, size_t len)
{
	if (!grow(a, len))
		return;
	memcpy(a->text + a->len, text, len);
	a->len += len;
	a->text[a->len] = '\0';
}

void answer_add(struct answer *a, const char *format, ...)
{
	size_t left = a->cut ? 0 : a->room - a->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(left > 0 ? a->text + a->len : NULL, left, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < left) { /* the usual case: there is room */
		a->len += (size_t)n;
		return;
	}
	if (left > 0)
		a->text[a->len] = '\0';
	if (n < 0 || !grow(a, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(a->text + a->len, a->room - a->len, format, args);
	va_end(args);
	a->len += (size_t)n;
}

/* Returns the length in bytes of the UTF-8 character at S, or 0 if it is invalid. */
static unsigned utf8(const unsigned char *s)
{
	unsigned n = *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	for (unsigned i = 1; i < n; i++)
		if (s[i] >> 6 != 2)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* Returns how many ASCII characters at S need no quoting. */
static size_t plain(const unsigned char *s)
{
	size_t n = 0;

	while (s[n] >= ' ' && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
		n++;
	return n;
}

/* Adds the character at S and returns its length in bytes. */
static unsigned add_character(struct answer *a, const unsigned char *s)
{
	unsigned n = utf8(s);

	if (*s == '"' || *s == '\\')
		answer_add(a, "\\%c", *s);
	else if (*s < ' ' || *s == 0x7f)
		answer_add(a, "\\u%04x", *s);
	else if (n > 0)
		answer_add(a, "%.*s", (int)n, (const char *)s);
	else
		answer_add(a, "%c", *s < 0x80 ? *s : '?');
	return n > 0 ? n : 1;
}

void answer_json(struct answer *a, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	if (!s) {
		answer_add(a, "null");
		return;
	}
	answer_add(a, "\"");
	while (*p) {
		size_t n = plain(p);

		if (n > 0)
			answer_put(a, (const char *)p, n);
		else
			n = add_character(a, p);
		p += n;
	}
	answer_add(a, "\"");
}

void answer_free(struct answer *a)
{
	free(a->text);
	free(a->state);
	*a = (struct answer){.text = NULL};
}
