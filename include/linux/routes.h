/* routes - which IPv6 destinations the kernel would route into our own device: a packet for one of
 * them would come back to us, and circle.
 *
 * Only routes inside or around given prefixes matter, of the tables main and local.  They are read
 * at the start; afterwards the kernel tells of changes, and after one that matters all are read
 * again, a piece at a time, so that no packet waits.  None of it needs a right. */
#ifndef NAT64D_ROUTES_H
#define NAT64D_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/lpm.h"

struct routes;

/* What there is to know about the device with the index DEVICE: nothing yet.  NULL without memory.
 */
struct routes *routes_new(unsigned device);
void routes_free(struct routes *r); /* NULL is fine */

/* Prepares for other prefixes: the routes inside or around one of the N at SCOPE matter, and the
 * OWNS prefixes at OWN, of either family, lead into our device until the kernel's routes are known.
 * 0, or -1 without memory.  Nothing changes before routes_commit(), which cannot fail. */
int routes_prepare(struct routes *r, const struct prefix6 *scope, size_t n,
		   const struct prefix *own, size_t owns);
void routes_commit(struct routes *r, int64_t now);

/* Begins to listen to the kernel, and waits until all routes have been read: for a start.  0; or -1
 * with errno, and what the configuration asks for is all that counts. */
int routes_load(struct routes *r, int64_t now);

/* Value 1: into our device; 0 or none: elsewhere.  Valid until the next call with R. */
const struct lpm *routes_table(const struct routes *r);

/* How often the table has changed; not how often it was read. */
unsigned long routes_changes(const struct routes *r);

/* Descriptors to poll for POLLIN (-1: none), then routes_serve(); and when it is due (ms). */
int routes_news_fd(const struct routes *r);
int routes_dump_fd(const struct routes *r);
void routes_serve(struct routes *r, int64_t now);
int64_t routes_due(const struct routes *r);

#endif
