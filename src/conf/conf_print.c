/* conf_print - prints the canonical form: every effective value, defaults included, in a fixed
 * order. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_impl.h"
#include "lib/memstream.h"

#define MAPS_PART 100

void conf_put(const struct conf_out *out, const char *format, ...)
{
	va_list args;

	fprintf(out->file, "%s ", out->row->name);
	va_start(args, format);
	vfprintf(out->file, format, args);
	va_end(args);
	fputc('\n', out->file);
}

static void print_all(struct conf_out out)
{
	for (out.row = conf_directives; out.row->name; out.row++)
		if (out.row->print)
			out.row->print(&out);
}

void conf_print(const struct conf *c, FILE *file)
{
	print_all((struct conf_out){.conf = c, .file = file, .maps = SIZE_MAX});
}

/* The cursor counts the rows of the table, where the row `map` counts once for each part of the
 * maps. */
bool conf_print_some(const struct conf *c, FILE *file, size_t *cursor)
{
	size_t more = c->own_maps > 0 ? (c->own_maps - 1) / MAPS_PART : 0, at = (*cursor)++;
	size_t map_row = (size_t)(conf_seen(c, "map") - c->seen);
	struct conf_out out = {.conf = c, .file = file, .maps = MAPS_PART};

	if (at > map_row && at <= map_row + more) {
		out.from = (at - map_row) * MAPS_PART;
		at = map_row;
	} else if (at > map_row) {
		at -= more;
	}
	out.row = &conf_directives[at];
	if (out.row->name && out.row->print)
		out.row->print(&out);
	return out.row->name;
}

void conf_print_expanded(const struct conf *c, FILE *file)
{
	print_all((struct conf_out){.conf = c, .file = file, .expanded = true, .maps = SIZE_MAX});
}

/* Returns what conf_print() prints for D, which the caller frees; NULL without memory. */
static char *print_one(const struct conf_directive *d, const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return NULL;
	d->print(&(struct conf_out){.conf = c, .file = file, .row = d, .maps = SIZE_MAX});
	if (memstream_close(file, &text))
		return text;
	free(text);
	return NULL;
}

/* Two values are equal if they print the same, because a printed configuration can be read back.
 * Returns the name of D if they differ, "" without memory, or NULL. */
static const char *differs(const struct conf_directive *d, const struct conf *a,
			   const struct conf *b)
{
	char *x = print_one(d, a), *y = print_one(d, b);
	const char *name = !x || !y ? "" : strcmp(x, y) == 0 ? NULL : d->name;

	free(x);
	free(y);
	return name;
}

const char *conf_needs_restart(const struct conf *a, const struct conf *b, size_t *cursor)
{
	const char *name;

	for (const struct conf_directive *d; (d = &conf_directives[*cursor])->name;) {
		++*cursor;
		name = d->restart ? differs(d, a, b) : NULL;
		if (name)
			return name;
	}
	return NULL;
}
