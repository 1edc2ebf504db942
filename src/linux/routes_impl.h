/* routes_impl - what the files of routes, and their tests, share. */
#ifndef NAT64D_ROUTES_IMPL_H
#define NAT64D_ROUTES_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/wire.h"
#include "linux/routes.h"

struct route6 {
	struct prefix6 to;
	uint32_t metric; /* the lower one counts */
	bool local;      /* in the table that is asked before all others */
	bool ours;       /* into our device */
};

struct route_list {
	struct route6 *at;
	size_t n;
	bool broken; /* memory was short: something is missing */
};

/* Which routes matter. */
struct route_scope {
	struct prefix6 *prefix; /* those inside or around one of these; by address, none overlaps */
	size_t n;
};

struct routes {
	unsigned device;
	struct route_scope scope, next_scope;
	struct lpm *table, *next_table;
	unsigned long changes;          /* of TABLE */
	struct route_list known, found; /* what TABLE was made of; what a dump has brought so far */
	int news, dump;                 /* sockets, or -1 */
	uint32_t seq;                   /* of the last dump asked for */
	bool dumping;
	int error;        /* why the last dump failed, or 0 */
	bool stale;       /* something has changed that matters */
	bool torn;        /* the dump may lack something: the kernel's table changed meanwhile */
	bool outdated;    /* the dump is about prefixes of before */
	unsigned repeats; /* dumps asked for again because they were torn */
	int64_t now, asked_at; /* ms */
	int64_t pace;          /* ms from one dump to the next */
	uint8_t buf[32768];
};

/* routes.c: what is in a table, wherever it comes from. */
int route_scope_set(struct route_scope *s, const struct prefix6 *of, size_t n);
/* Is TO inside a prefix, or around one? */
bool route_scope_has(const struct route_scope *s, const struct prefix6 *to);
void route_list_add(struct route_list *l, const struct route6 *route);
/* Sorts L.  NULL without memory. */
struct lpm *route_list_table(struct route_list *l);

/* routes_linux_read.c: what the message BODY is about; false if that is no route that could ever
 * matter to us, who have DEVICE. */
bool route_read(struct span body, unsigned device, struct route6 *out);

/* routes_linux.c: takes what has been received. */
void routes_take_news(struct routes *r, const uint8_t *buf, size_t len);
void routes_take_dump(struct routes *r, const uint8_t *buf, size_t len);

#endif
