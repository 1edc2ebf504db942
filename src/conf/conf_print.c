/* conf_print - the canonical form: every value that counts, defaults included, in a fixed order. */
#include <stdarg.h>

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
