/* conf_print - the canonical form: every value that counts, defaults included, in a fixed order. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conf_impl.h"

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
	print_all((struct conf_out){.conf = c, .file = file});
}

void conf_print_expanded(const struct conf *c, FILE *file)
{
	print_all((struct conf_out){.conf = c, .file = file, .expanded = true});
}

/* What conf_print() prints of D, to be freed; NULL without memory. */
static char *print_one(const struct conf_directive *d, const struct conf *c)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return NULL;
	d->print(&(struct conf_out){.conf = c, .file = file, .row = d});
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

/* Whatever prints alike is the same: a printed configuration can be read again. */
static bool differs(const struct conf_directive *d, const struct conf *a, const struct conf *b)
{
	char *x = print_one(d, a), *y = print_one(d, b);
	bool same = x && y && strcmp(x, y) == 0;

	free(x);
	free(y);
	return !same;
}

const char *conf_needs_restart(const struct conf *a, const struct conf *b, size_t *cursor)
{
	for (const struct conf_directive *d; (d = &conf_directives[*cursor])->name;) {
		++*cursor;
		if (d->restart && differs(d, a, b))
			return d->name;
	}
	return NULL;
}
