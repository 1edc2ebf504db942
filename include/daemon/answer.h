/* answer - a text that grows at its end and never beyond a bound: what a command answers, for
 * people or as JSON. */
#ifndef NAT64D_ANSWER_H
#define NAT64D_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX 65536 /* bytes */

/* What a client follows that does not get one answer, but lines as things happen. */
enum answer_stream {
	STREAM_NONE,
	STREAM_WATCH, /* events */
	STREAM_TRACE, /* packets */
	STREAM_PINS,  /* nothing, until it is known how it went */
};

struct answer {
	char *text; /* of the heap; NULL: nothing yet */
	size_t len, room;
	bool cut; /* something did not fit, or there was no memory */
	/* What is called when all of the text has been sent and taken away; NULL: that was all.
	 * False: the answer has ended with what has been added now. */
	bool (*more)(void *arg, struct answer *a);
	unsigned long epoch; /* notes of MORE */
	size_t cursor;
	void *state; /* the same, from malloc(): it goes with the answer */
	/* Not STREAM_NONE: the client stays until it goes or the daemon ends, and lines come by
	 * control_push().  MORE is called when some of them found no room, and the client has
	 * taken all before. */
	enum answer_stream stream;
	unsigned long lost; /* lines that found no room since MORE was called */
};

/* A piece that does not fit as a whole is left out, and so is all that follows it. */
void answer_add(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The LEN bytes at TEXT; as answer_add(). */
void answer_put(struct answer *a, const char *text, size_t len);

/* Takes room for N bytes now.  False: there is no memory. */
bool answer_reserve(struct answer *a, size_t n);

/* S as a string of JSON, quotes included; NULL: null.  What is no UTF-8 becomes '?'. */
void answer_json(struct answer *a, const char *s);

void answer_free(struct answer *a);

#endif
