/* nat64ctl_client - sends a request and receives the answer, within a time limit. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "nat64ctl.h"

#define PATIENCE   60                  /* seconds without data; a large reload takes long */
#define ANSWER_TOP ((size_t)256 << 20) /* maximum bytes of an answer */

/* Returns the length of the control character at S that a terminal might interpret, or 0 if it is
 * another character. */
static size_t control_at(const char *s)
{
	unsigned char c = (unsigned char)*s, next = c ? (unsigned char)s[1] : 0;

	if (c == 0xc2 && next >= 0x80 && next < 0xa0) /* U+0080 to U+009F */
		return 2;
	return (c < ' ' && c != '\n' && c != '\t') || c == 0x7f;
}

/* Control characters are masked, because the daemon must not control root's terminal. */
static void put(const char *s, FILE *out)
{
	while (*s) {
		size_t n = control_at(s);

		putc_unlocked(n ? '?' : *s, out);
		s += n ? n : 1;
	}
}

void ctl_complain(const char *fmt, ...)
{
	char text[CTL_PATH + 1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	fputs("nat64ctl: ", stderr);
	put(text, stderr);
	fputc('\n', stderr);
}

int ctl_tell(const char *text)
{
	if (fputs(text, stdout) != EOF && fflush(stdout) != EOF)
		return CTL_DONE;
	ctl_complain("standard output: %s", strerror(errno));
	return CTL_FAILED;
}

static void fail(struct ctl_reply *r, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct ctl_reply *r, int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	r->status = status;
	r->line = r->why;
	r->rest = "";
}

static void fail_connect(struct ctl_reply *r, const char *path)
{
	if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR)
		fail(r, CTL_NOBODY,
		     "%s: no process listens there (is nat64d running? give -i NAME for an "
		     "instance, -s PATH for another socket)",
		     path);
	else if (errno == EACCES || errno == EPERM)
		fail(r, CTL_FAILED,
		     "%s: %s (only root and members of the group of nat64d may connect)", path,
		     strerror(errno));
	else
		fail(r, CTL_FAILED, "%s: %s", path, strerror(errno));
}

/* Returns a descriptor, or -1. */
static int open_socket(const struct ctl *c, struct ctl_reply *r)
{
	const struct timeval patience = {.tv_sec = (time_t)(c->patience ? c->patience : PATIENCE)};
	const char *path = c->path;
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct ucred peer = {.pid = 0};
	socklen_t size = sizeof(peer);
	int fd;

	if (strlen(path) >= sizeof(to.sun_path)) {
		fail(r, CTL_USAGE, "%s: the path of the socket is too long", path);
		return -1;
	}
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	}
	if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0) {
		fail_connect(r, path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	r->pid = peer.pid;
	return fd;
}

/* False on an error.  It is not reported, because the daemon may have refused the request, and then
 * its answer has the reason. */
static bool send_all(int fd, const char *text, size_t len)
{
	ssize_t now;

	for (size_t sent = 0; sent < len; sent += (size_t)now) {
		now = send(fd, text + sent, len - sent, MSG_NOSIGNAL);
		if (now <= 0)
			return false;
	}
	return true;
}

static bool send_line(int fd, const char *line)
{
	char request[4097];
	int n = snprintf(request, sizeof(request), "%s\n", line);

	return send_all(fd, request, (size_t)n);
}

/* Makes room for more data and a NUL after it. */
static bool make_room(struct ctl_reply *r)
{
	size_t room = r->room ? 2 * r->room : 16384;
	char *bigger;

	if (r->room - r->len >= 2)
		return true;
	bigger = r->room > ANSWER_TOP ? NULL : realloc(r->memory, room);
	if (!bigger)
		return false;
	r->memory = bigger;
	r->room = room;
	return true;
}

/* Receives more of the answer and adds a NUL.  Returns 1; 0 at the end; -1 on error. */
static int receive_some(int fd, struct ctl_reply *r)
{
	ssize_t n;

	if (!make_room(r))
		return -1;
	do {
		n = recv(fd, r->memory + r->len, r->room - r->len - 1, 0);
	} while (n < 0 && errno == EINTR);
	r->len += n > 0 ? (size_t)n : 0;
	r->memory[r->len] = '\0';
	if (n < 0)
		return errno == ECONNRESET ? 0 : -1;
	return n > 0;
}

/* Receives everything.  False on error. */
static bool receive(int fd, struct ctl_reply *r)
{
	int more;

	do {
		more = receive_some(fd, r);
	} while (more > 0);
	return more == 0;
}

static bool starts(const char *line, const char *word, const char **behind)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || (line[n] != ' ' && line[n] != '\0'))
		return false;
	*behind = line + n + (line[n] == ' ');
	return true;
}

static void understand(struct ctl_reply *r)
{
	char *end = r->memory ? strchr(r->memory, '\n') : NULL;

	if (!end) {
		fail(r, CTL_FAILED, "nat64d closed the connection without an answer");
		r->lost = true;
		return;
	}
	*end = '\0';
	r->rest = end + 1;
	if (starts(r->memory, "ok", &r->line))
		r->status = CTL_DONE;
	else if (starts(r->memory, "error", &r->line))
		r->status = CTL_FAILED;
	else if (starts(r->memory, "usage", &r->line))
		r->status = CTL_USAGE;
	else
		fail(r, CTL_FAILED,
		     "the process that listens there does not speak the protocol of nat64d");
}

static void break_off(struct ctl_reply *r)
{
	fail(r, CTL_FAILED, "no answer from nat64d: %s", strerror(errno));
	r->lost = true;
}

/* Sends what BODY has, and then marks its end, without which the daemon takes the body for
 * incomplete.  False if BODY cannot be read. */
static bool send_body(int fd, int body, struct ctl_reply *r)
{
	char text[16384];
	ssize_t n;

	while ((n = read(body, text, sizeof(text))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail(r, CTL_FAILED, "standard input: %s", strerror(errno));
			return false;
		}
		if (!send_all(fd, text, (size_t)n))
			break;
	}
	shutdown(fd, SHUT_WR);
	return true;
}

void ctl_ask_with(const struct ctl *c, const char *line, int body, struct ctl_reply *r)
{
	int fd;

	*r = (struct ctl_reply){.rest = ""};
	fd = open_socket(c, r);
	if (fd < 0)
		return;
	if (!send_line(fd, line) || body < 0 || send_body(fd, body, r)) {
		if (receive(fd, r))
			understand(r);
		else
			break_off(r);
	}
	close(fd);
}

void ctl_ask(const struct ctl *c, const char *line, struct ctl_reply *r)
{
	ctl_ask_with(c, line, -1, r);
}

/* Passes the complete lines in R's memory after the first HEAD bytes to TAKE, and removes them. */
static bool give_lines(struct ctl_reply *r, size_t head, ctl_take *take, void *arg)
{
	char *at = r->memory + head, *end;
	bool more = true;

	while (more && (end = memchr(at, '\n', r->len - (size_t)(at - r->memory)))) {
		*end = '\0';
		more = take(arg, at);
		at = end + 1;
	}
	r->len -= (size_t)(at - r->memory) - head;
	memmove(r->memory + head, at, r->len - head + 1);
	return more;
}

/* The answer begins with "ok": passes the following lines to TAKE as they arrive, until TAKE
 * returns false. */
static void give_all(int fd, size_t head, ctl_take *take, void *arg, struct ctl_reply *r)
{
	int more = 1;
	bool wanted;

	while ((wanted = give_lines(r, head, take, arg)) && more > 0)
		more = receive_some(fd, r);
	if (!wanted)
		r->memory[r->len = head] = '\0';
	if (more >= 0 && r->len == head)
		understand(r);
	else if (more < 0)
		break_off(r);
	else
		fail(r, CTL_FAILED, "nat64d ended in the middle of its answer");
}

void ctl_each(const struct ctl *c, const char *request, bool follow, ctl_take *take, void *arg,
	      struct ctl_reply *r)
{
	const struct timeval forever = {.tv_sec = 0};
	const char *end = NULL;
	int fd, more = 1;

	*r = (struct ctl_reply){.rest = ""};
	fd = open_socket(c, r);
	if (fd < 0)
		return;
	send_line(fd, request);
	while (!end && more > 0) {
		more = receive_some(fd, r);
		end = r->memory ? strchr(r->memory, '\n') : NULL;
	}
	if (follow)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	if (end && strncmp(r->memory, "ok", 2) == 0)
		give_all(fd, (size_t)(end + 1 - r->memory), take, arg, r);
	else if (more >= 0 && receive(fd, r))
		understand(r);
	else
		break_off(r);
	close(fd);
}

void ctl_free(struct ctl_reply *r)
{
	free(r->memory);
	r->memory = NULL;
}

bool ctl_print_line(void *arg, char *line)
{
	(void)arg;
	put(line, stdout);
	fputc('\n', stdout);
	return !ferror(stdout);
}

int ctl_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CTL_DONE;
	ctl_complain("standard output: %s", strerror(errno));
	return CTL_FAILED;
}

/* Prints the reasons first and the result last. */
int ctl_print(const struct ctl *c, const struct ctl_reply *r)
{
	put(r->rest, r->status == CTL_DONE || c->json ? stdout : stderr);
	if (r->status != CTL_DONE) {
		fputs(r->status == CTL_USAGE ? "nat64ctl: usage: " : "nat64ctl: ", stderr);
		put(r->line, stderr);
		fputc('\n', stderr);
	}
	return ctl_flush() == CTL_DONE ? r->status : CTL_FAILED;
}

const char *ctl_value(char ***word, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(**word, name, n) != 0 || ((**word)[n] != '=' && (**word)[n] != '\0'))
		return NULL;
	if ((**word)[n] == '=')
		return **word + n + 1;
	if (!(*word)[1])
		return "";
	return *++*word;
}

bool ctl_breaks(const struct ctl *c, const char *line)
{
	static const char json[] = "{\"error\": \"", text[] = "error: ";
	const char *why = NULL;

	if (strncmp(line, json, strlen(json)) == 0)
		why = line + strlen(json);
	else if (strncmp(line, text, strlen(text)) == 0)
		why = line + strlen(text);
	if (why)
		ctl_complain("%s: %.*s", c->word[0], (int)strcspn(why, "\""), why);
	return why;
}
