/* nat64ctl_metrics - `metrics`: prints the metrics, writes them to a file for a monitoring agent,
 * or answers one HTTP request. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/metrics.h"
#include "http.h"
#include "lib/clock.h"
#include "nat64ctl.h"

#define TRIES      3     /* attempts, if a reload makes the answer incomplete */
#define PATIENCE   5     /* seconds to wait for nat64d */
#define REQUEST_MS 5000  /* to receive a request */
#define ANSWER_MS  10000 /* to send an answer */
#define LINGER_MS  1000  /* to wait for the client to close first */

struct job {
	bool openmetrics, http;
	const char *textfile; /* NULL: no file */
};

static bool is_complete(const char *text)
{
	size_t n = strlen(text), end = strlen(METRICS_END);

	return n >= end && strcmp(text + n - end, METRICS_END) == 0;
}

/* Stores the metrics in R if its status is CTL_DONE. */
static void ask(const struct ctl *c, bool openmetrics, struct ctl_reply *r)
{
	for (int i = 0; i < TRIES; i++) {
		ctl_ask(c, openmetrics ? "metrics --openmetrics" : "metrics", r);
		if (r->status != CTL_DONE || is_complete(r->rest))
			return;
		ctl_free(r);
	}
	*r = (struct ctl_reply){.status = CTL_FAILED,
				.rest = "",
				.line = "nat64d sent no complete answer (is its configuration "
					"reloaded repeatedly?)"};
}

/* Returns the metrics, which the caller must free.  If the daemon does not run, does not answer or
 * ends before its answer is complete, they report that it is down.  Returns NULL, after printing
 * the reason, if the daemon may run but cannot be reached. */
static char *get_metrics(const struct ctl *c, bool openmetrics)
{
	struct answer down = {.text = NULL};
	struct ctl_reply r;
	char *text;

	ask(c, openmetrics, &r);
	if (r.status == CTL_DONE) {
		text = strdup(r.rest);
	} else if (r.status == CTL_NOBODY || r.lost) {
		metrics_down(&down, openmetrics);
		text = down.text;
	} else {
		ctl_complain("%s", r.line);
		ctl_free(&r);
		return NULL;
	}
	ctl_free(&r);
	if (!text)
		ctl_complain("out of memory");
	return text;
}

static int print(const struct ctl *c, const struct job *j)
{
	struct ctl_reply r;
	int status;

	ask(c, j->openmetrics, &r);
	status = ctl_print(c, &r);
	ctl_free(&r);
	return status;
}

/* --- file ----------------------------------------------------------------------------------- */

/* If there is a NAME, adds it to each sample as a label, because metrics of several instances are
 * collected in one place. */
static void put_metrics(FILE *out, const char *text, const char *name)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		size_t family = strcspn(text, "{ \n");
		bool labelled = text[family] == '{';

		if (!name || *text == '#' || text[family] == '\n') {
			fprintf(out, "%.*s\n", (int)(end - text), text);
			continue;
		}
		fprintf(out, "%.*s{translator=\"%s\"%s%.*s\n", (int)family, text, name,
			labelled ? "," : "}", (int)(end - text - (long)family - labelled),
			text + family + labelled);
	}
}

/* Creates a new file at PATH, so that no other process has it open.  Removes one that an earlier
 * process left. */
static FILE *make(const char *path)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(path, flags, 0644);
	FILE *out;

	if (fd < 0 && errno == EEXIST && unlink(path) == 0)
		fd = open(path, flags, 0644);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (out)
		fchmod(fd, 0644);
	else if (fd >= 0)
		close(fd);
	return out;
}

/* Returns true if PATH is a regular file or does not exist.  A device such as /dev/null must not be
 * replaced by a file. */
static bool is_place(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return true;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EEXIST;
	return false;
}

static bool replace(const char *path, const char *text, const char *name)
{
	char temp[4096];
	FILE *out = NULL;
	bool bad;

	if (!is_place(path))
		return false;
	errno = ENAMETOOLONG;
	if ((size_t)snprintf(temp, sizeof(temp), "%s.new", path) < sizeof(temp))
		out = make(temp);
	if (!out)
		return false;
	put_metrics(out, text, name);
	bad = ferror(out) != 0;
	bad |= fclose(out) != 0;
	if (!bad && rename(temp, path) == 0)
		return true;
	unlink(temp);
	return false;
}

static int write_file(const struct ctl *c, const struct job *j)
{
	char *text = get_metrics(c, false);
	int status = CTL_FAILED;

	if (!text)
		return status;
	if (replace(j->textfile, text, c->instance))
		status = CTL_DONE;
	else
		ctl_complain("%s: %s", j->textfile, strerror(errno));
	free(text);
	return status;
}

/* --- HTTP ----------------------------------------------------------------------------------- */

/* Waits for EVENTS on FD until the time UNTIL. */
static bool comes(int fd, short events, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = until - clock_ms();

	return left > 0 && poll(&p, 1, (int)left) > 0;
}

/* Reads a request of LEN bytes into TEXT.  Returns 200 if it is complete, 0 if there is none, or
 * the error status to answer with. */
static int read_request(char text[HTTP_MOST], size_t *len)
{
	int64_t until = clock_ms() + REQUEST_MS;
	ssize_t n;

	for (*len = 0; !http_is_whole(text, *len); *len += n > 0 ? (size_t)n : 0) {
		if (*len == HTTP_MOST)
			return 431;
		if (!comes(STDIN_FILENO, POLLIN, until))
			return 408;
		n = read(STDIN_FILENO, text + *len, HTTP_MOST - *len);
		if (n == 0)
			return *len > 0 ? 400 : 0;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return 0;
	}
	return 200;
}

/* Stops if the client does not read. */
static void write_answer(const char *text, size_t len)
{
	const struct timeval moment = {.tv_sec = 1};
	int64_t until = clock_ms() + ANSWER_MS;
	ssize_t n;

	setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof(moment));
	for (; len > 0 && comes(STDOUT_FILENO, POLLOUT, until);
	     text += n > 0 ? n : 0, len -= n > 0 ? (size_t)n : 0) {
		n = write(STDOUT_FILENO, text, len);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return;
	}
}

/* If unread input remained at the close, the client would lose the end of the answer.  So reads it
 * first. */
static void say_goodbye(void)
{
	int64_t until = clock_ms() + LINGER_MS;
	char rest[HTTP_MOST];

	if (shutdown(STDOUT_FILENO, SHUT_WR) < 0)
		return;
	while (comes(STDIN_FILENO, POLLIN, until))
		if (read(STDIN_FILENO, rest, sizeof(rest)) <= 0)
			return;
}

static void answer(int status, const struct http_request *r, const char *body)
{
	char head[HTTP_HEAD];
	size_t len = http_head(head, status, r->openmetrics, strlen(body));

	write_answer(head, len);
	if (!r->head)
		write_answer(body, strlen(body));
	say_goodbye();
}

static int serve(const struct ctl *c)
{
	char request[HTTP_MOST], path[HTTP_INSTANCE + sizeof(CTL_SOCKET)], *text = NULL;
	struct ctl its = *c;
	struct http_request r = {.head = false};
	size_t len;
	int status = read_request(request, &len);

	if (status == 0)
		return CTL_DONE;
	if (status == 200)
		status = http_understand(&r, request, len);
	snprintf(path, sizeof(path), CTL_SOCKET, r.instance);
	if (r.instance[0])
		its.path = path;
	if (status == 200 && !(text = get_metrics(&its, r.openmetrics)))
		status = 503;
	answer(status, &r, text ? text : http_words(status));
	free(text);
	return status == 503 ? CTL_FAILED : CTL_DONE;
}

/* --- command line ----------------------------------------------------------------------------- */

static bool understand(struct job *j, char **word)
{
	const char *file;

	for (; *word; word++)
		if (strcmp(*word, "--openmetrics") == 0)
			j->openmetrics = true;
		else if (strcmp(*word, "--http") == 0)
			j->http = true;
		else if ((file = ctl_value(&word, "--textfile")) && *file)
			j->textfile = file;
		else
			return false;
	return j->openmetrics + j->http + (j->textfile != NULL) <= 1;
}

int ctl_metrics(const struct ctl *c)
{
	struct ctl patient = *c;
	struct job j = {.http = false};

	if (c->json || !understand(&j, c->word + 1) ||
	    (c->instance && strpbrk(c->instance, "\"\\\n"))) {
		ctl_complain("usage: metrics [--openmetrics | --http | --textfile PATH]");
		return CTL_USAGE;
	}
	patient.patience = PATIENCE;
	if (j.http)
		return serve(&patient);
	return j.textfile ? write_file(&patient, &j) : print(c, &j);
}
