/* routes - which IPv6 destinations the kernel would route into our own device: a packet for one of
 * them would come back to us, and circle.
 *
 * Only routes inside or around a translation prefix or the IPv6 side of a map matter, of the tables
 * main and local.  They are
 * read at the start; afterwards the kernel tells of changes, and after one that matters all are
 * read again, a piece at a time, so that no packet waits.  None of it needs a right. */
#ifndef NAT64D_ROUTES_H
#define NAT64D_ROUTES_H

#include <stdint.h>

#include "lib/lpm.h"
#include "map/map.h"
#include "linux/setup.h"

struct routes;

/* What there is to know about the device with the index DEVICE: nothing yet.  NULL without memory.
 */
struct routes *routes_new(unsigned device);
void routes_free(struct routes *r); /* NULL is fine */

/* Makes ready for other prefixes, those of MAPS, and for the routes that S asks for, which count
 * until the kernel's are known.  0, or -1 without memory.  Nothing changes before routes_commit(),
 * which cannot fail; MAPS must stay until the next one. */
int routes_prepare(struct routes *r, const struct map_table *maps, const struct setup *s);
void routes_commit(struct routes *r, int64_t now);

/* Begins to listen to the kernel, and waits until all routes have been read: for a start.  0; or -1
 * with errno, and what the configuration asks for is all that counts. */
int routes_load(struct routes *r, int64_t now);

/* Value 1: into our device; 0 or none: elsewhere.  Valid until the next call with R. */
const struct lpm *routes_table(const struct routes *r);

/* Descriptors to poll for POLLIN (-1: none), then routes_serve(); and when it is due (ms). */
int routes_news_fd(const struct routes *r);
int routes_dump_fd(const struct routes *r);
void routes_serve(struct routes *r, int64_t now);
int64_t routes_due(const struct routes *r);

#endif
