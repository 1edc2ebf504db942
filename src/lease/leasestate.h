/* leasestate - the state of the lease file, shared by the files that implement it. */
#ifndef NAT64D_LEASESTATE_H
#define NAT64D_LEASESTATE_H

#include "smallfile.h"
#include "leasesync.h"
#include "lease/leasetext.h"

#define LEASE_BUFFER 65536     /* bytes; records not written yet, usually those of one burst */
#define LEASE_CLEAN  "# clean" /* last line of a file with exact times */

enum lease_trouble {
	TROUBLE_WRITE,
	TROUBLE_SYNC,
	TROUBLE_MOVED,
	TROUBLE_REWRITE,
	TROUBLE_KEEPER,
	TROUBLES,
};

enum lease_rewrite { /* the states of a rewrite; leasefile.c has a diagram */
	REWRITE_NONE,
	REWRITE_OPENING, /* the keeper is creating the temporary file */
	REWRITE_FILLING, /* from here on, records go to both files */
	REWRITE_FILLED,
	REWRITE_PUBLISHING, /* the keeper is renaming it: either file may have the name by now */
	REWRITE_DROPPING,   /* the keeper is removing the temporary file, or will do so */
};

/* A file to which the buffer is written. */
struct lease_sink {
	int fd;       /* -1: none */
	int err;      /* of the last write */
	size_t done;  /* bytes of the buffer that are already in it */
	size_t lines; /* number of its lines, including those in the buffer */
};

struct leasefile {
	int dir; /* locked */
	char *dir_path;
	char *path; /* of the file, for messages */
	struct lease_sink file;
	struct lease_sink temp;
	size_t len; /* bytes in BUFFER */

	struct prefix6 *prefixes; /* as of the last load or maintain */
	size_t prefix_count;
	bool default_due; /* lines without a prefix will follow, and the file does not yet say to
			     which prefix they belong */

	int32_t now;
	/* Unix time when the clock was 0.  It changes only when the wall clock is set, so that a
	 * record that is read and written again keeps its time to the second. */
	int64_t base;

	int trouble[TROUBLES]; /* errno, 0: none */
	int said[TROUBLES];
	int64_t written; /* unix time of the last write */
	uint64_t errors; /* number of failed attempts */
	int32_t write_at,
		write_delay; /* while writing fails: time of the next attempt and interval */

	enum lease_rewrite rewrite;
	const struct pool *pool; /* the pool to which CURSOR refers */
	size_t cursor;
	bool wanted;     /* a rewrite is needed, regardless of the size */
	bool header_due; /* the temporary file is still empty */
	bool unkept;     /* the file is damaged, and must be kept aside before it is rewritten */
	int kept;        /* number of its copy, which is not reported yet; 0: none */
	bool closing;    /* this rewrite is the final one, with exact times */
	bool closed;     /* the final rewrite has succeeded */
	int32_t rewrite_at, rewrite_delay;

	struct small_file small;
	struct leasesync keeper;
	const struct leaselog *log; /* the history, which the keeper writes as well; or NULL */
	bool started;
	int32_t keeper_at;     /* time before which no new keeper is started */
	unsigned long answers; /* of keepers so far */
	int32_t silent_at;     /* the last second that is part of SILENCE */
	unsigned silence;      /* seconds for which the keeper has not answered */
	bool dirty;            /* written to since the last sync */
	int32_t sync_at;

	char news[512];
	char buffer[LEASE_BUFFER];
};

/* Adds one line to the buffer, preceded by a line that names its prefix if necessary.  If the
 * buffer is full, requests a rewrite instead, since the pool contains all leases. */
void leasestate_add(struct leasefile *f, const char *line, size_t len);

/* Copies the prefixes of MAPS.  Returns 1 if they have changed, 0 if not, -1 without memory (then
 * the old ones stay). */
int leasestate_set_prefixes(struct leasefile *f, const struct map_table *maps);

#endif
