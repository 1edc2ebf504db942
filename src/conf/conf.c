/* conf - loads a configuration: the order of reading and checking, messages and memory. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_impl.h"
#include "lib/array.h"

/* If the file is something else, every line is an error.  A million messages would delay packets
 * and fill the disk. */
#define MOST_SAID 1000

#define LINE_MAX_LEN (2 * CONF_SHORT + 512) /* a message names at most two files */

const char *conf_short(char buf[CONF_SHORT], const char *path)
{
	static const char gap[] = "...";
	size_t len = strlen(path), half = (CONF_SHORT - sizeof(gap)) / 2;

	if (len < CONF_SHORT)
		return path;
	snprintf(buf, CONF_SHORT, "%.*s%s%s", (int)half, path, gap, path + len - half);
	return buf;
}

/* Messages quote the file and go to terminals and logs.  Replace control characters, which could
 * change the state of a terminal. */
static void make_harmless(char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			*s = '?';
}

static void say(const struct conf_reader *r, bool error, const char *text)
{
	char line[LINE_MAX_LEN], number[16] = "", file[CONF_SHORT];
	struct conf_diag *d = r->diag;
	int place;

	if (r->line)
		snprintf(number, sizeof(number), ":%u", r->line);
	place = snprintf(line, sizeof(line), "%s%s: ", conf_short(file, r->file), number);
	snprintf(line + place, sizeof(line) - (size_t)place, "%s%s%s", r->what ? r->what : "",
		 r->what ? ": " : "", text);
	d->file = r->file;
	d->line = r->line;
	d->text = line + place;
	d->say(d->arg, error, line);
}

bool conf_error(struct conf_reader *r, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_harmless(text);
	if (r->diag->errors++ < MOST_SAID)
		say(r, true, text);
	return false;
}

void conf_warn(struct conf_reader *r, const char *format, ...)
{
	char text[LINE_MAX_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	make_harmless(text);
	if (r->diag->warnings++ < MOST_SAID)
		say(r, false, text);
}

/* Reports how many of the N messages were suppressed. */
static void say_rest(const struct conf_reader *r, bool error, unsigned n)
{
	char text[64];

	snprintf(text, sizeof(text), "%u more %s", n - MOST_SAID, error ? "errors" : "warnings");
	if (n > MOST_SAID)
		say(r, error, text);
}

struct conf_seen *conf_seen(const struct conf *c, const char *name)
{
	size_t i = 0;

	while (strcmp(conf_directives[i].name, name) != 0)
		i++;
	return &c->seen[i];
}

unsigned conf_first(const struct conf_reader *r, const char *name)
{
	return conf_seen(r->conf, name)->first;
}

unsigned conf_line_of(const struct conf_reader *r, const char *name, size_t i)
{
	return conf_seen(r->conf, name)->at[i];
}

struct conf_place conf_place(const struct conf *c, const char *name, size_t i)
{
	const struct conf_seen *seen = conf_seen(c, name);
	bool map = strcmp(name, "map") == 0;

	return (struct conf_place){
		.file = map && i >= c->first_pin  ? c->pin_file
			: map && i >= c->own_maps ? c->map_file
						  : c->path,
		.line = i < seen->n ? seen->at[i] : 0,
	};
}

void conf_point(struct conf_reader *r, unsigned line, const char *name)
{
	r->file = r->conf->path;
	r->line = line;
	r->what = name;
}

void conf_point_first(struct conf_reader *r, const char *name)
{
	conf_point(r, conf_first(r, name), name);
}

void conf_point_at(struct conf_reader *r, const char *name, size_t i)
{
	conf_point(r, conf_line_of(r, name, i), name);
}

void conf_say_data_dir(char line[CONF_LINE], const struct conf *c, const char *what)
{
	char file[CONF_SHORT], number[16] = "";

	if (c->data_dir_line)
		snprintf(number, sizeof(number), ":%u", c->data_dir_line);
	snprintf(line, CONF_LINE, "%s%s: data-dir: %s", conf_short(file, c->path), number, what);
}

void *conf_grow(struct conf_reader *r, void *p, size_t n, size_t size)
{
	void *bigger = array_grow(p, n, size);

	if (!bigger)
		r->no_memory = true;
	return bigger;
}

bool conf_append4(struct conf_reader *r, struct prefix4 **array, size_t *n, const struct prefix4 *p)
{
	struct prefix4 *bigger = conf_grow(r, *array, *n, sizeof(*p));

	if (!bigger)
		return false;
	*array = bigger;
	bigger[(*n)++] = *p;
	return true;
}

bool conf_copy(struct conf_reader *r, const char *s, char **out)
{
	*out = strdup(s);
	if (!*out)
		r->no_memory = true;
	return *out;
}

static struct conf *conf_new(const char *path)
{
	struct conf *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->path = strdup(path);
	c->maps = map_table_new();
	c->first_pin = SIZE_MAX; /* until pinned.map is read */
	c->seen = calloc(CONF_DIRECTIVES, sizeof(*c->seen));
	if (c->path && c->maps && c->seen)
		return c;
	conf_free(c);
	return NULL;
}

void conf_free(struct conf *c)
{
	if (!c)
		return;
	for (size_t i = 0; c->seen && i < CONF_DIRECTIVES; i++)
		free(c->seen[i].at);
	free(c->seen);
	map_table_free(c->maps);
	free(c->path);
	free(c->pool);
	free(c->pool_key);
	free(c->allow);
	lpm_free(c->allow_table);
	free(c->deny);
	lpm_free(c->deny_table);
	free(c->translatable);
	lpm_free(c->translatable_table);
	free(c->data_dir);
	free(c->map_file);
	free(c->pin_file);
	free(c->pools_file);
	free(c->role);
	free(c->control);
	free(c->control_group);
	free(c->tun_ip);
	free(c->tun_route);
	free(c);
}

const char *conf_file_hint(int error, const char *missing)
{
	if (error == ENOENT)
		return missing;
	if (error == EACCES)
		return " (the user that nat64d runs as needs permission: chmod a+r or chgrp, and "
		       "chmod a+x on its directory)";
	if (error == EISDIR)
		return " (name a file in it)";
	if (error == EFBIG)
		return " (the limit is 64 MiB)";
	if (error == EAGAIN)
		return " (a reload does not wait for the program that writes to it)";
	return "";
}

/* Frees the spare space of the line arrays, which is large after a million maps. */
static void trim_lines(struct conf *c)
{
	for (size_t i = 0; i < CONF_DIRECTIVES; i++) {
		struct conf_seen *seen = &c->seen[i];
		unsigned *at = seen->n ? realloc(seen->at, seen->n * sizeof(*at)) : NULL;

		if (at)
			seen->at = at;
	}
}

static void complain_file(struct conf_reader *r, int error, bool opened)
{
	r->line = 0;
	r->what = NULL;
	conf_error(r, "cannot %s: %s%s", opened ? "read" : "open", strerror(error),
		   conf_file_hint(error,
				  " (see nat64.conf(5); tayga.conf.example is a starting point)"));
}

static void read_and_check(struct conf_reader *r, const char *state_dir)
{
	bool opened;
	int error = conf_read_file(r, r->conf->path, &opened);

	if (error)
		complain_file(r, error, opened);
	else
		conf_check(r, state_dir);
}

struct conf *conf_load(const char *path, const char *state_dir, struct conf_diag *diag)
{
	struct conf_reader r = {.diag = diag, .file = path};

	diag->errors = diag->warnings = 0;
	r.conf = conf_new(path);
	if (r.conf) {
		r.file = r.conf->path;
		conf_read_initial(&r);
		read_and_check(&r, state_dir);
	}
	r.file = path;
	r.line = 0;
	r.what = NULL;
	if (!r.conf || r.no_memory)
		conf_error(&r, "out of memory");
	say_rest(&r, false, diag->warnings);
	say_rest(&r, true, diag->errors);
	if (diag->errors == 0) {
		trim_lines(r.conf);
		return r.conf;
	}
	conf_free(r.conf);
	return NULL;
}
