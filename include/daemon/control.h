/* control - the control socket: accepts clients, reads one request line from each and sends one
 * answer.
 *
 * A request is a line of words.  The first line of an answer is "ok", "error TEXT" or "usage TEXT";
 * after the answer the connection is closed.  After some requests, the client sends a body of any
 * length, and then shuts down its sending side [shutdown(2)]; the body is used while it arrives.
 * Nothing here blocks on a client.  The memory that clients can occupy is bounded: by their number,
 * and by the size of the request and of the answer of each. */
#ifndef NAT64D_CONTROL_H
#define NAT64D_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/answer.h"

#define CONTROL_ERR      320   /* room for a message */
#define CONTROL_CLIENTS  32    /* at the same time */
#define CONTROL_READERS  28    /* maximum number of clients without the right to change anything */
#define CONTROL_LINE     4096  /* bytes of a request, including its newline */
#define CONTROL_WORDS    64    /* maximum words of a request */
#define CONTROL_PATIENCE 30000 /* ms without progress until a client is disconnected */

struct control_request {
	char *word[CONTROL_WORDS];
	unsigned words; /* at least 1 */
	bool json;      /* --json was given in any position; it is not one of the words */
	bool may_change, root;
};

/* Answers R.  The first line that it writes to A is one of the three above. */
typedef void control_answer(void *arg, const struct control_request *r, struct answer *a);

struct control;

/* Listens at PATH.  Replaces a socket at which no process listens any more.  The socket belongs to
 * group GID, or to our own for -1.  Returns NULL with a line in ERR that does not name PATH. */
struct control *control_open(const char *path, gid_t gid, char *err);

/* Creates the socket again, and its directory, if they were removed.  Returns 1 if it did; 0 if the
 * socket still exists; -1 with a line in ERR, and then nothing has changed.  Connected clients
 * stay.
 */
int control_renew(struct control *c, char *err);

/* Removes the socket if it is still this one.  C may be NULL. */
void control_close(struct control *c);

/* control_fd() is a descriptor to poll for POLLIN.  When it is readable, call control_serve() with
 * the time NOW (ms, never going back).  It answers at most one request by ANSWER or hears one part
 * of a body, and sends parts of other answers in turn for 0.2 ms in total.  If something remains,
 * the descriptor stays readable.
 */
int control_fd(const struct control *c);
void control_serve(struct control *c, int64_t now, control_answer *answer, void *arg);

/* Iterates over the answers of the clients that follow STREAM: returns the one after AFTER, or the
 * first for NULL; NULL at the end.  C may be NULL and then has no clients. */
struct answer *control_next_stream(struct control *c, enum answer_stream stream,
				   const struct answer *after);

/* Appends the LEN bytes of LINE to the unsent part of the stream A, or counts the line as lost if
 * there is no room.  Never blocks, and allocates only for the first lines. */
void control_push(struct control *c, struct answer *a, const char *line, size_t len);

/* Disconnects clients that exceeded CONTROL_PATIENCE.  Call it about once a second. */
void control_expire(struct control *c, int64_t now);

/* Splits LINE, of LEN bytes without its newline, into the words of R.  False if it is not a valid
 * request; A then has the reason. */
bool control_parse(struct control_request *r, char *line, size_t len, struct answer *a);

/* One row of a table of commands. */
struct control_command {
	const char *name;
	const char *syntax;   /* of the arguments; empty if there are none */
	unsigned least, most; /* number of arguments */
	bool changes;         /* only root and the user of the daemon may run it */
	void (*run)(void *arg, const struct control_request *r, struct answer *a);
};

/* Answers R with the command among the N at TABLE that its first word names. */
void control_run(const struct control_command *table, size_t n, void *arg,
		 const struct control_request *r, struct answer *a);

#endif
