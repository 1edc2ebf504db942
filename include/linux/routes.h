/* routes - tracks which IPv6 destinations the kernel would route into our own device.  A packet for
 * one of them would come back and loop.
 *
 * Only routes inside or around given prefixes matter, and only in the tables main and local.  They
 * are read at the start.  Later the kernel reports changes, and after a relevant one all routes are
 * read again in small steps, so that no packet has to wait.  No privilege is needed. */
#ifndef NAT64D_ROUTES_H
#define NAT64D_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/lpm.h"

struct routes;

/* Creates the tracking for the device with the index DEVICE, without any routes yet.  NULL without
 * memory. */
struct routes *routes_new(unsigned device);
void routes_free(struct routes *r); /* NULL is fine */

/* Prepares for other prefixes.  From routes_commit() on, routes inside or around one of the N
 * prefixes at SCOPE matter.  Until the kernel's routes are known, the OWNS prefixes at OWN (of
 * either family) count as routed into our device.  Returns 0, or -1 without memory.  Nothing
 * changes before routes_commit(), which cannot fail. */
int routes_prepare(struct routes *r, const struct prefix6 *scope, size_t n,
		   const struct prefix *own, size_t owns);
void routes_commit(struct routes *r, int64_t now);

/* Subscribes to the kernel's notifications and waits until all routes have been read; for use at
 * the start.  Returns 0; or -1 with errno, and then only the routes of the configuration count. */
int routes_load(struct routes *r, int64_t now);

/* Maps an address to 1 if it is routed into our device; 0 or no entry otherwise.  Valid until the
 * next call with R. */
const struct lpm *routes_table(const struct routes *r);

/* Returns how often the content of the table has changed. */
unsigned long routes_changes(const struct routes *r);

/* Descriptors to poll for POLLIN (-1: none); when one is readable or routes_due() (ms) is reached,
 * call routes_serve(). */
int routes_news_fd(const struct routes *r);
int routes_dump_fd(const struct routes *r);
void routes_serve(struct routes *r, int64_t now);
int64_t routes_due(const struct routes *r);

#endif
