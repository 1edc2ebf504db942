/* leasepins - pinned.map, as the keeper replaces it. */
#ifndef NAT64D_LEASEPINS_H
#define NAT64D_LEASEPINS_H

#include <stdbool.h>
#include <stddef.h>

#include "leasesync.h"

enum pins_state {
	PINS_NONE,
	PINS_WANTED, /* the keeper is to make a file */
	PINS_FILLED, /* the keeper is to publish it */
	PINS_FAILED, /* the keeper is to remove it */
	PINS_BUSY,   /* the keeper does one of these */
	PINS_DONE,   /* and nobody has heard of it yet */
};

struct lease_pins {
	enum pins_state state;
	char *text; /* what it is to have */
	size_t len;
	int fd;  /* of the temporary, or -1 */
	int err; /* errno */
};

/* The file is to have the LEN bytes of TEXT, which is P's from now on.  False: it is busy with
 * another, and TEXT is still the caller's. */
bool leasepins_put(struct lease_pins *p, char *text, size_t len);

/* Has that been done, or failed?  Tells it once; *ERR: the errno, 0: it is on disk. */
bool leasepins_done(struct lease_pins *p, int *err);

/* Asks KEEPER for what comes next, if it is idle; LIKE: a file whose owner and mode the new one
 * gets. */
void leasepins_step(struct lease_pins *p, struct leasesync *keeper, int like);

/* The keeper has answered A, about the pins. */
void leasepins_hear(struct lease_pins *p, const struct leasesync_message *a);

void leasepins_close(struct lease_pins *p);

#endif
