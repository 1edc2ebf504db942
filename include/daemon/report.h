/* report - what the translator has counted, and how it is told. */
#ifndef NAT64D_REPORT_H
#define NAT64D_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "map/pool.h"
#include "packet/reason.h"

enum report_dir {
	DIR_4TO6, /* and whatever is neither IPv4 nor IPv6 */
	DIR_6TO4,
	DIRS,
};

struct counters {                            /* since the start */
	uint64_t reason[DIRS][REASON_COUNT]; /* packets on the wire, by what became of them */
	uint64_t fast[DIRS];   /* of those that are translated: by the program in the kernel */
	uint64_t bytes[DIRS];  /* read, as they are on the wire */
	uint64_t answers;      /* ICMP messages we made: errors and echo replies */
	uint64_t suppressed;   /* ICMP errors that the rate limit forbade */
	uint64_t gso_read;     /* GSO packets among what was read */
	uint64_t gso_written;  /* GSO packets that the device took */
	uint64_t merged;       /* packets put behind others into a GSO packet */
	uint64_t write_failed; /* packets that the device did not take */
	uint64_t recorded;     /* leases put on record */
};

/* The direction of a packet by its first byte. */
static inline enum report_dir report_dir(uint8_t first)
{
	return first >> 4 == 6 ? DIR_6TO4 : DIR_4TO6;
}

/* What is not zero in three lines, one for each direction and one for what has none:
 * "4->6: packets 10, bytes 1234, ok 7, ttl-exceeded 3".  Few lines, so that a log which is read
 * slowly has room for them. */
void report_lines(const struct counters *c, const struct pool *pool,
		  void (*say)(void *arg, const char *line), void *arg);

/* Describes the packet at BYTES and what became of it, for the log: "drop 4->6 udp-zero-checksum:
 * <text>: UDP 192.0.2.1:53 -> 192.168.255.17:4711, 120 bytes".  Any bytes will do.  Returns OUT. */
char *report_packet(char *out, size_t size, enum reason why, const uint8_t *bytes, size_t len);

#endif
