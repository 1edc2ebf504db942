/* routes_impl - shared by the files that implement routes, and by their tests. */
#ifndef NAT64D_ROUTES_IMPL_H
#define NAT64D_ROUTES_IMPL_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/wire.h"
#include "linux/routes.h"

struct route6 {
	struct prefix6 to;
	uint32_t metric; /* the lowest is effective */
	bool local;      /* in the table that the kernel consults first */
	bool ours;       /* into our device */
};

struct route_list {
	struct route6 *at;
	size_t n;
	bool broken; /* an entry is missing because there was no memory */
};

/* The set of relevant routes. */
struct route_scope {
	struct prefix6 *prefix; /* routes inside or around one of these are relevant; sorted by
				   address, without overlaps */
	size_t n;
};

struct routes {
	unsigned device;
	struct route_scope scope, next_scope;
	struct lpm *table, *next_table;
	unsigned long changes;          /* of the content of TABLE */
	struct route_list known, found; /* the routes from which TABLE was built; those that the
					   current dump has read so far */
	int news, dump;                 /* sockets, or -1 */
	uint32_t seq;                   /* of the last requested dump */
	bool dumping;
	int error;  /* why the last dump failed, or 0 */
	bool stale; /* a relevant route has changed */
	bool torn;  /* the dump may be incomplete, because the kernel's table changed meanwhile */
	bool outdated;         /* the dump is for the previous prefixes */
	unsigned repeats;      /* number of dumps repeated because they were torn */
	int64_t now, asked_at; /* ms */
	int64_t pace;          /* minimum ms between two dumps */
	uint8_t buf[32768];
};

/* routes.c: routes and tables, regardless of their origin */
int route_scope_set(struct route_scope *s, const struct prefix6 *of, size_t n);
/* Returns true if TO is inside or around one of the prefixes. */
bool route_scope_has(const struct route_scope *s, const struct prefix6 *to);
void route_list_add(struct route_list *l, const struct route6 *route);
/* Sorts L.  Returns NULL without memory. */
struct lpm *route_list_table(struct route_list *l);

/* routes_linux_read.c: parses the message BODY.  False if it is not a route that could be relevant
 * to us, whose device is DEVICE. */
bool route_read(struct span body, unsigned device, struct route6 *out);

/* routes_linux.c: processes received messages. */
void routes_take_news(struct routes *r, const uint8_t *buf, size_t len);
void routes_take_dump(struct routes *r, const uint8_t *buf, size_t len);

#endif
