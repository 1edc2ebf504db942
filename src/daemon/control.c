/* control - serves the clients of the control socket, and bounds the number of clients, their time,
 * and the work of one round.
 *
 * The socket and all its clients are in one epoll instance, so that the main loop polls only one
 * descriptor. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_socket.h"
#include "daemon/control.h"
#include "lib/clock.h"

#define LISTENER  CONTROL_CLIENTS /* identifies the socket among the event sources */
#define ACCEPTED  8               /* maximum clients to accept in a round */
#define DISCARDED 16              /* maximum reads that discard unexpected input before a close */
#define BUDGET    100             /* us; no new slice begins in a round after this time */

_Static_assert(ANSWER_BODY <= CONTROL_LINE, "both are kept in the line of a client");

struct client {
	int fd; /* -1: unused */
	uid_t uid;
	int64_t since; /* ms: time of the last progress; before the request is complete, time of
			  arrival */
	bool answering;
	bool ended;                  /* the whole body has arrived */
	bool last;                   /* the answer is complete */
	bool waiting;                /* a stream that has nothing to send */
	size_t len;                  /* of LINE */
	size_t sent;                 /* bytes of ANSWER that were sent */
	char line[CONTROL_LINE + 1]; /* the request, or then a part of its body */
	struct answer answer;
};

struct control {
	struct control_socket socket;
	int epoll;
	bool deaf; /* not accepting, because there was no descriptor for another client */
	struct client client[CONTROL_CLIENTS];
};

/* seccomp: daemon: epoll_ctl */
static bool watch(const struct control *c, int fd, uint32_t who, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u32 = who};

	return epoll_ctl(c->epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* Replaces the existing socket, if any, by a new one.  On failure nothing changes. */
static int begin_to_listen(struct control *c, char *err)
{
	struct control_socket s = c->socket;

	if (control_socket_listen(&s, err) < 0)
		return -1;
	if (!watch(c, s.fd, LISTENER, EPOLLIN)) {
		snprintf(err, CONTROL_ERR, "%s", strerror(errno));
		unlink(s.path);
		close(s.fd);
		return -1;
	}
	if (c->socket.fd >= 0)
		close(c->socket.fd);
	c->socket = s;
	c->deaf = false;
	return 0;
}

static int start(struct control *c, const char *path, char *err)
{
	if (strlen(path) >= sizeof(c->socket.path)) {
		snprintf(err, CONTROL_ERR, "the path of a socket has at most 107 characters");
		return -1;
	}
	strcpy(c->socket.path, path);
	c->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (c->epoll >= 0)
		return begin_to_listen(c, err);
	snprintf(err, CONTROL_ERR, "%s", strerror(errno));
	return -1;
}

struct control *control_open(const char *path, gid_t gid, char *err)
{
	struct control *c = calloc(1, sizeof(*c));

	if (!c) {
		snprintf(err, CONTROL_ERR, "out of memory");
		return NULL;
	}
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		c->client[i].fd = -1;
	c->socket.fd = c->epoll = -1;
	c->socket.gid = gid;
	if (start(c, path, err) == 0)
		return c;
	control_close(c);
	return NULL;
}

int control_renew(struct control *c, char *err)
{
	if (control_socket_is_there(&c->socket))
		return 0;
	control_socket_make_directory(&c->socket);
	return begin_to_listen(c, err) < 0 ? -1 : 1;
}

/* If unread input remained at the close, the client would lose the end of the answer.  So discards
 * it. */
static void end_client(struct client *k)
{
	for (int i = 0; i < DISCARDED; i++)
		if (recv(k->fd, k->line, CONTROL_LINE, MSG_DONTWAIT) <= 0)
			break;
	close(k->fd);
	k->fd = -1;
	k->waiting = false;
	answer_free(&k->answer);
}

void control_close(struct control *c)
{
	if (!c)
		return;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			end_client(&c->client[i]);
	if (control_socket_is_there(&c->socket))
		unlink(c->socket.path);
	if (c->socket.fd >= 0)
		close(c->socket.fd);
	if (c->epoll >= 0)
		close(c->epoll);
	free(c);
}

int control_fd(const struct control *c)
{
	return c->epoll;
}

static bool may_change(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

/* Clients that only read, and stay or stall, must not keep out those that may change something. */
static struct client *find_place(struct control *c, uid_t uid)
{
	int most = may_change(uid) ? CONTROL_CLIENTS : CONTROL_READERS;

	for (int i = 0; i < most; i++)
		if (c->client[i].fd < 0)
			return &c->client[i];
	return NULL;
}

static void turn_away(int fd)
{
	static const char text[] = "error too many clients; try again\n";

	(void)!send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* seccomp: daemon: getsockopt */
static void admit(struct control *c, int fd, int64_t now)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof(peer);
	struct client *k;

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	k = find_place(c, peer.uid);
	if (!k || !watch(c, fd, (uint32_t)(k - c->client), EPOLLIN)) {
		turn_away(fd);
		return;
	}
	k->fd = fd;
	k->uid = peer.uid;
	k->since = now;
	k->answering = k->ended = k->last = k->waiting = false;
	k->len = k->sent = 0;
}

/* Without free descriptors, pending connections would wake the daemon repeatedly.  Therefore stops
 * listening for them until control_expire() resumes it. */
/* seccomp: daemon: accept4 */
static void accept_some(struct control *c, int64_t now)
{
	for (int i = 0; i < ACCEPTED; i++) {
		int fd = accept4(c->socket.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 &&
		    (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
			c->deaf = epoll_ctl(c->epoll, EPOLL_CTL_DEL, c->socket.fd, NULL) == 0;
		if (fd < 0)
			return;
		admit(c, fd, now);
	}
}

static void want(const struct control *c, const struct client *k, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u32 = (uint32_t)(k - c->client)};

	epoll_ctl(c->epoll, EPOLL_CTL_MOD, k->fd, &e);
}

/* Everything so far has been sent: gets the next part.  Returns false if there is none yet.  Such a
 * stream is polled again when it has something to send, or when its client disconnects.  A client
 * that shuts down its sending side only must not wake the daemon. */
static bool go_on(const struct control *c, struct client *k, void *arg)
{
	struct answer *a = &k->answer;

	a->len = k->sent = 0;
	if (a->stream == STREAM_NONE || a->lost > 0)
		k->last = !a->more(arg, a) || a->cut;
	if (a->stream == STREAM_NONE || k->last || a->len > 0)
		return true;
	k->waiting = true;
	want(c, k, 0);
	return false;
}

/* Sends as much as the socket accepts without blocking. */
static void send_some(const struct control *c, struct client *k, int64_t now, void *arg)
{
	struct answer *a = &k->answer;
	ssize_t n;

	if (k->sent == a->len && !k->last && !go_on(c, k, arg))
		return;
	n = send(k->fd, a->text + k->sent, a->len - k->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0) {
		k->sent += (size_t)n;
		k->since = now;
	}
	if ((n < 0 && errno != EAGAIN && errno != EINTR) || (k->last && k->sent == a->len))
		end_client(k);
}

static void begin_answer(struct control *c, struct client *k, int64_t now, void *arg)
{
	struct answer *a = &k->answer;

	if ((a->len == 0 && a->stream != STREAM_DISK) ||
	    (a->stream && !answer_reserve(a, ANSWER_MAX))) { /* no memory; the client must not take
								an empty answer for success */
		end_client(k);
		return;
	}
	k->answering = true;
	k->last = !a->more;
	want(c, k, EPOLLOUT);
	send_some(c, k, now, arg);
}

static void answer_line(struct client *k, size_t len, control_answer *answer, void *arg)
{
	struct control_request r = {.root = k->uid == 0, .may_change = may_change(k->uid)};

	if (control_parse(&r, k->line, len, &k->answer))
		answer(arg, &r, &k->answer);
}

/* Passes on what is there of the body.  While some of it is left, the socket, which is writable,
 * wakes the daemon again.  A client that sends byte by byte makes no progress until some of them
 * are used. */
static void use_body(struct control *c, struct client *k, int64_t now, void *arg)
{
	struct answer *a = &k->answer;
	size_t used = a->hear(arg, a, k->line, k->len, k->ended);

	k->len -= used;
	memmove(k->line, k->line + used, k->len);
	if (used > 0)
		k->since = now;
	if (!a->hear)
		begin_answer(c, k, now, arg);
	else
		want(c, k, k->ended || (used > 0 && k->len > 0) ? EPOLLOUT : EPOLLIN | EPOLLRDHUP);
}

/* Receives a part of the body.  A client that has shut down its sending side has sent all of it.
 * After the client has closed the socket or died, some of the body may be missing. */
static void hear_body(struct control *c, struct client *k, uint32_t events, int64_t now, void *arg)
{
	ssize_t n = 0;

	if (!k->ended && k->len < ANSWER_BODY) {
		n = recv(k->fd, k->line + k->len, ANSWER_BODY - k->len, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			events |= EPOLLHUP;
		k->ended = n == 0 && (events & EPOLLRDHUP);
		k->len += n > 0 ? (size_t)n : 0;
	}
	if (events & (EPOLLHUP | EPOLLERR))
		end_client(k);
	else
		use_body(c, k, now, arg);
}

/* The request line of LEN bytes is answered, or its body follows. */
static void go_on_after(struct control *c, struct client *k, size_t len, int64_t now, void *arg)
{
	if (!k->answer.hear) {
		begin_answer(c, k, now, arg);
		return;
	}
	k->since = now;
	k->len -= len + 1;
	memmove(k->line, k->line + len + 1, k->len);
	use_body(c, k, now, arg);
}

/* Receives a part of the request, and answers the request once the line is complete. */
static void hear(struct control *c, struct client *k, int64_t now, control_answer *answer,
		 void *arg)
{
	ssize_t n = recv(k->fd, k->line + k->len, CONTROL_LINE - k->len, MSG_DONTWAIT);
	const char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0 || (n == 0 && k->len == 0)) {
		end_client(k);
		return;
	}
	end = memchr(k->line + k->len, '\n', (size_t)n);
	k->len += (size_t)n;
	if (end) {
		answer_line(k, (size_t)(end - k->line), answer, arg);
		go_on_after(c, k, (size_t)(end - k->line), now, arg);
		return;
	}
	if (n == 0)
		answer_add(&k->answer, "usage the request does not end with a newline\n");
	else if (k->len == CONTROL_LINE)
		answer_add(&k->answer, "usage a request has at most %d bytes\n", CONTROL_LINE);
	else
		return;
	begin_answer(c, k, now, arg);
}

/* Returns true if a request was answered, a part of a body was used, or the client has
 * disconnected. */
static bool serve_one(struct control *c, const struct epoll_event *e, int64_t now,
		      control_answer *answer, void *arg)
{
	uint32_t who = e->data.u32;
	struct client *k = &c->client[who % CONTROL_CLIENTS];

	if (who != LISTENER && !k->answering) {
		if (k->answer.hear)
			hear_body(c, k, e->events, now, arg);
		else
			hear(c, k, now, answer, arg);
		return k->fd < 0 || k->answering || k->answer.hear;
	}
	if (who == LISTENER)
		accept_some(c, now);
	else if (k->waiting)
		end_client(k);
	else
		send_some(c, k, now, arg);
	return false;
}

/* Packets wait while this runs. epoll_wait(2), called for one event at a time, returns the sources
 * round-robin, so a client that was served comes after all others.  A request may take long, for
 * example a reload; then the loop calls again at once for the others. */
/* seccomp: daemon: epoll_pwait, recvfrom, sendto, close */
void control_serve(struct control *c, int64_t now, control_answer *answer, void *arg)
{
	int64_t until = clock_us() + BUDGET;
	bool enough = false;
	struct epoll_event e;

	for (int i = 0; i <= CONTROL_CLIENTS && !enough; i++) {
		if (epoll_wait(c->epoll, &e, 1, 0) != 1)
			return;
		enough = serve_one(c, &e, now, answer, arg) || clock_us() >= until;
	}
}

static struct client *client_of(struct control *c, const struct answer *a)
{
	return &c->client[(size_t)((const char *)a - (const char *)c->client) / sizeof(*c->client)];
}

struct answer *control_next_stream(struct control *c, enum answer_stream stream,
				   const struct answer *after)
{
	if (!c)
		return NULL;
	for (struct client *k = after ? client_of(c, after) + 1 : c->client;
	     k < c->client + CONTROL_CLIENTS; k++)
		if (k->fd >= 0 && k->answering && k->answer.stream == stream)
			return &k->answer;
	return NULL;
}

void control_push(struct control *c, struct answer *a, const char *line, size_t len)
{
	struct client *k = client_of(c, a);

	if (k->sent > 0) {
		a->len -= k->sent;
		memmove(a->text, a->text + k->sent, a->len);
		k->sent = 0;
	}
	if (a->len + len > ANSWER_MAX) {
		a->lost++;
		return;
	}
	answer_put(a, line, len);
	if (k->waiting) {
		k->waiting = false;
		want(c, k, EPOLLOUT);
	}
}

void control_expire(struct control *c, int64_t now)
{
	for (struct client *k = c->client; k < c->client + CONTROL_CLIENTS; k++)
		if (k->waiting)
			k->since = now;
		else if (k->fd >= 0 && now - k->since > CONTROL_PATIENCE)
			end_client(k);
	if (c->deaf)
		c->deaf = !watch(c, c->socket.fd, LISTENER, EPOLLIN);
}
