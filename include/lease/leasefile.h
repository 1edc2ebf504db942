/* leasefile - the leases on disk: dynamic.map in Tayga's format, appended to, compacted,
 * recovered.
 *
 * Lines of "IPv4 TAB IPv6 TAB unix-time", and where more than one translation prefix is
 * configured a fourth column with the prefix; '#' begins a comment. One of them, "# prefix P", says
 * whose the lines behind it are that have no fourth column; another, "# since T", at which unix
 * time the lease of the next line was assigned; and "# unconfirmed" directly before a line,
 * that its lease is not confirmed, as all others are: nobody else writes that, and their hosts are
 * not to suffer for it. The last line that names an address, or a host and its prefix, is the one
 * that counts; if it does not say since when, an earlier one of the same lease does. "# ended A"
 * ends the lease of the address A, if there is one. Of a lease that is a map by now nothing is
 * said.
 *
 * The packet path only ever does one small write(2) to the page cache per burst, so that kill -9
 * loses nothing. Whatever may wait for a disk (sync, create, rename, remove) is done by a child
 * process of ours, the keeper. It is forked, not executed: a seccomp filter of the daemon must
 * allow a later fork() and what the keeper calls, or leave the restart of a dead keeper out.
 *
 * The process must ignore SIGXFSZ, or a file size limit kills it. */
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

#define LEASEFILE_STEP 5 /* seconds: when the wall clock moves by no more, that is rounding */

#define LEASEFILE_ERR 1200 /* room for a message, which may name the directory twice */

struct leasefile;

/* Opens the directory DIR and the lease file in it, making the file if there is none, and locks
 * DIR against other daemons (waits up to 2 s for the keeper of one that was killed). NULL with
 * one line about what is wrong and what to do in ERR, which calls the directory NAME. Nothing is
 * read yet. */
struct leasefile *leasefile_open(const char *dir, const char *name, char *err, size_t err_size);

/* Is there no directory DIR?  The line for that, which calls it NAME, is then in ERR; USER (NULL:
 * who we are) is to own it. */
bool leasefile_missing(const char *dir, const char *name, const char *user, char *err,
		       size_t err_size);

/* Could we keep leases in the directory DIR?  Looks, and changes nothing; otherwise as
 * leasefile_open(). */
bool leasefile_usable(const char *dir, const char *name, char *err, size_t err_size);

/* The secret of pool_set_secret(), in the file NAME of the directory: 32 hexadecimal digits.  KEY
 * becomes that of the file; if there is no file, one is made with it.  A file that cannot be used
 * or made is said through SAY, with what to do, and KEY stays. */
void leasefile_key(struct leasefile *f, const char *name, struct siphash_key *key,
		   void (*say)(void *arg, const char *line), void *arg);

/* The same in the file PATH of somebody else, which is never made.  0, and whether it is
 * OPEN_TO_OTHERS; or -1 with errno (EACCES: this user may not read it), KEY stays, and ERR says in
 * one line, which calls the file NAME, what is wrong and what to do. */
#define LEASEKEY_ERR 1600 /* room for a message, which may name the file four times */
int leasekey_read(const char *path, const char *name, struct siphash_key *key, bool *open_to_others,
		  char err[LEASEKEY_ERR]);

/* Reads every lease into POOL (those whose prefix the file does not say, as when Tayga has written
 * it, belong to the first). OWN6 is ipv6-addr, which like the addresses inside a prefix of MAPS
 * never has a lease. NOW and WALL are this moment by pool.h's clock and in unix time. Each line
 * that cannot be used is said through SAY with its number (the first 20 of them), and the file is
 * then kept aside under another name before it is rewritten. A lease never comes back older than it
 * was: unless the last stop was clean, its record may be POOL_RESTAMP seconds behind. What nobody
 * has used for longer than POOL keeps it ends, and ENDED is told; and so does what MAPS or POOL
 * have no place for (its prefix is UINT16_MAX if it is not one of MAPS).  0, or -1 with errno if
 * the file cannot be read or memory is short. */
int leasefile_load(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		   const struct ip6 *own6, int32_t now, int64_t wall,
		   void (*say)(void *arg, const char *line),
		   void (*ended)(void *arg, const struct lease *l), void *arg);

/* The keeper is to write the history LOG as well.  Before leasefile_start(). */
void leasefile_set_log(struct leasefile *f, const struct leaselog *log);

/* Starts the keeper. After the privileges were dropped; before the first commit. 0, or -1 with
 * errno (EACCES, EPERM, EROFS: this user cannot rewrite the file in its directory; others: no
 * process can be had). */
int leasefile_start(struct leasefile *f);

/* Puts L on record at NOW: into memory at once, into the file with the next leasefile_commit().
 * What is on record of L is as pool_record() has it then.  After a reload with other prefixes call
 * leasefile_maintain() first, and likewise after the wall clock was set: the unix time of a record
 * follows what was last said there. */
void leasefile_append(struct leasefile *f, struct lease *l, int32_t now);

/* Puts it on record that the lease of ADDR has ended before its time; otherwise as
 * leasefile_append(). */
void leasefile_append_end(struct leasefile *f, uint32_t addr, int32_t now);

/* Has pinned.map beside the lease file replaced by one with the LEN bytes of TEXT, a block of
 * malloc() that is F's from now on: whole or not at all, also if the machine crashes.
 * leasefile_maintain() does it, and leasefile_pins_done() tells once how it went: *ERR is an errno,
 * 0: it is on disk.  False: the last one is not done yet; TEXT is still the caller's. */
bool leasefile_put_pins(struct leasefile *f, char *text, size_t len);
bool leasefile_pins_done(struct leasefile *f, int *err);

/* Writes what was appended, with one write(2). 0, or -1 with errno when trouble begins; while it
 * lasts, tries are spaced and the answer is 0. Nothing is lost: what cannot be written stays in
 * memory, and is written by a later commit or leasefile_maintain(). */
int leasefile_commit(struct leasefile *f);

/* Descriptor to poll for POLLIN: the keeper has news for leasefile_maintain().  It changes when a
 * dead keeper is replaced, so ask each time; -1: none. */
int leasefile_fd(const struct leasefile *f);

/* Syncs and compacts when due, in small steps; to be called about once a second and when
 * leasefile_fd() is readable.  Returns the milliseconds until it wants to be called again. */
int leasefile_maintain(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		       int32_t now, int64_t wall);

/* What has changed for the worse or for the better since it was last said: a line for the log,
 * valid until the next call; NULL: nothing (more). *BAD: for the worse. Ask after each commit
 * that failed and each leasefile_maintain(). */
const char *leasefile_news(struct leasefile *f, bool *bad);

/* The errno of what is wrong at present, or 0. */
int leasefile_trouble(const struct leasefile *f);

/* When the file was last written, as unix time, by us or by who came before; and how many attempts
 * to write, to sync or to rewrite it have failed since it was opened. */
int64_t leasefile_written(const struct leasefile *f);
uint64_t leasefile_errors(const struct leasefile *f);

/* Clean stop: rewrites the file with exact times, syncs it, ends the keeper, and frees F (NULL
 * is fine). If leasefile_start() has not been called, or POOL is NULL, the file stays as it is.
 * 0, or -1 with errno (the old file then stands, and is complete). */
int leasefile_close(struct leasefile *f, struct pool *pool, const struct map_table *maps,
		    int32_t now, int64_t wall);

#endif
