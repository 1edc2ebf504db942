/* answer - a text that grows at its end and never beyond a bound: what a command answers, for
 * people or as JSON. */
#ifndef NAT64D_ANSWER_H
#define NAT64D_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX 65536 /* bytes */

struct answer {
	char *text; /* of the heap; NULL: nothing yet */
	size_t len, room;
	bool cut; /* something did not fit, or there was no memory */
	/* What is called when all of the text has been sent and taken away; NULL: that was all.
	 * False: the answer has ended with what has been added now. */
	bool (*more)(void *arg, struct answer *a);
	unsigned long epoch; /* notes of MORE */
	size_t cursor;
};

/* A piece that does not fit as a whole is left out, and so is all that follows it. */
void answer_add(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* S as a string of JSON, quotes included; NULL: null.  What is no UTF-8 becomes '?'. */
void answer_json(struct answer *a, const char *s);

void answer_free(struct answer *a);

#endif
