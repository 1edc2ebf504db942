/* leaseinput - reads what another translator says about leases: lines of the lease file, and events
 * of `watch`.  No I/O. */
#ifndef NAT64D_LEASEINPUT_H
#define NAT64D_LEASEINPUT_H

#include "lease/leasetext.h"

#define LEASEINPUT_LINE 1024 /* maximum bytes of a line, with its newline */

/* The state between lines, all zeroes at the beginning: what comments say about the next lines. */
struct leaseinput {
	struct leasetext next;  /* SINCE and UNCONFIRMED of the next lease */
	struct leasetext whose; /* the prefix of leases without one */
	bool half;              /* the last line names it, with a checksum */
};

struct leaseinput_record {
	uint32_t addr; /* host order */
	struct ip6 host;
	struct prefix6 prefix; /* length 0: not named */
	int64_t last;          /* unix time of the host's last packet, or of the end of the lease */
	int64_t since;         /* unix time of the assignment, or 0: unknown */
	bool confirmed;
	bool ended;
};

enum leaseinput_kind {
	LEASEINPUT_NOTHING, /* a comment, or another event */
	LEASEINPUT_RECORD,
	LEASEINPUT_BAD,
};

/* Reads the line of LEN bytes, without its newline, of which IN has seen all lines before.  One
 * byte after the line must be writable.  Modifies LINE.  For LEASEINPUT_BAD, WHY describes the
 * problem in printable characters. */
enum leaseinput_kind leaseinput_read(struct leaseinput *in, char *line, size_t len,
				     struct leaseinput_record *out, char why[LEASETEXT_WHY]);

#endif
