/* leasestate - the state of the lease file, which its parts share. */
#ifndef NAT64D_LEASESTATE_H
#define NAT64D_LEASESTATE_H

#include "leasepins.h"
#include "leasesync.h"
#include "leasetext.h"

#define LEASE_BUFFER 65536     /* records not yet written: those of a burst, mostly */
#define LEASE_CLEAN  "# clean" /* last line of a file with exact times */

enum lease_trouble {
	TROUBLE_WRITE,
	TROUBLE_SYNC,
	TROUBLE_MOVED,
	TROUBLE_REWRITE,
	TROUBLE_KEEPER,
	TROUBLES,
};

enum lease_rewrite { /* leasefile.c has them in a drawing */
	REWRITE_NONE,
	REWRITE_OPENING, /* the keeper makes the temporary */
	REWRITE_FILLING, /* from here on, records go to both files */
	REWRITE_FILLED,
	REWRITE_PUBLISHING, /* the keeper renames: either file may bear the name by now */
	REWRITE_DROPPING,   /* the keeper removes the temporary, or will */
};

/* A file that the buffer goes to. */
struct lease_sink {
	int fd;       /* -1: none */
	int err;      /* of the last write */
	size_t done;  /* bytes of the buffer that are in it */
	size_t lines; /* with those of the buffer */
};

struct leasefile {
	int dir; /* locked */
	char *dir_path;
	char *path; /* of the file, as messages call it */
	struct lease_sink file;
	struct lease_sink temp;
	size_t len; /* of what is in BUFFER */

	struct prefix6 *prefixes; /* as of the last load or maintain */
	size_t prefix_count;
	bool default_due; /* lines without prefix are to come, and the file does not say whose */

	int32_t now;
	/* Unix time at 0 of the clock.  It moves only when the wall clock is set, so that a record
	 * that is read and written again keeps its time to the second. */
	int64_t base;

	int trouble[TROUBLES]; /* errno, 0: well */
	int said[TROUBLES];
	int64_t written;               /* unix time: when something was last written */
	uint64_t errors;               /* attempts that have failed */
	int32_t write_at, write_delay; /* next try and space between tries, in trouble */

	enum lease_rewrite rewrite;
	const struct pool *pool; /* that CURSOR is about */
	size_t cursor;
	bool wanted;     /* a rewrite is needed, whatever the size */
	bool header_due; /* nothing is in the temporary yet */
	bool closing;    /* this rewrite is the last one, with exact times */
	bool closed;     /* and it is done */
	int32_t rewrite_at, rewrite_delay;

	struct lease_pins pins;
	struct leasesync keeper;
	const struct leaselog *log; /* that the keeper writes as well; NULL: none */
	bool started;
	int32_t keeper_at; /* no new one before */
	bool dirty;        /* written since the last sync */
	int32_t sync_at;

	char news[512];
	char buffer[LEASE_BUFFER];
};

/* Adds one line to the buffer, behind one that names its prefix if that is due. If it is full, a
 * rewrite will have to do: the pool knows everything. */
void leasestate_add(struct leasefile *f, const char *line, size_t len);

/* Takes over the prefixes of MAPS: 1 if they have changed, 0 if not, -1 without memory (the old
 * ones stand). */
int leasestate_set_prefixes(struct leasefile *f, const struct map_table *maps);

#endif
