/* command_disk - lets the client of a command wait until the keeper has replaced a file in
 * data-dir. Meanwhile other clients are served. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

/* There is no more to add to the answer. */
static bool no_more(void *arg, struct answer *a)
{
	(void)arg;
	(void)a;
	return false;
}

bool command_write(struct daemon *d, enum lease_file file, char *text, size_t len, struct answer *a)
{
	if (text && leasefile_put(d->leases.file, file, text, len))
		return true;
	answer_add(a, text ? "error another file is still being written; try again\n"
			   : "error out of memory\n");
	free(text);
	return false;
}

void command_wait(struct daemon *d, struct answer *a)
{
	a->stream = STREAM_DISK;
	a->more = no_more;
	daemon_serve_leases(d);
}

void command_end_wait(const struct daemon *d, const struct answer *text)
{
	struct answer *waiting = control_next_stream(d->control, STREAM_DISK, NULL);

	if (!waiting)
		return;
	waiting->stream = STREAM_NONE;
	control_push(d->control, waiting, text->text, text->len);
}

const char *command_disk_trouble(int err)
{
	return err == ECHILD ? "the process that writes it died; it is being restarted"
			     : strerror(err);
}
