/* xlat - the translator: takes a packet, and returns a reason and any number of outgoing packets.
 *
 * It has no side effects outside its arguments: it does not log, send, read a clock or use
 * globals. */
#ifndef NAT64D_XLAT_H
#define NAT64D_XLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/arena.h"
#include "lib/ratelimit.h"
#include "lib/ipid.h"
#include "lib/lpm.h"
#include "map/map.h"
#include "packet/fastpath.h"
#include "packet/offload.h"
#include "packet/output.h"
#include "map/pool.h"
#include "packet/reason.h"

enum udp_zero { /* treatment of UDP datagrams over IPv4 without a checksum [7915-4.5] */
	UDP_ZERO_CALC,
	UDP_ZERO_DROP,
	UDP_ZERO_FWD,
};

enum icmp_errors { /* treatment of the ICMP errors that we originate */
	ICMP_ERRORS_LIMIT,
	ICMP_ERRORS_SEND,
	ICMP_ERRORS_NEVER,
};

#define MSS_OFF  0
#define MSS_AUTO (-1) /* clamp to what both sides can carry */

/* The operator's settings; constant after loading. */
struct xlat_conf {
	uint32_t own4;    /* ipv4-addr */
	struct ip6 own6;  /* ipv6-addr */
	bool wkpf_strict; /* [6052-3.1] */
	/* The IPv4-translatable hosts [6052-3.3], which keep their own IPv4 address inside a
	 * prefix: all of them, or those in the table (32-bit keys; values are indexes in the
	 * configuration; NULL: none). */
	bool translatable_all;
	const struct lpm *translatable;
	/* Hosts that may take a lease or be IPv4-translatable (128-bit keys; values are indexes in
	 * the configuration; NULL: all). */
	const struct lpm *allow;
	/* IPv4 destinations that no IPv6 host may reach (32-bit keys; the same values; NULL:
	 * none). */
	const struct lpm *deny;
	enum udp_zero udp_zero;
	unsigned offlink_mtu; /* bytes; IPv4 packets without DF are fragmented to this size [7915-4]
			       */
	bool tos_ignore_4to6; /* clear DSCP, keep ECN [7915-4.1] */
	bool tos_ignore_6to4; /* the same [7915-5.1] */
	enum icmp_errors icmp_errors;
	bool has_icmp_source;
	struct prefix4 icmp_source; /* source addresses for errors of routers without an IPv4
				       address [6791] */
	bool node_id;  /* such errors have source 192.0.0.8 and name the router in an extension */
	int mss_clamp; /* bytes, MSS_OFF or MSS_AUTO */
};

#define XLAT_DUMMY4 0xc0000008u /* 192.0.0.8 [7600-4.8], with node_id */

/* Returns true if A is an IPv4-translatable host [6052-3.3]. */
bool xlat_is_translatable(const struct xlat_conf *conf, uint32_t a);

struct xlat {
	const struct xlat_conf *conf;
	const struct map_table *maps;
	struct pool *pool; /* NULL: no dynamic pool */
	/* how the kernel routes IPv6 destinations: value 1 into our own device, 0 elsewhere; NULL:
	 * unknown (handled as elsewhere) */
	const struct lpm *routes6;
	struct ratelimit *ratelimit; /* for the ICMP errors that we originate */
	unsigned mtu;                /* of the device, for both families */
	bool draining;               /* no host gets a new lease */
	struct ipid ipid;
};

/* The only functions that write to a struct xlat, except that batch takes numbers from IPID.  The
 * caller keeps ownership of the arguments, which must stay valid until they are replaced.  IPID,
 * whose counters must be random, is copied. */
void xlat_start(struct xlat *x, const struct ipid *ipid);
void xlat_configure(struct xlat *x, const struct xlat_conf *conf, const struct map_table *maps,
		    struct pool *pool, struct ratelimit *ratelimit);
void xlat_set_routes(struct xlat *x, const struct lpm *routes6);
void xlat_set_mtu(struct xlat *x, unsigned mtu);
/* Refuses hosts without a lease (REASON_DRAINING) while ON; hosts with a lease continue.
 * xlat_configure() does not change it. */
void xlat_set_draining(struct xlat *x, bool on);

#define XLAT_HEADROOM 64    /* writable bytes required before each packet */
#define XLAT_OUTPUTS  128   /* maximum number of outputs for one packet */
#define XLAT_SCRATCH  20480 /* maximum bytes used for headers and messages */

/* The addresses of a translated packet in both families. */
struct xlat_pair {
	struct fastpath_key4 v4;
	struct fastpath_key6 v6;
};

struct xlat_out {
	struct arena *scratch; /* provided by the caller, with XLAT_SCRATCH bytes left */
	struct lease *record;  /* a lease that is new or whose record is outdated, to be stored
				  before the outputs are sent; NULL: none */
	unsigned packets; /* number of packets on the wire that the returned reason applies to */
	size_t bytes;     /* their size, counting the headers of each packet */
	/* The last segment of an oversized GSO packet may be short enough to pass.  It is then
	 * translated or refused separately, with the result LAST. */
	bool has_last;
	enum reason last;
	struct span last_packet; /* the segment as received, if it was refused */
	unsigned suppressed;     /* ICMP errors that were due but suppressed by the rate limit */
	unsigned answers;        /* number of outputs that go back to the source */
	/* For a translated packet: the lease of the host that sent or receives it. */
	struct lease *lease;
	/* A packet whose translation depends only on its addresses: TCP, UDP with a checksum, or an
	 * echo, with an IP header without options or extension headers, not fragmented, and the
	 * first output.  All such packets between the same addresses are translated in the same way
	 * if they fit, see xlat_tell(). */
	bool plain;
	struct xlat_pair pair; /* valid if plain */
	unsigned outputs;
	struct output output[XLAT_OUTPUTS]; /* their bytes are in PACKET's buffer or in SCRATCH */
};

/* Translates the packet of LEN bytes at PACKET.  May overwrite XLAT_HEADROOM bytes before PACKET.
 * NOW is in milliseconds of the clock of pool.h (which uses seconds).  OFFLOAD is the work that the
 * device left; NULL: none.
 *
 * Fills OUT.  Its outputs are valid until PACKET or OUT's scratch is reused.  Returns REASON_OK if
 * the packet was translated, which overwrites PACKET; REASON_SELF_ECHO if it was answered.  Any
 * other reason means that it was refused.  PACKET is then unchanged, except that a partial checksum
 * may have been completed, and except for the last segment of a GSO packet that OUT describes.  OUT
 * may contain an ICMP error for the source. */
enum reason xlat_packet(struct xlat *x, uint8_t *packet, size_t len, const struct offload *offload,
			int64_t now, struct xlat_out *out);

/* Fills PAIR with the translation of plain packets of FAMILY between the addresses of OUT, for the
 * kernel program; all except generations and lease. */
void xlat_tell(struct xlat *x, unsigned family, const struct xlat_out *out,
	       struct fastpath_pair *pair);

#endif
