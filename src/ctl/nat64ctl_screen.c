/* nat64ctl_screen - the control sequences for the terminal, and its restoration even if a signal
 * ends the process. */
#include "nat64ctl_screen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define ENTER "\033[?1049h\033[?25l" /* the alternate screen, without a cursor */
#define LEAVE "\033[?25h\033[?1049l"
#define HOME  "\033[H"
#define CLEAR "\033[K" /* to the end of the line */
#define REST  "\033[J" /* to the end of the screen */
#define HEAD  "\033[1m"
#define PLAIN "\033[0m"

#define LINE_MAX_LEN 512

/* global, because signal handlers need it */
static struct termios before;
static bool keyboard; /* BEFORE holds the settings of standard input */
static volatile sig_atomic_t resized;

static void give_back(void)
{
	if (keyboard)
		tcsetattr(STDIN_FILENO, TCSANOW, &before);
	(void)!write(STDOUT_FILENO, LEAVE, strlen(LEAVE));
}

static void end(int number)
{
	(void)number;
	give_back();
	_exit(0);
}

static void resize(int number)
{
	(void)number;
	resized = 1;
}

/* Reads keys one by one, without echo. */
static void take_keyboard(void)
{
	struct termios raw;

	keyboard = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
	if (!keyboard)
		return;
	raw = before;
	raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void screen_open(struct screen *s)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
	const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

	*s = (struct screen){.on = isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0,
			     .colour = !plain || !*plain};
	if (!s->on) {
		signal(SIGPIPE, SIG_DFL); /* end if the reader closes the pipe */
		return;
	}
	take_keyboard();
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		signal(ends[i], end);
	signal(SIGTSTP, SIG_IGN);
	signal(SIGWINCH, resize);
	fputs(ENTER, stdout);
	fflush(stdout);
}

void screen_close(struct screen *s)
{
	if (s->on)
		give_back();
	s->on = false;
}

bool screen_is_resized(void)
{
	return resized;
}

void screen_begin(struct screen *s)
{
	struct winsize size = {.ws_row = 0};

	s->rows = s->columns = INT_MAX;
	if (!s->on)
		return;
	resized = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	s->rows = size.ws_row;
	s->columns = size.ws_col;
	fputs(HOME, stdout);
}

void screen_line(const struct screen *s, bool bright, const char *format, ...)
{
	char line[LINE_MAX_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (!s->on) {
		printf("%s\n", line);
		return;
	}
	bright = bright && s->colour;
	printf("%s%.*s%s" CLEAR "\r\n", bright ? HEAD : "", s->columns, line, bright ? PLAIN : "");
}

bool screen_end(const struct screen *s)
{
	if (s->on)
		fputs(REST, stdout);
	return fflush(stdout) == 0 && !ferror(stdout);
}

/* Returns the key that was pressed; 0: none. */
static char read_key(void)
{
	char key = 0;

	return read(STDIN_FILENO, &key, 1) == 1 ? key : 0;
}

bool screen_wait(const struct screen *s, int ms)
{
	struct pollfd in = {.fd = s->on && keyboard ? STDIN_FILENO : -1, .events = POLLIN};
	char key;

	if (poll(&in, 1, ms) < 0 && errno != EINTR)
		return false;
	if (!in.revents)
		return true;
	key = read_key();
	if (key == 0) /* the terminal is gone */
		return false;
	return key != 'q' && key != 'Q' && key != 3;
}
