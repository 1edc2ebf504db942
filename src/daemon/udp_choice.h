/* udp_choice - decides whether the program in the kernel or the daemon translates UDP.
 *
 * The daemon merges packets of a burst into GSO packets, which is faster for few flows.  The
 * program uses all CPUs but merges nothing.  Therefore the program gets UDP in two cases.  In the
 * first, the daemon is busy and has nothing to merge.  In the second, the daemon is the bottleneck,
 * and a trial has shown that the program translates more packets.  In a trial, packets may overtake
 * others, because the daemon's queue is never empty then.  Therefore a trial is only made on
 * machines with spare CPUs.
 *
 * Only the daemon can see what can be merged, so it takes UDP back from time to time to measure
 * that.  It does so while it could handle the load without merging; otherwise measuring would lose
 * packets. */
#ifndef NAT64D_UDP_CHOICE_H
#define NAT64D_UDP_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* The measurements of a span of time. */
struct udp_load {
	int64_t us;       /* length of the span */
	int64_t busy;     /* us of it in which the daemon translated packets */
	uint64_t packets; /* packets that the daemon translated */
	uint64_t written; /* outputs of the daemon; a GSO packet counts once */
	uint64_t below;   /* UDP packets that the program translated */
};

struct udp_choice {  /* all zero at first, except SPARE */
	bool spare;  /* there are spare CPUs */
	bool on;     /* the program translates UDP */
	bool trial;  /* a trial is in progress */
	bool better; /* the trial succeeded: the daemon does not take UDP back while the load lasts
		      */
	int64_t on_at;    /* ms: when ON was set */
	int64_t quiet_at; /* ms: since when the daemon would be almost idle; 0: it would not */
	int64_t much_at;  /* ms: when the daemon last could not have handled the load */
	int64_t try_at;   /* ms: time of the next trial at the earliest */
	int64_t try_wait, look_wait;
	double rate; /* packets per us before the trial */
	double cost; /* us that the daemon needed per packet when it last translated some */
};

#define UDP_CHOICE_SPAN 10 /* approximate length of a span in ms */

/* Decides by the load L of a span that ends at NOW (ms).  Returns C->on. */
bool udp_choice_look(struct udp_choice *c, const struct udp_load *l, int64_t now);

#endif
