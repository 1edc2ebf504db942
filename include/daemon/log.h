/* log - messages for the operator: their levels, the four destinations, and a rate limit for
 * messages that remote hosts can cause.
 *
 * The destination is the only global state of this program. */
#ifndef NAT64D_LOG_H
#define NAT64D_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { /* the numbers are those of syslog */
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

/* Chooses the destination.  Returns 0, or -1 with errno if syslog or the journal is not available;
 * then each message tries again.  Must be called before chroot(), after which the sockets cannot be
 * reached. */
int log_open(enum log_sink sink);

/* Returns the descriptor that log_open() has opened, or -1. */
int log_fd(void);

/* Sets whether each line goes to standard error as well.  While a daemon starts, its caller reads
 * from there. */
void log_tee_stderr(bool on);

/* From now on, lines are dropped instead of blocking.  The number of dropped lines is logged later.
 */
void log_never_wait(void);

/* The same after the first line that waits for more than a second, because its reader is stopped.
 */
void log_hurry(void);

/* Sets whether all lines are discarded. */
void log_mute(bool on);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Logs a complete line such as "file:line: ...".  On a terminal it is not preceded by the program
 * name. */
void log_line(enum log_level level, const char *line);

/* Callbacks that log complete lines.  ARG is unused. */
void log_say(void *arg, bool error, const char *line); /* as an error, or as a warning */
void log_say_warning(void *arg, const char *line);

/* A rate limit: RATE lines per second after a burst of BURST lines.  RATE must divide 1000.  All
 * zero is a new limit with LOG_RATE and LOG_BURST. */
#define LOG_RATE  10
#define LOG_BURST 50

struct log_limit {
	unsigned rate, burst;
	int64_t last;   /* ms */
	int64_t credit; /* ms; each line costs 1000 / RATE */
	bool used;
	unsigned long suppressed;
};

/* Returns true if a line may be written at NOW (ms, never going back).  If not, it is counted as
 * suppressed. */
bool log_limit_take(struct log_limit *l, int64_t now);

/* Returns how many lines were suppressed since the last call. */
unsigned long log_limit_suppressed(struct log_limit *l);

#endif
