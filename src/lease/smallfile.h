/* smallfile - the replacement of a small file beside the lease file by the keeper. */
#ifndef NAT64D_SMALLFILE_H
#define NAT64D_SMALLFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "leasesync.h"

enum small_state {
	SMALL_NONE,
	SMALL_WANTED, /* the keeper must create a file */
	SMALL_FILLED, /* the keeper must publish it */
	SMALL_FAILED, /* the keeper must remove it */
	SMALL_BUSY,   /* the keeper is doing one of these */
	SMALL_DONE,   /* finished, and not reported yet */
};

struct small_file {
	enum small_state state;
	enum lease_file which;
	char *text; /* the new content */
	size_t len;
	int fd;  /* of the temporary file, or -1 */
	int err; /* errno */
};

/* Requests that the file WHICH gets the LEN bytes of TEXT, which P owns from now on.  False if
 * another request is in progress; then the caller still owns TEXT. */
bool smallfile_put(struct small_file *p, enum lease_file which, char *text, size_t len);

/* Returns true once when a request for the file WHICH is finished. *ERR: its errno; 0: the file is
 * on disk. */
bool smallfile_done(struct small_file *p, enum lease_file which, int *err);

/* Gives the next task to KEEPER if it is idle.  The new file gets the owner and mode of the file
 * LIKE. */
void smallfile_step(struct small_file *p, struct leasesync *keeper, int like);

/* Handles the keeper's answer A about a small file. */
void smallfile_hear(struct small_file *p, const struct leasesync_message *a);

void smallfile_close(struct small_file *p);

#endif
