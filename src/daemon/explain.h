/* explain - the explanation of one packet; shared by the files that implement `explain`. */
#ifndef NAT64D_DAEMON_EXPLAIN_H
#define NAT64D_DAEMON_EXPLAIN_H

#include "daemon.h"
#include "xlat/explain.h"

struct explained {
	const struct daemon *d;
	struct sample packet;
	struct xlat_explanation is; /* the result for the packet */
	/* True if the kernel routes the result back into our own device.  It is then explained like
	 * any other packet. */
	bool hairpin;
	struct sample back;
	struct xlat_explanation then;
	bool answered;      /* a reply of the peer would be translated, */
	struct prefix from; /* from this address */
	struct prefix to;   /* to this one; FAMILY 0: to a lease that does not exist yet */
};

/* Write the explanation X to A, as one JSON object or as a few lines of text. */
void explain_json(struct answer *a, const struct explained *x);
void explain_text(struct answer *a, const struct explained *x);

/* One line of the configuration, or another cause, that decided. */
struct explain_by {
	const char *what;
	enum xlat_about about;
	char text[320];          /* used in the text output */
	struct conf_place place; /* line 0: not in a file */
};

/* Sets OUT to cause number I of the result X.  False after the last one. */
bool explain_by(const struct explained *x, size_t i, struct explain_by *out);

#endif
