/* crowd - honest hosts: where they are, and when they send. */
#ifndef NAT64D_TESTS_CROWD_H
#define NAT64D_TESTS_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"
#include "lib/addr.h"

enum kind {
	HOME,       /* a /48 of its own, or a /56 of its provider's, with up to three /64s */
	OFFICE,     /* a /48 with many /64s */
	CONFERENCE, /* one /64 for all */
	PHONE,      /* a /64 each, of few /48s */
	KINDS
};

#define NEVER INT64_MAX

struct member {
	enum kind kind;
	bool one_way;    /* nobody ever answers: a syslog sender, a meter */
	struct ip6 addr; /* its interface identifier ends with its number, and changes daily */
	int64_t until;   /* when its session ends; in the past: it has none */
	int64_t turn;    /* when it sent what it waits for an answer to */
	int64_t wants;   /* since when it tries in vain, or NEVER */
	bool known;      /* the translator has served it in this session */
	unsigned tries;  /* in vain */
};

struct crowd {
	struct member *member;
	uint32_t n;
};

/* N hosts, of all kinds. */
void crowd_make(struct crowd *c, uint32_t n);

/* The first one of KIND. */
const struct member *crowd_first(const struct crowd *c, enum kind kind);

/* The one that has, or had, ADDR; NULL: an address of a storm. */
struct member *crowd_find(const struct crowd *c, const struct ip6 *addr);

/* When M, which is idle at NOW, begins its next session. */
int64_t crowd_next_session(const struct member *m, int64_t now);

/* M begins a session at NOW. */
void crowd_begin(struct crowd *c, struct member *m, int64_t now);

/* How long a host pauses between the answer to one thing and the next one that it sends. */
int64_t crowd_pause(void);

/* How long an answer takes; whether there will be one to what M sends. */
int64_t crowd_round_trip(void);
bool crowd_answered(const struct member *m);

#endif
