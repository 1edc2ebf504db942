/* command_maps - answers `maps` and `config`: lists the maps and the configuration in effect. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "lib/memstream.h"

#define SLICE_US   200   /* maximum time for which a listing delays packets */
#define SLICE_LEN  32768 /* bytes */
#define CLOCK_EACH 16    /* number of lines between reads of the clock */

static const char changed[] = "the configuration changed in the meantime; the list is not complete";

static unsigned long epoch(const struct daemon *d)
{
	return d->reload.changes + d->pins.changes;
}

/* --- maps ------------------------------------------------------------------------------------- */

struct map_list {
	bool json;
	const char *file; /* the file whose quoted name is in QUOTED */
	struct answer quoted;
};

static const char *quote_file(struct map_list *s, const char *file)
{
	if (s->file != file) {
		answer_free(&s->quoted);
		answer_json(&s->quoted, file);
		answer_put(&s->quoted, "", 1);
	}
	s->file = file;
	return s->quoted.text ? s->quoted.text : "null";
}

static void add_map(const struct conf *c, size_t i, struct map_list *s, struct answer *a)
{
	const struct map *m = map_at(c->maps, i);
	struct conf_place at = conf_place(c, "map", i);
	char p4[ADDR_TEXT], p6[ADDR_TEXT];

	addr_text_prefix4(p4, &m->p4);
	addr_text_prefix6(p6, &m->p6);
	if (s->json)
		answer_add(a, "{\"ipv4\": \"%s\", \"ipv6\": \"%s\", \"file\": %s, \"line\": %u}\n",
			   p4, p6, quote_file(s, at.file), at.line);
	else
		answer_add(a, "%-18s %-43s %7u %s\n", p4, p6, at.line, at.file);
}

static bool add_maps(const struct daemon *d, struct map_list *s, struct answer *a)
{
	const struct conf *c = d->active->conf;
	int64_t end = clock_us() + SLICE_US;

	if (a->epoch != epoch(d)) {
		answer_add(a, s->json ? "{\"error\": \"%s\"}\n" : "error: %s\n", changed);
		return false;
	}
	for (unsigned i = 1; a->cursor < map_count(c->maps) && a->len < SLICE_LEN; i++) {
		add_map(c, a->cursor++, s, a);
		if (i % CLOCK_EACH == 0 && clock_us() >= end)
			break;
	}
	return a->cursor < map_count(c->maps);
}

static bool more_maps(void *arg, struct answer *a)
{
	struct map_list s = {.json = a->state != NULL};
	bool more = add_maps(arg, &s, a);

	answer_free(&s.quoted);
	return more;
}

/* Stores in A whether JSON is wanted.  False without memory; A then has a message. */
static bool remember_json(const struct control_request *r, struct answer *a)
{
	a->state = r->json ? malloc(1) : NULL;
	if (r->json && !a->state)
		answer_add(a, "error out of memory\n");
	return !r->json || a->state;
}

void command_maps(void *arg, const struct control_request *r, struct answer *a)
{
	if (!remember_json(r, a))
		return;
	answer_add(a, "ok\n");
	if (!r->json)
		answer_add(a, "%-18s %-43s %7s %s\n", "IPV4", "IPV6", "LINE", "FILE");
	a->more = more_maps;
	a->epoch = epoch(arg);
}

/* --- config ----------------------------------------------------------------------------------- */

static void add_line(struct answer *a, bool json, char *line)
{
	char *value = line + strcspn(line, " ");

	if (!json) {
		answer_add(a, "%s\n", line);
		return;
	}
	if (*value)
		*value++ = '\0';
	answer_add(a, "{\"directive\": \"%s\", \"value\": ", line);
	answer_json(a, value);
	answer_add(a, "}\n");
}

static void add_error(struct answer *a, const char *what)
{
	answer_add(a, a->state ? "{\"error\": \"%s\"}\n" : "error: %s\n", what);
}

/* Adds the next lines.  False if those were the last, or if there is no memory. */
static bool more_config(void *arg, struct answer *a)
{
	const struct daemon *d = arg;
	char *text = NULL, *line, *rest;
	bool more = false, whole = false;
	size_t len;
	FILE *file;

	if (a->epoch != epoch(d)) {
		add_error(a, changed);
		return false;
	}
	file = open_memstream(&text, &len);
	if (file) {
		more = conf_print_some(d->active->conf, file, &a->cursor);
		whole = memstream_close(file, &text);
	}
	if (whole)
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			add_line(a, a->state != NULL, line);
	else
		add_error(a, "out of memory"); /* a part must not pass for the whole */
	free(text);
	return whole && more;
}

void command_config(void *arg, const struct control_request *r, struct answer *a)
{
	if (!remember_json(r, a))
		return;
	answer_add(a, "ok\n");
	a->more = more_config;
	a->epoch = epoch(arg);
}
