/* http - parses the one supported kind of request, GET or HEAD of /metrics and /metrics/NAME, and
 * formats the answers to it and to all others. */
#ifndef NAT64D_HTTP_H
#define NAT64D_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define HTTP_MOST     8192 /* maximum bytes of a request */
#define HTTP_INSTANCE 64   /* size of the buffer for an instance name */
#define HTTP_HEAD     512  /* size of the buffer for the head of an answer */

struct http_request {
	bool head;                    /* a HEAD request: the body is not sent */
	bool openmetrics;             /* the client accepts OpenMetrics */
	char instance[HTTP_INSTANCE]; /* empty: nat64d itself */
};

/* True if the text contains the complete head of a request. */
bool http_is_whole(const char *text, size_t len);

/* Parses the LEN bytes at TEXT, which may be incomplete.  Ignores everything after the head.
 * Returns the status of the answer: 200, 400 (not HTTP), 404 (another path) or 405 (another
 * method).  Unless it is 200, only R->head is valid. */
int http_understand(struct http_request *r, const char *text, size_t len);

/* Writes the head of an answer with STATUS and a body of LEN bytes to OUT, and returns its length.
 */
size_t http_head(char out[HTTP_HEAD], int status, bool openmetrics, size_t len);

/* Returns the body for an error STATUS: a line that describes the error. */
const char *http_words(int status);

#endif
