/* trace - what a packet says of itself before and after, which ones a filter wants, and the line
 * that tells of one.
 *
 * Nothing here allocates or waits. */
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
#define TRACE_NETS 64   /* addresses and prefixes of a filter */

struct trace_side {     /* one packet, by its headers */
	uint8_t family; /* 4 or 6; 0: it shows no addresses */
	uint8_t proto;  /* where it shows addresses */
	bool has_ports; /* TCP and UDP, but for later fragments */
	bool fragment;
	uint16_t sport, dport;
	int16_t type, code;       /* of ICMP; -1: none */
	uint8_t src[16], dst[16]; /* of an IPv4 address the first four bytes */
	size_t len;               /* bytes, IP header included */
};

enum trace_verdict {
	TRACE_TRANSLATE,
	TRACE_ANSWER, /* an echo request to the translator */
	TRACE_REJECT, /* an ICMP error was due, which the rate limit may have forbidden */
	TRACE_DROP,
};

struct trace_packet {
	int64_t at; /* unix time, us */
	enum report_dir dir;
	enum reason why;
	enum trace_verdict verdict;
	unsigned packets; /* on the wire that this is about */
	bool has_after;
	struct trace_side before, after; /* AFTER: the first packet that it became, or our answer */
};

/* Fills S from the first HERE bytes, headers at least, of a packet of LEN bytes; any bytes will do.
 */
void trace_look(struct trace_side *s, const uint8_t *bytes, size_t here, size_t len);

/* Writes the line of P, newline included; returns its bytes. */
size_t trace_format(char line[TRACE_LINE], const struct trace_packet *p, bool json);

/* The same of N packets that are not shown. */
size_t trace_format_lost(char line[TRACE_LINE], int64_t at, unsigned long n, bool json);

/* What stands above the lines for people. */
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

/* Reads the N words at WORD.  False: one of them is wrong, and A says which would be right. */
bool trace_filter_read(struct trace_filter *f, char *const *word, unsigned n, struct answer *a);

/* Each word must fit: P's reason and direction, and an address before or after. */
bool trace_filter_wants(const struct trace_filter *f, const struct trace_packet *p);

/* May F want a packet from SRC to DST, IPv4 addresses before or after and IPv6 addresses likewise,
 * that is translated in direction DIR? */
bool trace_filter_wants_pair(const struct trace_filter *f, enum report_dir dir,
			     const struct fastpath_key4 *v4, const struct fastpath_key6 *v6);

#endif
