/* leasetext - one line of the lease file: text to lease and back.  No I/O. */
#ifndef NAT64D_LEASETEXT_H
#define NAT64D_LEASETEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define LEASETEXT_MAX    160 /* longest line that we read or write, with its newline */
#define LEASETEXT_RECORD 192 /* that of a lease, with the comments in front of it */
#define LEASETEXT_WHY    96  /* room for what is wrong with a line */
#define LEASETEXT_CUT    "is cut short (no newline at the end of the file)"

struct leasetext {
	uint32_t addr; /* host order */
	struct ip6 host;
	int64_t when;  /* unix time */
	int64_t since; /* unix time of the assignment, or 0: it is not known */
	bool unconfirmed;
	bool has_prefix;
	struct prefix6 prefix; /* as written: any length, maybe not clean; LEASETEXT_DEFAULT, too */
};

enum leasetext_kind {
	LEASETEXT_LEASE,
	LEASETEXT_BLANK,       /* nothing, or a comment */
	LEASETEXT_END,         /* the comment that the lease of ADDR has ended */
	LEASETEXT_SINCE,       /* the comment with SINCE of the next line that is none */
	LEASETEXT_UNCONFIRMED, /* the comment that the lease of the next line is not confirmed */
	LEASETEXT_DEFAULT, /* the comment that names the prefix of lines without one, or takes it
			      back */
	LEASETEXT_BAD,
};

/* Reads the line of LEN bytes (its newline is not among them, one byte behind them is
 * writable); LINE is destroyed.  LEASETEXT_BAD: WHY says what is wrong, in printable characters.
 * What the kind does not have is left in OUT as it was.
 *
 * CUT: any part of the end may be missing.  A lease then has both addresses whole, since something
 * follows them, and its prefix if there is one, whose length may be cut; WHEN is not read. */
enum leasetext_kind leasetext_parse(char *line, size_t len, bool cut, struct leasetext *out,
				    char why[LEASETEXT_WHY]);

/* Writes the line of the lease T with its newline to OUT, behind the comment with its SINCE if that
 * is known, and the one that it is UNCONFIRMED; returns the length of all. */
size_t leasetext_format(char out[LEASETEXT_RECORD], const struct leasetext *t);

/* Writes the line that names PREFIX as that of the lines behind it that have none, or says for NULL
 * that they are of the first; returns its length. */
size_t leasetext_format_default(char out[LEASETEXT_MAX], const struct prefix6 *prefix);

/* Writes the line that the lease of ADDR has ended; returns its length. */
size_t leasetext_format_end(char out[LEASETEXT_MAX], uint32_t addr);

#endif
