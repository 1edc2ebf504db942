/* udp_choice - whether UDP is translated by the program in the kernel or by the daemon.
 *
 * The daemon merges what comes together into GSO packets, which is faster for few flows.  The
 * program uses every processor and merges nothing.  So UDP goes below while the daemon has nothing
 * to merge and much to do, or while it is the bottleneck and less comes through with it.  That is
 * found out by a trial, in which packets may overtake others, since the daemon's queue is never
 * empty then: there is one only where the machine has processors to spare.
 *
 * Only the daemon sees what it can merge, so it takes UDP back for a look from time to time: while
 * it could carry all of that as it is, or the look would lose packets. */
#ifndef NAT64D_UDP_CHOICE_H
#define NAT64D_UDP_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* What a span of time has brought. */
struct udp_load {
	int64_t us;       /* how long it was */
	int64_t busy;     /* us of them in which packets were translated */
	uint64_t packets; /* that the daemon has translated */
	uint64_t written; /* outputs of the daemon: GSO packets count once */
	uint64_t below;   /* UDP packets that the program has translated */
};

struct udp_choice {       /* all zero at first, but for SPARE */
	bool spare;       /* there are processors that could do more than the daemon's */
	bool on;          /* UDP goes below */
	bool trial;       /* to see whether more comes through */
	bool better;      /* it did: the daemon is not asked again while it lasts */
	int64_t on_at;    /* ms */
	int64_t quiet_at; /* ms: since when the daemon could do it with ease; 0: it could not */
	int64_t much_at;  /* ms: when the daemon could last not have carried it */
	int64_t try_at;   /* ms: when the next trial may be */
	int64_t try_wait, look_wait;
	double rate; /* packets in a us that came through before the trial */
	double cost; /* us of the daemon for a packet, when it last translated some */
};

#define UDP_CHOICE_SPAN 10 /* ms, about, that are looked at */

/* Decides by L, which ends at NOW (ms).  Returns C->on. */
bool udp_choice_look(struct udp_choice *c, const struct udp_load *l, int64_t now);

#endif
