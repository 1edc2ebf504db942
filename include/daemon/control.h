/* control - the control socket: who may connect, one line in, one answer out.
 *
 * A request is a line of words.  The first line of an answer is "ok", "error TEXT" or "usage TEXT";
 * then the connection is closed.  Nothing here waits for a client, and what clients can make the
 * daemon hold is bounded: their number, the line of each, the answer to each. */
#ifndef NAT64D_CONTROL_H
#define NAT64D_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/answer.h"

#define CONTROL_ERR      320   /* room for a message */
#define CONTROL_CLIENTS  32    /* at once */
#define CONTROL_READERS  28    /* the most of them who may change nothing */
#define CONTROL_LINE     4096  /* bytes of a request, its newline included */
#define CONTROL_WORDS    64    /* of a request */
#define CONTROL_PATIENCE 30000 /* ms: a client that says or takes nothing so long is closed */

struct control_request {
	char *word[CONTROL_WORDS];
	unsigned words; /* at least 1 */
	bool json;      /* --json stood anywhere; it is not among the words */
	bool may_change, root;
};

/* Answers R: the first line of A is one of the three. */
typedef void control_answer(void *arg, const struct control_request *r, struct answer *a);

struct control;

/* Listens at PATH, in the place of a socket that nobody listens at any more; it belongs to group
 * GID, or to ours for -1.  NULL with a line in ERR that does not name PATH. */
struct control *control_open(const char *path, gid_t gid, char *err);

/* Makes the socket again, and its directory, if somebody has removed them: 1; 0 if it is there; -1
 * with a line in ERR, and what was is as it was.  Clients that are there stay. */
int control_renew(struct control *c, char *err);

/* Removes the socket, if it still is this one.  NULL is fine. */
void control_close(struct control *c);

/* A descriptor to poll for POLLIN, and then to serve at NOW (ms, never going back): at most one
 * request is answered by ANSWER, and parts of the other answers are sent, in turns and for 0.2 ms
 * in all; what is left stays readable. */
int control_fd(const struct control *c);
void control_serve(struct control *c, int64_t now, control_answer *answer, void *arg);

/* The answers of the clients that follow STREAM: the one behind AFTER, or the first for NULL; NULL
 * at the end.  C may be NULL, and has no clients then. */
struct answer *control_next_stream(struct control *c, enum answer_stream stream,
				   const struct answer *after);

/* Puts the LEN bytes of LINE behind what the stream A has not sent yet, or counts the line as lost
 * if there is no room.  Neither allocates after the first lines, nor waits. */
void control_push(struct control *c, struct answer *a, const char *line, size_t len);

/* Closes who has kept us waiting; to be called about once a second. */
void control_expire(struct control *c, int64_t now);

/* Cuts LINE, of LEN bytes without its newline, into the words of R.  False: it is no request, and A
 * says why. */
bool control_parse(struct control_request *r, char *line, size_t len, struct answer *a);

/* One line of a table of commands. */
struct control_command {
	const char *name;
	const char *syntax;   /* of the arguments; empty: it takes none */
	unsigned least, most; /* arguments */
	bool changes;         /* for root and the daemon's user only */
	void (*run)(void *arg, const struct control_request *r, struct answer *a);
};

/* Answers R by the one of the N commands at TABLE that its first word names. */
void control_run(const struct control_command *table, size_t n, void *arg,
		 const struct control_request *r, struct answer *a);

#endif
