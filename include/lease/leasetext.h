/* leasetext - converts between a lease and its line in the lease file.  No I/O. */
#ifndef NAT64D_LEASETEXT_H
#define NAT64D_LEASETEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"

#define LEASETEXT_MAX    160 /* bytes of the longest line, or of the two lines about a prefix */
#define LEASETEXT_RECORD 192 /* bytes of a lease's line and the comments before it */
#define LEASETEXT_WHY    96  /* size of the buffer for an error message about a line */
/* Appended to an incomplete line.  A newline alone could turn it into a valid line with a truncated
 * number. */
#define LEASETEXT_CUT_SHORT "\t# cut short\n"

#define LEASETEXT_CUT "is cut short (no newline at the end of the file)"

struct leasetext {
	uint32_t addr; /* host order */
	struct ip6 host;
	int64_t when;  /* unix time */
	int64_t since; /* unix time of the assignment, or 0: unknown */
	uint32_t sum;  /* LEASETEXT_CHECKSUM: of the record that follows */
	bool unconfirmed;
	bool has_host; /* LEASETEXT_END: HOST is set */
	bool has_prefix;
	struct prefix6 prefix; /* as written: any length, possibly with host bits; also used by
				  LEASETEXT_DEFAULT and LEASETEXT_CHECKED */
};

enum leasetext_kind {
	LEASETEXT_LEASE,
	LEASETEXT_BLANK,       /* an empty line, or an ordinary comment */
	LEASETEXT_CLOSED,      /* the line ends with LEASETEXT_CUT_SHORT */
	LEASETEXT_END,         /* comment: the lease of ADDR, if HAS_HOST that of HOST, has ended */
	LEASETEXT_CHECKSUM,    /* comment: SUM of the next lease and the comments before it */
	LEASETEXT_SINCE,       /* comment: SINCE of the next line that is not a comment */
	LEASETEXT_UNCONFIRMED, /* comment: the lease of the next line is not confirmed */
	LEASETEXT_DEFAULT,     /* comment: the prefix of lines without one, or none */
	LEASETEXT_CHECKED,     /* the same, with a checksum that is right */
	LEASETEXT_BAD,
};

/* Parses the line of LEN bytes, without its newline.  One byte after the line must be
 * writable.  Modifies LINE.  For LEASETEXT_BAD, WHY describes the problem in printable
 * characters.  Members of OUT that the result does not use keep their values.
 *
 * CUT: the end of the line may be missing.  Then both addresses of a lease are complete, since
 * something follows them.  The length of its prefix may be incomplete, and WHEN is not set.  Any
 * comment is LEASETEXT_BLANK. */
enum leasetext_kind leasetext_parse(char *line, size_t len, bool cut, struct leasetext *out,
				    char why[LEASETEXT_WHY]);

/* Returns true if A and B name the same prefix, or both none. */
bool leasetext_same_prefix(const struct leasetext *a, const struct leasetext *b);

/* Writes the line of the lease T with its newline to OUT, after the comments for SINCE (if known)
 * and UNCONFIRMED (if set).  Returns the total length. */
size_t leasetext_format(char out[LEASETEXT_RECORD], const struct leasetext *t);

/* The same with a checksum before it, which makes damage visible. */
size_t leasetext_format_checked(char out[LEASETEXT_RECORD], const struct leasetext *t);

/* Returns the checksum of the LEN bytes at TEXT. */
uint32_t leasetext_sum(const char *text, size_t len);

/* Writes the two lines that name PREFIX as that of the following lines without one: the first with
 * a checksum, the second without it, for earlier versions.  NULL: they belong to the first prefix.
 * Returns the length of both. */
size_t leasetext_format_default(char out[LEASETEXT_MAX], const struct prefix6 *prefix);

/* Writes the line that says that the lease of ADDR, which HOST had, has ended.  Returns its
 * length. */
size_t leasetext_format_end(char out[LEASETEXT_MAX], uint32_t addr, const struct ip6 *host);

#endif
