/* log - formats each line for its destination.  Never delays packets: a line that cannot be written
 * at once is dropped and counted. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "daemon/log.h"

#define NAME           "nat64d"
#define FACILITY       (3 << 3) /* syslog: daemon */
#define LINE_MAX_BYTES 2048
#define PATIENCE_MS    1000

static struct {
	enum log_sink sink;
	int fd; /* of the socket or of a terminal; or -1 */
	bool tee, never_wait, mute;
	bool hurried;  /* the first line that has to wait for long is the last one that waits */
	bool numbered; /* standard error is the journal, which accepts a prefix "<level>" */
	unsigned long lost;
} out = {.fd = -1};

static const char *socket_path(enum log_sink sink)
{
	return sink == SINK_SYSLOG ? "/dev/log" : "/run/systemd/journal/socket";
}

static int connect_socket(enum log_sink sink)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int err, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path(sink));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* A terminal that polls as writable may accept half a line and then block.  Opening it again gives
 * a separate file description.  O_NONBLOCK on that does not affect other processes that share the
 * terminal. */
static int open_terminal(int stream)
{
	char path[32];

	if (!isatty(stream))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", stream);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* Returns true if standard error is connected to the journal. systemd passes the device and inode
 * of that stream.
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char is[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(is, sizeof(is), "%llu:%llu", (unsigned long long)st.st_dev,
		 (unsigned long long)st.st_ino);
	return strcmp(stream, is) == 0;
}

int log_open(enum log_sink sink)
{
	if (out.fd >= 0)
		close(out.fd);
	out.fd = -1;
	out.sink = sink;
	out.numbered = sink == SINK_STDERR && stderr_is_journal();
	if (sink == SINK_STDERR || sink == SINK_STDOUT) {
		out.fd = open_terminal(sink == SINK_STDERR ? STDERR_FILENO : STDOUT_FILENO);
		return 0;
	}
	tzset(); /* reads /etc/localtime, which cannot be reached after a chroot */
	out.fd = connect_socket(sink);
	return out.fd < 0 ? -1 : 0;
}

int log_fd(void)
{
	return out.fd;
}

void log_tee_stderr(bool on)
{
	out.tee = on;
}

void log_mute(bool on)
{
	out.mute = on;
}

void log_never_wait(void)
{
	out.never_wait = true;
}

void log_hurry(void)
{
	out.hurried = true;
}

static bool is_writable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, ms) == 1 && (p.revents & POLLOUT);
}

/* Returns true if a line would wait for longer than it may. */
static bool is_stuck(int fd)
{
	if (!out.never_wait && !out.hurried)
		return false;
	if (is_writable(fd, out.never_wait ? 0 : PATIENCE_MS))
		return false;
	out.never_wait = true;
	return true;
}

/* A pipe that polls as writable accepts PIPE_BUF bytes at once, which is more than
 * LINE_MAX_BYTES.  O_NONBLOCK is not an option, because it would affect all processes that share
 * the stream. */
static bool write_stream(int fd, const char *line, size_t len)
{
	if (out.never_wait && out.fd >= 0)
		fd = out.fd;
	else if (is_stuck(fd))
		return false;
	while (len > 0) {
		ssize_t n = write(fd, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		line += n;
		len -= (size_t)n;
	}
	return true;
}

/* seccomp: daemon: socket, connect, sendto, getpid */
static bool send_socket(const char *line, size_t len)
{
	int wait = out.never_wait || out.hurried ? MSG_DONTWAIT : 0;

	if (out.fd >= 0 && !out.never_wait)
		is_stuck(out.fd); /* waits for room, but a closed socket shows only below */
	if (out.fd >= 0 && send(out.fd, line, len, MSG_NOSIGNAL | wait) >= 0)
		return true;
	if (out.fd >= 0 && (errno == EAGAIN || errno == ENOBUFS || errno == EMSGSIZE))
		return false;
	/* the receiver has closed its socket; a new one may have the same name */
	if (out.fd >= 0)
		close(out.fd);
	out.fd = connect_socket(out.sink);
	return out.fd >= 0 && send(out.fd, line, len, MSG_NOSIGNAL | wait) >= 0;
}

static const char *level_word(enum log_level level)
{
	return level == LEVEL_WARNING ? "warning: " : "";
}

static bool to_stream(int fd, enum log_level level, const char *text, bool bare)
{
	char line[LINE_MAX_BYTES + 64], number[8] = "";
	bool numbered = fd == STDERR_FILENO && out.numbered;
	int len;

	if (numbered)
		snprintf(number, sizeof(number), "<%d>", level);
	len = snprintf(line, sizeof(line), "%s%s%s%s\n", number, bare || numbered ? "" : NAME ": ",
		       level_word(level), text);
	return write_stream(fd, line, (size_t)len);
}

static bool to_syslog(enum log_level level, const char *text)
{
	char line[LINE_MAX_BYTES + 128], when[32];
	time_t now = (time_t)clock_wall();
	struct tm tm;
	int len;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %T", &tm);
	len = snprintf(line, sizeof(line), "<%d>%s " NAME "[%ld]: %s%s", FACILITY | (int)level,
		       when, (long)getpid(), level_word(level), text);
	return send_socket(line, (size_t)len);
}

static bool to_journal(enum log_level level, const char *text)
{
	char line[LINE_MAX_BYTES + 128];
	int len = snprintf(line, sizeof(line),
			   "PRIORITY=%d\nSYSLOG_FACILITY=%d\nSYSLOG_IDENTIFIER=" NAME
			   "\nMESSAGE=%s%s\n",
			   level, FACILITY >> 3, level_word(level), text);

	return send_socket(line, (size_t)len);
}

static bool deliver(enum log_level level, const char *text, bool bare)
{
	switch (out.sink) {
	case SINK_SYSLOG:
		return to_syslog(level, text);
	case SINK_JOURNAL:
		return to_journal(level, text);
	case SINK_STDOUT:
		return to_stream(STDOUT_FILENO, level, text, bare);
	case SINK_STDERR:
		break;
	}
	return to_stream(STDERR_FILENO, level, text, bare);
}

static void deliver_or_count(enum log_level level, const char *text, bool bare)
{
	char lost[64];

	if (out.mute)
		return;
	if (out.tee && out.sink != SINK_STDERR)
		to_stream(STDERR_FILENO, level, text, bare);
	if (out.lost > 0) {
		snprintf(lost, sizeof(lost), "%lu messages were lost", out.lost);
		if (deliver(LEVEL_WARNING, lost, false))
			out.lost = 0;
	}
	if (!deliver(level, text, bare))
		out.lost++;
}

/* Text from files and packets must not control a terminal or forge a line. */
static void mask_controls(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

static void say(enum log_level level, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static void say(enum log_level level, const char *fmt, va_list args)
{
	char text[LINE_MAX_BYTES];
	int err = errno;

	vsnprintf(text, sizeof(text), fmt, args);
	mask_controls(text);
	deliver_or_count(level, text, false);
	errno = err;
}

void log_line(enum log_level level, const char *line)
{
	char text[LINE_MAX_BYTES];

	snprintf(text, sizeof(text), "%s", line);
	mask_controls(text);
	deliver_or_count(level, text, true);
}

void log_say(void *arg, bool error, const char *line)
{
	(void)arg;
	log_line(error ? LEVEL_ERROR : LEVEL_WARNING, line);
}

void log_say_warning(void *arg, const char *line)
{
	(void)arg;
	log_line(LEVEL_WARNING, line);
}

#define SAY(level)                       \
	do {                             \
		va_list args;            \
		va_start(args, fmt);     \
		say((level), fmt, args); \
		va_end(args);            \
	} while (0)

void log_error(const char *fmt, ...)
{
	SAY(LEVEL_ERROR);
}

void log_warning(const char *fmt, ...)
{
	SAY(LEVEL_WARNING);
}

void log_notice(const char *fmt, ...)
{
	SAY(LEVEL_NOTICE);
}

bool log_limit_take(struct log_limit *l, int64_t now)
{
	const int64_t cost = 1000 / (l->rate ? l->rate : LOG_RATE);
	const int64_t most = cost * (l->rate ? l->burst : LOG_BURST);

	if (!l->used || now - l->last > most)
		l->credit = most;
	else
		l->credit += now - l->last;
	if (l->credit > most)
		l->credit = most;
	l->used = true;
	l->last = now;
	if (l->credit < cost) {
		l->suppressed++;
		return false;
	}
	l->credit -= cost;
	return true;
}

unsigned long log_limit_suppressed(struct log_limit *l)
{
	unsigned long n = l->suppressed;

	l->suppressed = 0;
	return n;
}
