/* report - the counters of the translator, and their text for the log. */
#ifndef NAT64D_REPORT_H
#define NAT64D_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "map/pool.h"
#include "packet/reason.h"

enum report_dir {
	DIR_4TO6, /* also packets that are neither IPv4 nor IPv6 */
	DIR_6TO4,
	DIRS,
};

struct counters {                            /* since the start */
	uint64_t reason[DIRS][REASON_COUNT]; /* packets on the wire, by result */
	uint64_t fast[DIRS];   /* translated packets that the program in the kernel translated */
	uint64_t bytes[DIRS];  /* read, counted as on the wire */
	uint64_t answers;      /* ICMP messages of nat64d itself: errors and echo replies */
	uint64_t suppressed;   /* ICMP errors that the rate limit suppressed */
	uint64_t gso_read;     /* GSO packets read */
	uint64_t gso_written;  /* GSO packets that the device accepted */
	uint64_t merged;       /* packets that were appended to others to form a GSO packet */
	uint64_t write_failed; /* packets that the device did not accept */
	uint64_t recorded;     /* number of lease records */
};

/* Returns the direction of a packet with the given first byte. */
static inline enum report_dir report_dir(uint8_t first)
{
	return first >> 4 == 6 ? DIR_6TO4 : DIR_4TO6;
}

/* Passes all counters that are not zero to SAY, in three lines: one for each direction, and one for
 * those without a direction.  For example "4->6: packets 10, bytes 1234, ok 7, ttl-exceeded
 * 3".  There are few lines so that a slowly read log has room for them. */
void report_lines(const struct counters *c, const struct pool *pool,
		  void (*say)(void *arg, const char *line), void *arg);

/* Describes the packet at BYTES and its result for the log: "drop 4->6 udp-zero-checksum: <text>:
 * UDP 192.0.2.1:53 -> 192.168.255.17:4711, 120 bytes".  BYTES need not be a valid packet.  Returns
 * OUT. */
char *report_packet(char *out, size_t size, enum reason why, const uint8_t *bytes, size_t len);

#endif
