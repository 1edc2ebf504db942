/* nat64ctl_screen - repaints a terminal repeatedly, and restores it at the end. */
#ifndef NAT64D_NAT64CTL_SCREEN_H
#define NAT64D_NAT64CTL_SCREEN_H

#include <stdbool.h>

struct screen {
	bool on; /* standard output is a terminal */
	bool colour;
	int rows, columns; /* at the last screen_begin(); unlimited without a terminal */
};

/* Prepares the terminal, if there is one.  Signals that end the process restore it. */
void screen_open(struct screen *s);
void screen_close(struct screen *s);

/* Begins a new picture.  It replaces the last one; without a terminal it is printed after it. */
void screen_begin(struct screen *s);

/* Prints a line of the picture, cut at the width of the terminal.  BRIGHT: as a heading. */
void screen_line(const struct screen *s, bool bright, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Shows the picture.  False after a write error on standard output. */
bool screen_end(const struct screen *s);

/* True if the size of the terminal has changed since screen_begin(). */
bool screen_is_resized(void);

/* Waits for MS milliseconds, or until the size of the terminal changes.  False if the user wants to
 * quit. */
bool screen_wait(const struct screen *s, int ms);

#endif
