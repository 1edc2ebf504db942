/* explain - one question about a packet and its answer: private to the files of `explain'. */
#ifndef NAT64D_DAEMON_EXPLAIN_H
#define NAT64D_DAEMON_EXPLAIN_H

#include "daemon.h"
#include "xlat/explain.h"

struct explained {
	const struct daemon *d;
	struct sample packet;
	struct xlat_explanation is; /* what becomes of it */
	/* The kernel routes the result into our own device: then it is a packet like any other. */
	bool hairpin;
	struct sample back;
	struct xlat_explanation then;
	bool answered;      /* a peer's reply would get to us: */
	struct prefix from; /* from this address */
	struct prefix to;   /* to this one; FAMILY 0: to the lease that there is not yet */
};

/* Shows X: as one object, or in a few lines for people. */
void explain_json(struct answer *a, const struct explained *x);
void explain_text(struct answer *a, const struct explained *x);

/* What has decided, as both show it. */
struct explain_by {
	const char *what;
	enum xlat_about about;
	char text[320];          /* for people */
	struct conf_place place; /* line 0: of no line */
};

/* Number I of what has decided about X in OUT.  False: there are no more. */
bool explain_by(const struct explained *x, size_t i, struct explain_by *out);

#endif
