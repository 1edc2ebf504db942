/* http - the one request that is understood, and the answers to all others: GET or HEAD of /metrics
 * and /metrics/NAME. */
#ifndef NAT64D_HTTP_H
#define NAT64D_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_MOST     8192 /* bytes of a request */
#define HTTP_INSTANCE 64   /* room for the name of an instance */
#define HTTP_HEAD     512  /* room for the head of an answer */

struct http_request {
	bool head;                    /* the body is not wanted */
	bool openmetrics;             /* is taken */
	char instance[HTTP_INSTANCE]; /* empty: nat64d itself */
};

/* Is that all of the head of a request? */
bool http_is_whole(const char *text, size_t len);

/* Understands the LEN bytes at TEXT, which need not be whole; nothing behind the head is looked at.
 * Returns the status of the answer: 200, 400 (rubbish), 404 (another path) or 405 (another method);
 * but for 200 only r->head is filled in. */
int http_understand(struct http_request *r, const char *text, size_t len);

/* Makes the head of an answer with STATUS and a body of LEN bytes in OUT, and returns its length.
 */
size_t http_head(char out[HTTP_HEAD], int status, bool openmetrics, size_t len);

/* The body for a STATUS that is no success: a line that says what is wrong. */
const char *http_words(int status);

#endif
