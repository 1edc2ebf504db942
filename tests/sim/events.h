/* events - what happens when, in the order of time. */
#ifndef NAT64D_TESTS_EVENTS_H
#define NAT64D_TESTS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define SECOND INT64_C(1000000) /* of the clock here, which counts microseconds */
#define HOUR   (3600 * SECOND)

enum what {
	TURN,         /* a host of the crowd sends something */
	ANSWER,       /* the answer to that reaches the translator */
	STORM_ANSWER, /* the answer to a packet of a storm does */
	STORM_AGAIN,  /* a storm uses a source once more */
};

struct event {
	int64_t at;
	enum what what;
	uint32_t who;    /* number of the host, or of the storm */
	uint32_t addr;   /* that is answered to, IPv4 */
	struct ip6 host; /* that sent */
};

struct events {
	struct event *heap;
	size_t n, room;
};

void events_add(struct events *q, const struct event *e);

/* When is the next one?  INT64_MAX: there is none. */
int64_t events_next(const struct events *q);

/* Takes the next one out; there is one. */
struct event events_take(struct events *q);

#endif
