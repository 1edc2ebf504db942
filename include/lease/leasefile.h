/* leasefile - the leases on disk: dynamic.map in Tayga's format.  Appends records, compacts the
 * file, and recovers the leases from it.
 *
 * A line is "IPv4 TAB IPv6 TAB unix-time".  Where more than one translation prefix is configured, a
 * fourth column has the prefix. '#' begins a comment.  Some comments have a meaning:
 *
 *   # prefix P checksum X
 *                   the following lines without a fourth column belong to the prefix P
 *   # prefix P      the same, for earlier versions, which write this line only
 *   # checksum X    of the next lease, including the comments before it
 *   # since T       the lease of the next line was assigned at the unix time T
 *   # unconfirmed   the lease of the next line is not confirmed
 *   # ended A H     the lease of the address A, which the host H had, has ended
 *
 * Leases without "# unconfirmed" count as confirmed, since Tayga does not write that comment and
 * its hosts must not be at a disadvantage.  The last line for an address, or for a host and its
 * prefix, is the valid one.  If it lacks "# since", an earlier one of the same lease applies. There
 * is no record for a lease that was turned into a map.
 *
 * A lease that does not fit its checksum is reported, and only used if it ends no other lease.
 * Leases without a checksum are those of Tayga, of earlier versions and of editors.
 *
 * If one of the two lines about the prefix is damaged, the other one counts.  If both are valid,
 * but name different prefixes, the one that is configured counts, since leases of other prefixes
 * end; otherwise the one with the checksum.  Either is reported, like any other damage.
 *
 * The packet path only does one small write(2) to the page cache per burst; therefore kill -9 loses
 * nothing.  Operations that may wait for a disk (sync, create, rename, remove) are done by a child
 * process, the keeper.  It is forked, not executed.  A seccomp filter of the daemon must therefore
 * allow a later fork() and the system calls of the keeper, or a dead keeper cannot be restarted.
 *
 * The process must ignore SIGXFSZ; otherwise a file size limit kills it. */
#ifndef NAT64D_LEASEFILE_H
#define NAT64D_LEASEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lease/leaselog.h"
#include "map/map.h"
#include "map/pool.h"

#define LEASEFILE_NAME "dynamic.map"
#define LEASEFILE_KEY  "pool.key"

#define LEASEFILE_STEP 5 /* seconds: a smaller step of the wall clock is taken for rounding */

#define LEASEFILE_ERR 1200 /* room for a message, which may name the directory twice */

struct leasefile;

/* Opens the directory DIR and the lease file in it, which it creates if necessary.  Locks DIR
 * against other daemons; waits up to 2 s for the keeper of a killed one to exit.  Returns NULL with
 * one line about the problem and the remedy in ERR, which calls the directory NAME.  Does not read
 * the file yet. */
struct leasefile *leasefile_open(const char *dir, const char *name, char *err, size_t err_size);

/* Returns true if DIR does not exist.  Then ERR has a line about that, which calls it NAME and says
 * that USER (NULL: the current user) must own it. */
bool leasefile_missing(const char *dir, const char *name, const char *user, char *err,
		       size_t err_size);

/* Returns true if this process could keep leases in the directory DIR.  Changes nothing; otherwise
 * as leasefile_open(). */
bool leasefile_usable(const char *dir, const char *name, char *err, size_t err_size);

/* Handles the secret of pool_set_secret() in the file NAME of the directory, which has 32
 * hexadecimal digits.  Reads it into KEY.  If the file does not exist, creates it with the value of
 * KEY.  If the file cannot be used or created, KEY stays as it is, and SAY gets a line with the
 * cause and the remedy. */
void leasefile_key(struct leasefile *f, const char *name, struct siphash_key *key,
		   void (*say)(void *arg, const char *line), void *arg);

/* Reads the secret from the file PATH, which belongs to the operator and is never created.  Returns
 * 0 and sets OPEN_TO_OTHERS to whether other users can read it.  Or returns -1 with errno (EACCES:
 * this user may not read it) and leaves KEY as it is; ERR then has one line about the cause and the
 * remedy, which calls the file NAME. */
#define LEASEKEY_ERR 1600 /* room for a message, which may name the file four times */
int leasekey_read(const char *path, const char *name, struct siphash_key *key, bool *open_to_others,
		  char err[LEASEKEY_ERR]);

/* Reads all leases into POOL.  Leases without a recorded prefix, as written by Tayga, belong to the
 * first prefix.  OWN6 is ipv6-addr; it and the addresses inside a prefix of MAPS never have a
 * lease.  NOW (by the clock of pool.h) and WALL (unix time) are the current time.
 *
 * Invalid lines are reported to SAY with their number, up to 20 of them; the file is then copied to
 * another name before it is rewritten.  Unless the last stop was clean, a record may be
 * POOL_RESTAMP seconds older than the last use of its lease.  This is added, so that a lease is
 * never restored with a time before its last use.
 *
 * A lease ends if it was unused for longer than POOL keeps it, or if MAPS or POOL do not allow it
 * any more.  ENDED is then called (prefix UINT16_MAX if its prefix is not in MAPS).  Returns 0, or
 * -1 with errno if the file cannot be read or there is no memory. */
int leasefile_load(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		   const struct ip6 *own6, int32_t now, int64_t wall,
		   void (*say)(void *arg, const char *line),
		   void (*ended)(void *arg, const struct lease *l), void *arg);

/* Lets the keeper write the history LOG as well.  Call it before leasefile_start(). */
void leasefile_set_log(struct leasefile *f, const struct leaselog *log);

/* Functions that the keeper calls: ENTER before it does anything for the daemon, with the
 * descriptor of the directory; it exits if that returns false.  WORK at least ten times a second,
 * for tests; NULL: none. */
struct leasefile_hooks {
	bool (*enter)(void *arg, int dir);
	void (*work)(void *arg);
	void *arg;
};
void leasefile_set_hooks(struct leasefile *f, const struct leasefile_hooks *hooks);

/* Starts the keeper.  Call it after privileges were dropped and before the first commit.  Returns
 * 0, or -1 with errno.  EACCES, EPERM and EROFS: this user cannot rewrite the file in its
 * directory.  Others: no process could be created. */
int leasefile_start(struct leasefile *f);

/* Queues a record of L at the time NOW, which the next leasefile_commit() writes to the
 * file.  Updates what pool_record() keeps about L.  After a reload that changed the prefixes, or
 * after the wall clock was set, call leasefile_maintain() first, because it sets the offset from
 * which the unix time of a record is computed. */
void leasefile_append(struct leasefile *f, struct lease *l, int32_t now);

/* Queues a record that L has ended; otherwise as leasefile_append(). */
void leasefile_append_end(struct leasefile *f, const struct lease *l, int32_t now);

/* The files in data-dir that are replaced as a whole. */
enum lease_file {
	LEASE_FILE,  /* the lease file itself */
	LEASE_PINS,  /* pinned.map */
	LEASE_POOLS, /* pools.state */
};

/* Requests that WHICH, a file next to the lease file, is replaced by the LEN bytes of TEXT.  TEXT
 * comes from malloc(), and F owns it from now on.  The replacement is atomic, even if the machine
 * crashes. leasefile_maintain() performs it. leasefile_put_done() returns true once when it is
 * finished, with an errno in *ERR; 0 means it is on disk. leasefile_put() returns false if the
 * previous request, for any of these files, is not finished; the caller then still owns TEXT. */
bool leasefile_put(struct leasefile *f, enum lease_file which, char *text, size_t len);
bool leasefile_put_done(struct leasefile *f, enum lease_file which, int *err);

/* Writes the queued records with one write(2).  Returns 0, or -1 with errno when an error first
 * occurs.  While it lasts, retries are spaced out, and the result is 0.  Nothing is lost: records
 * that cannot be written stay in memory until a later commit or leasefile_maintain() writes them.
 */
int leasefile_commit(struct leasefile *f);

/* Descriptor to poll for POLLIN; then call leasefile_maintain(), since the keeper has reported
 * something.  It changes when a dead keeper is replaced, so do not store it. -1 if there is none.
 */
int leasefile_fd(const struct leasefile *f);

/* Syncs and compacts the file when due, in small steps.  Call it about once a second and when
 * leasefile_fd() is readable.  Returns the ms after which it must be called again. */
int leasefile_maintain(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		       int32_t now, int64_t wall);

/* Returns a line for the log about a change of the file's state that was not reported yet, or
 * NULL.  The line is valid until the next call. *BAD: the state became worse.  Call it after each
 * failed commit and after each leasefile_maintain(). */
const char *leasefile_news(struct leasefile *f, bool *bad);

/* Returns the errno of a current problem, or 0. leasefile_strerror() returns words for it, because
 * ECHILD and ETIME mean here that the keeper has died, or does not answer. */
int leasefile_trouble(const struct leasefile *f);
const char *leasefile_strerror(int trouble);

/* Returns how often the keeper has used the directory so far. */
unsigned long leasefile_answers(const struct leasefile *f);

/* leasefile_written() returns the unix time of the last write to the file, by this or an earlier
 * process. leasefile_errors() returns the number of failed attempts to write, sync or rewrite it
 * since it was opened. */
int64_t leasefile_written(const struct leasefile *f);
uint64_t leasefile_errors(const struct leasefile *f);

/* Clean stop: rewrites the file with exact times, syncs it, ends the keeper, and frees F (may be
 * NULL).  If leasefile_start() was not called, or POOL is NULL, the file stays as it is.  Returns
 * 0, or -1 with errno; then the old file stays and is complete. */
int leasefile_close(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		    int32_t now, int64_t wall);

#endif
