/* reason - the reasons why packets are not translated, in one table for counters, logs, the manual
 * and ICMP answers.
 *
 * Columns: identifier; name (used in counters, logs and the manual; must not change); log class;
 * ICMPv4 and ICMPv6 answer (type and code, or NOTHING); text.  The answer goes to the packet's
 * source in the packet's family.  Numbers below are sections of nat64-rules(7). */
#ifndef NAT64D_REASON_H
#define NAT64D_REASON_H

#include <stdint.h>

#define ICMP_NO_ANSWER 0xff /* type of a struct icmp_answer that sends nothing */

/* clang-format off */
#define NOTHING            {ICMP_NO_ANSWER, 0}
#define ANSWER(type, code) {type, code}

#define REASONS(X) \
	X(OK,             "ok",                      NONE,    NOTHING,        NOTHING,       "translated") \
	/* 2.1: malformed */ \
	X(TOO_SHORT,      "too-short",               DROP,    NOTHING,        NOTHING,       "shorter than its header or its length field says") \
	X(BAD_VERSION,    "bad-version",             DROP,    NOTHING,        NOTHING,       "neither IPv4 nor IPv6") \
	X(BAD_IHL,        "bad-header-length",       DROP,    NOTHING,        NOTHING,       "IPv4 header length out of range") \
	X(BAD_CHECKSUM,   "bad-ip-checksum",         DROP,    NOTHING,        NOTHING,       "wrong IPv4 header checksum") \
	X(BAD_FRAGMENT,   "bad-fragment",            DROP,    NOTHING,        NOTHING,       "fragment beyond 65535 bytes or not a multiple of 8") \
	X(BAD_CHAIN,      "bad-ext-header",          DROP,    NOTHING,        NOTHING,       "truncated IPv6 extension header chain") \
	X(BAD_L4,         "bad-l4-header",           DROP,    NOTHING,        NOTHING,       "truncated TCP, UDP or ICMP header") \
	X(BAD_OFFLOAD,    "bad-offload",             DROP,    NOTHING,        NOTHING,       "checksum or segment size from the device that does not fit the packet") \
	/* 1.4: addresses that are never translated */ \
	X(NOISE,          "multicast-noise",         NONE,    NOTHING,        NOTHING,       "link-local multicast of the kernel itself") \
	X(BAD_ADDRESS,    "illegal-address",         DROP,    NOTHING,        NOTHING,       "source or destination is not routable") \
	X(WKP_PRIVATE,    "wkp-private",             REJECT,  ANSWER(3, 13),  ANSWER(1, 1),  "64:ff9b::/96 must not carry a non-global IPv4 address (see wkpf-strict)") \
	X(RESERVED_DST,   "reserved-destination",    REJECT,  ANSWER(3, 13),  ANSWER(1, 1),  "destination in 240.0.0.0/4 that is in no map and no pool") \
	/* 2.2: to the translator itself */ \
	X(SELF_ECHO,      "self-echo",               SELF,    NOTHING,        NOTHING,       "echo request to the translator, answered") \
	X(SELF_PROTO,     "self-protocol",           SELF,    ANSWER(3, 2),   ANSWER(4, 1),  "to the translator, which supports only ICMP echo") \
	X(SELF_OTHER,     "self-other",              SELF,    NOTHING,        NOTHING,       "ICMP to the translator other than an echo request") \
	/* 2.3, 1.5 to 1.9: cannot be forwarded */ \
	X(TTL,            "ttl-exceeded",            ICMP,    ANSWER(11, 0),  ANSWER(3, 0),  "TTL or hop limit exceeded") \
	X(TTL_ZERO,       "ttl-zero",                DROP,    NOTHING,        NOTHING,       "arrived with TTL or hop limit 0") \
	X(NO_MAP_DST,     "no-map-destination",      REJECT,  ANSWER(3, 1),   ANSWER(1, 0),  "destination has no mapping") \
	X(NO_MAP_SRC,     "no-map-source",           REJECT,  ANSWER(3, 13),  ANSWER(1, 5),  "source has no mapping") \
	X(NOT_ALLOWED,    "not-allowed",             REJECT,  ANSWER(3, 13),  ANSWER(1, 1),  "host that is not allowed to use the translator (see allow)") \
	X(DENIED,         "denied",                  REJECT,  NOTHING,        ANSWER(1, 1),  "IPv4 destination that no host may reach through the translator (see deny)") \
	X(SRC_IN_PREFIX,  "source-in-prefix",        REJECT,  NOTHING,        ANSWER(1, 5),  "source inside a translation prefix, which claims an IPv4 address (see translatable)") \
	X(ROUTED_BACK,    "routed-back",             REJECT,  ANSWER(3, 1),   NOTHING,       "destination whose IPv6 address is routed into the device again") \
	X(POOL_FULL,      "pool-full",               REJECT,  NOTHING,        ANSWER(1, 3),  "no free address in the dynamic pool") \
	X(DRAINING,       "draining",                REJECT,  NOTHING,        ANSWER(1, 3),  "new hosts get no address while draining (see drain)") \
	X(TOO_BIG,        "too-big",                 ICMP,    ANSWER(3, 4),   ANSWER(2, 0),  "larger than the MTU and must not be fragmented") \
	/* 3, 4: header fields that cannot be translated */ \
	X(SOURCE_ROUTE,   "source-route",            REJECT,  ANSWER(3, 5),   NOTHING,       "unexpired IPv4 source route") \
	X(ROUTING_HDR,    "routing-header",          REJECT,  NOTHING,        ANSWER(4, 0),  "IPv6 routing header with segments left") \
	X(FRAG_EXT_HDR,   "fragmented-ext-header",   REJECT,  NOTHING,        ANSWER(1, 1),  "IPv6 extension header after a fragment header") \
	X(PROTOCOL,       "protocol",                DROP,    NOTHING,        NOTHING,       "protocol that does not exist in the other family") \
	/* 3, 4: transport checksums */ \
	X(UDP_ZERO,       "udp-zero-checksum",       DROP,    ANSWER(3, 13),  NOTHING,       "UDP without a checksum (see udp-cksum-mode)") \
	X(UDP_ZERO6,      "udp6-zero-checksum",      DROP,    NOTHING,        NOTHING,       "UDP over IPv6 without a checksum") \
	X(BAD_L4_CSUM,    "bad-l4-checksum",         DROP,    NOTHING,        NOTHING,       "wrong TCP or UDP checksum of a host that has no lease yet") \
	/* 2.4, 2.5, 5-8: ICMP */ \
	X(ICMP_CHECKSUM,  "bad-icmp-checksum",       DROP,    NOTHING,        NOTHING,       "wrong ICMP checksum") \
	X(ICMP_FRAGMENT,  "icmp-fragment",           DROP,    NOTHING,        NOTHING,       "fragmented ICMP message") \
	X(ICMP_TYPE,      "icmp-type",               DROP,    NOTHING,        NOTHING,       "ICMP type or code without a counterpart") \
	X(ICMP_POINTER,   "icmp-pointer",            DROP,    NOTHING,        NOTHING,       "parameter problem that points at a field without a counterpart") \
	X(ICMP_NESTED,    "icmp-nested",             DROP,    NOTHING,        NOTHING,       "ICMP error about an ICMP message other than echo") \
	X(QUOTE_BAD,      "bad-quote",               DROP,    NOTHING,        NOTHING,       "ICMP error whose quoted packet cannot be translated") \
	X(QUOTE_NO_MAP,   "quote-no-map",            DROP,    NOTHING,        NOTHING,       "ICMP error whose quoted packet has an address without a mapping") \
	X(QUOTE_OTHER,    "quote-of-another",        DROP,    NOTHING,        NOTHING,       "ICMP error whose destination is not the source of the quoted packet")
/* clang-format on */

enum reason {
#define X(id, name, class, answer4, answer6, text) REASON_##id,
	REASONS(X)
#undef X
	REASON_COUNT
};

/* Classes of the `log` directive. */
enum log_class {
	CLASS_NONE = 0,
	CLASS_DROP = 1,   /* dropped; only REASON_UDP_ZERO has an answer */
	CLASS_REJECT = 2, /* refused with an ICMP error */
	CLASS_ICMP =
		4, /* answered with an ICMP error that every router sends: time exceeded, too big */
	CLASS_SELF = 8,   /* addressed to the translator itself */
	CLASS_LEASE = 16, /* for no packet: a lease begins or ends */
};

struct icmp_answer {
	uint8_t type, code;
};

struct reason_row {
	const char *name;
	const char *text;
	enum log_class class;
	struct icmp_answer icmp4, icmp6;
};

extern const struct reason_row reason_table[REASON_COUNT];

#endif
