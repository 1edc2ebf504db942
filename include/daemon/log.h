/* log - lines for the operator: levels, four places they can go to, and a limit for lines that
 * strangers cause.
 *
 * The place is the one thing in this program that is set once for all of it. */
#ifndef NAT64D_LOG_H
#define NAT64D_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { /* numbered as syslog does */
	LEVEL_ERROR = 3,
	LEVEL_WARNING = 4,
	LEVEL_NOTICE = 5,
};

enum log_sink {
	SINK_STDERR,
	SINK_STDOUT,
	SINK_SYSLOG,  /* datagrams to /dev/log */
	SINK_JOURNAL, /* datagrams in the journal's own format */
};

/* Chooses the place.  0, or -1 with errno if syslog or the journal is not there; each message then
 * tries again.  To be called before chroot, which hides the sockets. */
int log_open(enum log_sink sink);

/* The descriptor of the place, where log_open() has opened one, or -1. */
int log_fd(void);

/* Whether every line goes to standard error as well: while a daemon starts, its caller reads there.
 */
void log_tee_stderr(bool on);

/* From now on a line that would have to wait is lost, and how many were is said later. */
void log_never_wait(void);

/* Whether every line is thrown away. */
void log_mute(bool on);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A finished line such as "file:line: ...", before which a terminal shows no program name. */
void log_line(enum log_level level, const char *line);

/* Callbacks for who says finished lines; ARG is unused. */
void log_say(void *arg, bool error, const char *line); /* an error, or else a warning */
void log_say_warning(void *arg, const char *line);

/* A limit of RATE lines per second, which divides 1000, after BURST at once.  All zero is a fresh
 * one of LOG_RATE and LOG_BURST. */
#define LOG_RATE  10
#define LOG_BURST 50

struct log_limit {
	unsigned rate, burst;
	int64_t last;   /* ms */
	int64_t credit; /* ms: a line costs 1000 / RATE */
	bool used;
	unsigned long suppressed;
};

/* May a line be written at NOW (milliseconds, never going back)?  If not it is counted. */
bool log_limit_take(struct log_limit *l, int64_t now);

/* How many lines were suppressed since the last call; the count starts again. */
unsigned long log_limit_suppressed(struct log_limit *l);

#endif
