/* events - a queue of events in the order of time. */
#ifndef NAT64D_TESTS_EVENTS_H
#define NAT64D_TESTS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define SECOND INT64_C(1000000) /* the simulation's clock counts microseconds */
#define HOUR   (3600 * SECOND)

enum what {
	TURN,         /* a host of the crowd sends */
	ANSWER,       /* the answer to that reaches the translator */
	STORM_ANSWER, /* the answer to a storm's packet reaches the translator */
	STORM_AGAIN,  /* a storm uses a source again */
};

struct event {
	int64_t at;
	enum what what;
	uint32_t who;    /* index of the host, or of the storm */
	uint32_t addr;   /* IPv4 destination of the answer */
	struct ip6 host; /* the sender */
};

struct events {
	struct event *heap;
	size_t n, room;
};

void events_add(struct events *q, const struct event *e);

/* Returns the time of the next event, or INT64_MAX if there is none. */
int64_t events_next(const struct events *q);

/* Removes and returns the next event; there must be one. */
struct event events_take(struct events *q);

#endif
