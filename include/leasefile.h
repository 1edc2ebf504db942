/* leasefile - the leases on disk: dynamic.map in Tayga's format, appended to, compacted, recovered.
 *
 * Lines of "IPv4 TAB IPv6 TAB unix-time", and where more than one translation prefix is configured a fourth column with the prefix;
 * '#' begins a comment.  The last line that names an address, or a host and its prefix, is the one that counts.
 * The packet path only ever does one small write(2) to the page cache per burst (kill -9 loses nothing); whatever may wait for a disk (fsync, rename)
 * is done by a child process of ours. */
#ifndef NAT64D_LEASEFILE_H
#define NAT64D_LEASEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "pool.h"

#define LEASEFILE_NAME    "dynamic.map"
#define LEASEFILE_RESTAMP 600 /* seconds: the record of a lease in use is never older */

struct leasefile;

/* Opens the directory DIR and the lease file in it, making the file if there is none.  NULL with one line about what is wrong and
 * what to do in ERR. Nothing is read yet. */
struct leasefile *leasefile_open(const char *dir, char *err, size_t err_size);

/* Reads every lease into POOL (leases that name no prefix belong to the first).  NOW and WALL are this moment by pool.h's clock and in unix time.  Each
 * line that cannot be used is said through SAY with its number, and the file is then kept aside under another name before it is
 * rewritten.  A lease never comes back older than it was.  0, or -1 with errno if the file cannot be read. */
int leasefile_load(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		   int32_t now, int64_t wall, void (*say)(void *arg, const char *line), void *arg);

/* Starts the child that syncs.  After privileges were dropped; before the first commit. 0, or -1 with errno. */
int leasefile_start(struct leasefile *f);

/* Puts L on record at NOW/WALL: into memory now, into the file with the next leasefile_commit(). Sets l->saved. */
void leasefile_append(struct leasefile *f, struct lease *l, int32_t now, int64_t wall);

/* Writes what was appended, with one write(2).  0, or -1 with errno: nothing is lost, it is tried again with the next commit and by leasefile_maintain(). */
int leasefile_commit(struct leasefile *f);

/* Descriptor to poll for POLLIN: the child has news for leasefile_maintain(). */
int leasefile_fd(const struct leasefile *f);

/* Syncs and compacts when due, in small steps; to be called about once a second and when leasefile_fd() is readable.  Returns the milliseconds until
 * it wants to be called again. */
int leasefile_maintain(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		       int32_t now, int64_t wall);

/* Clean stop: rewrites the file with exact times, syncs it, ends the child, and frees F.  0, or -1 with errno (the old file then stands). */
int leasefile_close(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		    int32_t now, int64_t wall);

#endif
