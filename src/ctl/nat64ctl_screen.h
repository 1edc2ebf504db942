/* nat64ctl_screen - a terminal that is painted again and again, and left as it was. */
#ifndef NAT64D_NAT64CTL_SCREEN_H
#define NAT64D_NAT64CTL_SCREEN_H

#include <stdbool.h>

struct screen {
	bool on; /* standard output is a terminal */
	bool colour;
	int rows, columns; /* at the last screen_begin(); without a terminal as many as there are */
};

/* Takes the terminal, if there is one; a signal that ends us gives it back. */
void screen_open(struct screen *s);
void screen_close(struct screen *s);

/* Begins a picture that replaces the last one; without a terminal, below it. */
void screen_begin(struct screen *s);

/* A line of it, cut where the terminal ends; BRIGHT: as a heading. */
void screen_line(const struct screen *s, bool bright, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Shows it.  False: standard output takes no more. */
bool screen_end(const struct screen *s);

/* Has the terminal another size since screen_begin()? */
bool screen_is_resized(void);

/* Waits for MS milliseconds, or until the terminal has another size.  False: somebody has had
 * enough. */
bool screen_wait(const struct screen *s, int ms);

#endif
