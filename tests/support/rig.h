/* rig - a translator on the bench: set up from a line of text, fed with crafted packets, and its
 * results compared.
 *
 * Setup: directives separated by ';': prefix P, map A B, pool P [FROM],
 * allow P, deny P, own4 A, own6 A, mtu N, offlink N,
 * udp calc|drop|fwd, wkpf strict|no, rate PER-NETWORK [ALL], source P, nodeid yes, tos 4to6|6to4
 * (to be ignored), errors send|limit|never, mss auto|N, translatable yes|no|PREFIX4 (default: yes
 * without a pool and the Well-Known Prefix), route6 PREFIX here|away.  NULL: RIG_SETUP. */
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
	uint32_t translatables, allows, denies; /* networks */
	struct pool_conf pool[RIG_POOLS];
	size_t pools;
	struct map_table *maps;
	struct xlat x;
	struct xlat_out out;
	struct arena scratch;
	uint8_t *room, *packet; /* exactly the headroom and the packet, so that a sanitizer sees a
				   byte too many */
	struct bytes input;     /* the packet as it was */
	int64_t now;
};

struct rig_row {
	const char *name;  /* clause, and what */
	const char *setup; /* NULL: RIG_SETUP */
	const char *in;
	enum reason why;
	const char *out; /* packets separated by ';'; id=* is any identification; "answer T C REST":
			    an ICMP error about the input; NULL: none; "*": anything */
};

void rig_open(struct rig *r, const char *setup);
void rig_close(struct rig *r);

/* Sends LEN bytes, or the packet of TEXT, through the translator. */
enum reason rig_send(struct rig *r, const uint8_t *bytes, size_t len);
enum reason rig_send_offload(struct rig *r, const uint8_t *bytes, size_t len,
			     const struct offload *o);
enum reason rig_send_text(struct rig *r, const char *text);

/* Copies output I, both parts, to TO; returns its length. */
size_t rig_output(const struct rig *r, unsigned i, uint8_t *to);

/* What is wrong with R's output for the input of NAME, whose reason was GOT, compared with the
 * packets of TEXT: a message in a static buffer, or NULL. */
const char *rig_differs(struct rig *r, enum reason got, enum reason want, const char *text);

/* The packet of IN is refused for WHY, or else it becomes the packets of OUT. */
void rig_expect(struct rig *r, const char *in, enum reason why, const char *out);

/* The packet of IN with bytes behind its end becomes that of OUT, in a fresh rig. */
void rig_expect_trailing(const char *in, const char *out);

/* The packet of IN, cut anywhere, is shorter than its length field says; below HEADER bytes the
 * reason may be ALSO.  In a fresh rig. */
void rig_expect_truncated(const char *in, size_t header, enum reason also);

/* Every row in a fresh rig.  Each that fails is named on standard error; fails the test if there is
 * one. */
void rig_check_rows(const struct rig_row *row, int n);

#endif
