/* memstream - a part of a text must not pass for the whole. */
#include "lib/memstream.h"

/* glibc reports success if it has no memory for the final text, and sets it to NULL. */
bool memstream_close(FILE *file, char *const *text)
{
	bool whole = !ferror(file);

	return fclose(file) == 0 && whole && *text;
}
