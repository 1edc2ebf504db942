/* leasepins - the replacement of pinned.map by the keeper. */
#ifndef NAT64D_LEASEPINS_H
#define NAT64D_LEASEPINS_H

#include <stdbool.h>
#include <stddef.h>

#include "leasesync.h"

enum pins_state {
	PINS_NONE,
	PINS_WANTED, /* the keeper must create a file */
	PINS_FILLED, /* the keeper must publish it */
	PINS_FAILED, /* the keeper must remove it */
	PINS_BUSY,   /* the keeper is doing one of these */
	PINS_DONE,   /* finished, and not reported yet */
};

struct lease_pins {
	enum pins_state state;
	char *text; /* the new content */
	size_t len;
	int fd;  /* of the temporary file, or -1 */
	int err; /* errno */
};

/* Requests that the file gets the LEN bytes of TEXT, which P owns from now on.  False if another
 * request is in progress; then the caller still owns TEXT. */
bool leasepins_put(struct lease_pins *p, char *text, size_t len);

/* Returns true once when the request is finished. *ERR: its errno; 0: the file is on disk. */
bool leasepins_done(struct lease_pins *p, int *err);

/* Gives the next task to KEEPER if it is idle.  The new file gets the owner and mode of the file
 * LIKE. */
void leasepins_step(struct lease_pins *p, struct leasesync *keeper, int like);

/* Handles the keeper's answer A about pinned.map. */
void leasepins_hear(struct lease_pins *p, const struct leasesync_message *a);

void leasepins_close(struct lease_pins *p);

#endif
