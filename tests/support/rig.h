/* rig - a translator under test: set up by a line of text, fed with crafted packets, and compared
 * with expected results.
 *
 * Setup: directives separated by ';': prefix P, map A B, pool P [FROM], allow P, deny P, own4 A,
 * own6 A, mtu N, offlink N, udp calc|drop|fwd, wkpf strict|no, rate PER-NETWORK [ALL], source P,
 * nodeid yes, tos 4to6|6to4 (ignore it), errors send|limit|never, mss auto|N, translatable
 * yes|no|PREFIX4 (default: yes without a pool and the Well-Known Prefix), route6 PREFIX here|away.
 * NULL means RIG_SETUP. */
#ifndef NAT64D_TESTS_RIG_H
#define NAT64D_TESTS_RIG_H

#include "craft.h"
#include "xlat/xlat.h"

#define RIG_BASE                                                             \
	"own4 192.0.2.254; own6 2001:db8:ffff::64; prefix 2001:db8:64::/96;" \
	"map 203.0.113.0/24 2001:db8:1::/120;"
#define RIG_SETUP RIG_BASE "mtu 1500"

#define RIG_POOLS 4

struct rig {
	struct xlat_conf conf;
	struct ratelimit_conf rate;
	struct lpm *translatable, *routes6, *allow, *deny;
	bool says_translatable;
	uint32_t translatables, allows, denies; /* numbers of networks */
	struct pool_conf pool[RIG_POOLS];
	size_t pools;
	struct map_table *maps;
	struct xlat x;
	struct xlat_out out;
	struct arena scratch;
	uint8_t *room, *packet; /* exactly headroom plus packet, so that a sanitizer detects an
				   access beyond it */
	struct bytes input;     /* a copy of the packet as sent */
	int64_t now;
};

struct rig_row {
	const char *name;  /* clause and description */
	const char *setup; /* NULL: RIG_SETUP */
	const char *in;
	enum reason why;
	const char *out; /* packets separated by ';'; id=* matches any Identification; "answer T C
			    REST": an ICMP error about the input; NULL: none; "*": anything */
};

void rig_open(struct rig *r, const char *setup);
void rig_close(struct rig *r);

/* Send LEN bytes, or the packet of TEXT, through the translator. */
enum reason rig_send(struct rig *r, const uint8_t *bytes, size_t len);
enum reason rig_send_offload(struct rig *r, const uint8_t *bytes, size_t len,
			     const struct offload *o);
enum reason rig_send_text(struct rig *r, const char *text);

/* Copies output I with all its parts to TO; returns its length. */
size_t rig_output(const struct rig *r, unsigned i, uint8_t *to);

/* Compares R's output and reason GOT for the input with WANT and the packets of TEXT.  Returns a
 * message in a static buffer, or NULL if they match. */
const char *rig_differs(struct rig *r, enum reason got, enum reason want, const char *text);

/* Expects that packet IN is refused for WHY, or translated to the packets of OUT. */
void rig_expect(struct rig *r, const char *in, enum reason why, const char *out);

/* Expects OUT for packet IN with extra bytes after its end, in a fresh rig. */
void rig_expect_trailing(const char *in, const char *out);

/* Expects that packet IN, cut at any byte, is refused as shorter than its length field; below
 * HEADER bytes the reason may also be ALSO.  In a fresh rig. */
void rig_expect_truncated(const char *in, size_t header, enum reason also);

/* Runs every row in a fresh rig.  Prints each failing row on standard error, and fails the test if
 * there is one. */
void rig_check_rows(const struct rig_row *row, int n);

#endif
