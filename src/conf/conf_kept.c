/* conf_kept - reads the files that nat64d itself keeps in data-dir, and that belong to the
 * configuration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "conf_impl.h"

static char *path_of(struct conf_reader *r, const char *name)
{
	size_t size = strlen(r->conf->data_dir) + strlen(name) + 2;
	char *path = malloc(size);

	if (path)
		snprintf(path, size, "%s/%s", r->conf->data_dir, name);
	else
		r->no_memory = true;
	return path;
}

/* A user who only checks the configuration may have no access to data-dir. */
static void complain(struct conf_reader *r, int error, bool opened)
{
	if (error == EACCES && r->diag->judged)
		conf_warn(r, "cannot be read, so it is not checked");
	else
		conf_error(r, "cannot %s: %s%s", opened ? "read" : "open", strerror(error),
			   conf_file_hint(error, ""));
}

/* Without this check, a FIFO or a device would read as an empty file. */
static bool is_something_else(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

void conf_read_kept(struct conf_reader *r, const char *name, char **path)
{
	struct conf_rights was;
	bool opened = false, other;
	int error;

	if (!r->conf->data_dir || r->diag->mapless || r->no_memory || !(*path = path_of(r, name)))
		return;
	r->file = *path;
	conf_rights_lower(&was, *path);
	other = is_something_else(*path);
	error = other ? 0 : conf_read_file(r, *path, &opened);
	conf_rights_restore(&was);
	conf_point(r, 0, NULL);
	r->file = *path;
	if (other)
		conf_error(r, "is not a regular file");
	if (error && error != ENOENT && error != ENOTDIR && error != ENAMETOOLONG)
		complain(r, error, opened);
}
