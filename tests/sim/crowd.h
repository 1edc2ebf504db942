/* crowd - honest hosts: their networks, and when they send. */
#ifndef NAT64D_TESTS_CROWD_H
#define NAT64D_TESTS_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"
#include "lib/addr.h"

enum kind {
	HOME,       /* a /48, or a /56 of its provider's /48, with up to three /64s */
	OFFICE,     /* a /48 with many /64s */
	CONFERENCE, /* one /64 for all */
	PHONE,      /* a /64 each, in a few /48s */
	KINDS
};

#define NEVER INT64_MAX

struct member {
	enum kind kind;
	bool one_way; /* never gets an answer: a syslog sender, a meter */
	struct ip6
		addr;  /* the interface identifier ends with the host's number, and changes daily */
	int64_t until; /* end of its session; in the past: none */
	int64_t turn;  /* when it sent the packet whose answer it waits for */
	int64_t wants; /* time of its first failed try, or NEVER */
	bool known;    /* served by the translator in this session */
	unsigned tries; /* failed tries */
};

struct crowd {
	struct member *member;
	uint32_t n;
};

/* Makes N hosts of all kinds. */
void crowd_make(struct crowd *c, uint32_t n);

/* Returns the first host of KIND. */
const struct member *crowd_first(const struct crowd *c, enum kind kind);

/* Returns the host that has, or had, ADDR; NULL: an address of a storm. */
struct member *crowd_find(const struct crowd *c, const struct ip6 *addr);

/* Returns when M, which is idle at NOW, begins its next session. */
int64_t crowd_next_session(const struct member *m, int64_t now);

/* Begins a session of M at NOW. */
void crowd_begin(struct crowd *c, struct member *m, int64_t now);

/* Returns the pause between an answer and the next packet of a host. */
int64_t crowd_pause(void);

/* Return how long an answer takes, and whether M gets an answer. */
int64_t crowd_round_trip(void);
bool crowd_answered(const struct member *m);

#endif
