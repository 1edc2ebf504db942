/* trace - describes a packet before and after translation, matches it against a filter, and formats
 * the line about it.
 *
 * Nothing here allocates or blocks. */
#ifndef NAT64D_TRACE_H
#define NAT64D_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/answer.h"
#include "daemon/report.h"
#include "packet/fastpath.h"
#include "packet/reason.h"

#define TRACE_LINE 1024 /* room for a line */
#define TRACE_NETS 64   /* maximum number of addresses and prefixes in a filter */

struct trace_side {     /* one packet, as described by its headers */
	uint8_t family; /* 4 or 6; 0: no valid addresses */
	uint8_t proto;  /* valid if FAMILY is not 0 */
	bool has_ports; /* TCP and UDP, except later fragments */
	bool fragment;
	uint16_t sport, dport;
	int16_t type, code;       /* of ICMP; -1: none */
	uint8_t src[16], dst[16]; /* an IPv4 address uses the first four bytes */
	size_t len;               /* bytes, IP header included */
};

enum trace_verdict {
	TRACE_TRANSLATE,
	TRACE_ANSWER, /* an echo request to the translator itself */
	TRACE_REJECT, /* an ICMP error was due; the rate limit may have suppressed it */
	TRACE_DROP,
};

struct trace_packet {
	int64_t at; /* unix time, us */
	enum report_dir dir;
	enum reason why;
	enum trace_verdict verdict;
	unsigned packets; /* number of packets on the wire that this describes */
	bool has_after;
	struct trace_side before, after; /* AFTER: the first resulting packet, or our answer */
};

/* Fills S from the first HERE bytes of a packet of LEN bytes.  HERE must include the headers.  The
 * bytes need not be a valid packet. */
void trace_look(struct trace_side *s, const uint8_t *bytes, size_t here, size_t len);

/* Writes the line about P, including a newline.  Returns its length. */
size_t trace_format(char line[TRACE_LINE], const struct trace_packet *p, bool json);

/* The same about N packets that are not shown. */
size_t trace_format_lost(char line[TRACE_LINE], int64_t at, unsigned long n, bool json);

/* The header above the lines in text format. */
extern const char trace_head[];

struct trace_filter {
	unsigned nets;
	struct {
		uint8_t family, len;
		uint8_t addr[16];
	} net[TRACE_NETS];
	int why; /* enum reason; -1: any */
	int dir; /* enum report_dir; -1: both */
};

/* Parses the N words at WORD.  False if one of them is invalid, and A lists the valid ones. */
bool trace_filter_read(struct trace_filter *f, char *const *word, unsigned n, struct answer *a);

/* Returns true if P matches F.  Each given word must match: the reason, the direction, and an
 * address of the packet before or after translation. */
bool trace_filter_wants(const struct trace_filter *f, const struct trace_packet *p);

/* Returns true if F could match a packet that is translated in direction DIR and has the addresses
 * of V4 in IPv4 and those of V6 in IPv6. */
bool trace_filter_wants_pair(const struct trace_filter *f, enum report_dir dir,
			     const struct fastpath_key4 *v4, const struct fastpath_key6 *v6);

#endif
