/* answer - a text of bounded size that grows at its end: the answer to a command, as text or as
 * JSON. */
#ifndef NAT64D_ANSWER_H
#define NAT64D_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_MAX  65536 /* bytes */
#define ANSWER_BODY 4096  /* bytes: the maximum part of a body that is kept in memory */

/* The kind of lines that a client receives as events happen, instead of one answer. */
enum answer_stream {
	STREAM_NONE,
	STREAM_WATCH, /* events */
	STREAM_TRACE, /* packets */
	STREAM_DISK,  /* nothing, until a change of a file is known to be on disk */
};

struct answer {
	char *text; /* from malloc(); NULL: empty */
	size_t len, room;
	bool cut; /* something did not fit, or there was no memory */
	/* Called when all of the text has been sent, to add more; NULL: the answer is
	 * complete.  Returns false if it has added the last part. */
	bool (*more)(void *arg, struct answer *a);
	/* Set if the request has a body: called with those LEN bytes of the body at TEXT that have
	 * arrived and are not used yet, and again whenever there are more, or some are left.  TEXT
	 * may be modified, and so may the byte after it.  END: the client sends no more.  Returns
	 * the number of bytes that it has used; it must use some of ANSWER_BODY bytes.  When it has
	 * added the answer, it sets itself to NULL. */
	size_t (*hear)(void *arg, struct answer *a, char *text, size_t len, bool end);
	unsigned long epoch; /* for use by MORE and HEAR */
	size_t cursor;
	void *state; /* for use by MORE and HEAR; from malloc(), freed together with the answer */
	/* If not STREAM_NONE, the client stays until it disconnects or the daemon ends, and lines
	 * are added by control_push().  MORE is called after lines were lost, when the client has
	 * read everything before them. */
	enum answer_stream stream;
	unsigned long lost; /* number of lines lost since MORE was last called, because there was no
			       room */
};

/* Appends formatted text.  A text that does not fit as a whole is left out, and so is everything
 * after it. */
void answer_add(struct answer *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the LEN bytes at TEXT; otherwise as answer_add(). */
void answer_put(struct answer *a, const char *text, size_t len);

/* Allocates room for N bytes in advance.  False without memory. */
bool answer_reserve(struct answer *a, size_t n);

/* Appends S as a JSON string including quotes; NULL: null.  Bytes that are not valid UTF-8 become
 * '?'. */
void answer_json(struct answer *a, const char *s);

void answer_free(struct answer *a);

#endif
