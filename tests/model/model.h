/* model - a second implementation of the translation rules from the text of the RFCs, slow and
 * simple, to compare the translator with.
 *
 * It shares types with the translator, but no code.  Where the rules leave a random choice (the
 * IPv4 Identification, the slot of a new lease, the lease that ends for it, the address for a
 * router without one), the model takes the translator's choice and checks that it is allowed. */
#ifndef NAT64D_TESTS_MODEL_H
#define NAT64D_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xlat/xlat.h"

#define MODEL_PREFIXES 4
#define MODEL_MAPS     8
#define MODEL_POOLS    2
#define MODEL_LEASES   64
#define MODEL_ROUTES   4
#define MODEL_ROUTERS  256
#define MODEL_NETS     2
#define MODEL_BYTES    90000

struct model_lease {
	struct ip6 host;
	uint32_t addr;
	unsigned prefix;
	int32_t last, saved;
	bool on_record, answered, confirmed;
	unsigned long turn; /* when LAST changed, to order equal times */
};

struct model {
	const struct xlat_conf *conf;
	unsigned mtu;
	bool rate_zero; /* icmp-rate 0: never */
	bool draining;  /* no host gets a new lease */
	struct prefix6 prefix[MODEL_PREFIXES];
	struct map map[MODEL_MAPS];
	struct prefix4 pool[MODEL_POOLS];
	struct prefix6 from[MODEL_POOLS]; /* the hosts that each pool serves */
	bool all_translatable;
	struct prefix4 translatable; /* one network; none if LEN is 0 */
	struct prefix6 route[MODEL_ROUTES];
	bool routed_here[MODEL_ROUTES]; /* into our own device */
	unsigned routes;
	struct prefix6 allow[MODEL_NETS]; /* all hosts if empty */
	struct prefix4 deny[MODEL_NETS];
	unsigned prefixes, maps, pools, leases, routers, allows, denies;
	struct model_lease lease[MODEL_LEASES];
	unsigned long turn;
	struct {
		struct ip6 addr;
		uint32_t as;
	} router[MODEL_ROUTERS]; /* and the address used for it */
};

struct model_out {
	enum reason why;
	bool is_answer, suppressed;
	bool record; /* a lease must be stored */
	unsigned outputs;
	size_t end[XLAT_OUTPUTS]; /* end of each packet in BYTES */
	uint8_t bytes[MODEL_BYTES];
};

/* Decides what happens to the LEN bytes at IN.  CHOSEN: the first 20 bytes of the translator's
 * first output, or zeros. */
void model_packet(struct model *m, const uint8_t *in, size_t len, int32_t now,
		  const uint8_t *chosen, struct model_out *out);

/* --- shared by its files --------------------------------------------------------------------- */

struct model_view { /* the facts in a packet's headers */
	unsigned family;
	const uint8_t *start;
	size_t len; /* of the available bytes, at most the length in the header */
	size_t l4;  /* offset of the payload */
	size_t l4_len, l4_stated;
	uint8_t tos, ttl, proto;
	size_t proto_at;
	bool df, mf, has_frag_hdr;
	unsigned off;
	uint32_t id;
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	bool source_route, ext_in_frag;
	size_t segments_left_at; /* 0: no routing header with segments left */
};

struct model_pair { /* addresses on the other side, named as in struct model_view */
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	unsigned prefix;  /* index of the translation prefix in use */
	bool wants_lease; /* for the source */
	bool named;       /* an extension names the router */
	struct model_lease *lease[2];
};

unsigned model_get16(const uint8_t *p);
uint32_t model_get32(const uint8_t *p);
void model_put16(uint8_t *p, unsigned v);
void model_put32(uint8_t *p, uint32_t v);

/* The one's-complement arithmetic of RFC 1071, on plain numbers. */
unsigned long model_sum(const uint8_t *p, size_t len);
unsigned model_checksum(unsigned long sum);
unsigned model_adjust(unsigned checksum, unsigned long was, unsigned long is);
unsigned long model_pseudo4(uint32_t src, uint32_t dst);
unsigned long model_pseudo6(const struct ip6 *src, const struct ip6 *dst);

enum reason model_view(struct model_view *v, const uint8_t *p, size_t len, bool quoted);
bool model_is_fragment(const struct model_view *v);
bool model_is_icmp(const struct model_view *v);
bool model_is_error(const struct model_view *v);
bool model_icmp_checksum_right(const struct model_view *v);
/* Checks a complete TCP or UDP packet with a checksum; true for others. */
bool model_l4_checksum_right(const struct model_view *v);

void model_header4(uint8_t *at, unsigned tos, size_t len, unsigned id, unsigned frag, unsigned ttl,
		   unsigned proto, uint32_t src, uint32_t dst);
void model_header6(uint8_t *at, unsigned tc, size_t payload, unsigned next, unsigned hop,
		   const struct ip6 *src, const struct ip6 *dst);

/* Writes a header of the other family for V and N bytes of payload to AT. */
size_t model_write6(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    uint8_t *at, unsigned ttl, size_t n);
size_t model_write4(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    uint8_t *at, unsigned ttl, size_t n, unsigned id);

/* Return whether A may be translated; a link-local address may if a map or a pool of M names it. */
bool model_passes4(const struct model *m, uint32_t a);
bool model_names4(const struct model *m, uint32_t a);
bool model_passes6(const struct ip6 *a);
bool model_is_global(uint32_t a);
bool model_holds4(const struct prefix4 *p, uint32_t a);
bool model_holds6(const struct prefix6 *p, const struct ip6 *a);
bool model_same6(const struct ip6 *a, const struct ip6 *b);
void model_embed(const struct prefix6 *p, uint32_t a, struct ip6 *out);
uint32_t model_extract(const struct prefix6 *p, const struct ip6 *a);
bool model_may_carry(const struct model *m, unsigned prefix, uint32_t a);
/* Return the longest match for A; NULL or -1 if there is none. */
const struct map *model_find_map4(const struct model *m, uint32_t a);
const struct map *model_find_map6(const struct model *m, const struct ip6 *a);
int model_find_prefix(const struct model *m, const struct ip6 *a);
void model_map_6(const struct map *e, uint32_t a, struct ip6 *out);
uint32_t model_map_4(const struct map *e, const struct ip6 *a);

/* Finds the addresses of V on the other side.  QUOTED: its source is where its error goes.  ERROR:
 * it is an ICMP error, whose source always gets an address. */
enum reason model_map_4to6(struct model *m, const struct model_view *v, bool quoted, bool error,
			   struct model_pair *to);
enum reason model_map_6to4(struct model *m, const struct model_view *v, bool quoted, bool error,
			   uint32_t chosen, struct model_pair *to);

/* Makes the lease that TO needs, at NOW, with address CHOSEN if that is allowed. */
enum reason model_lease(struct model *m, const struct model_view *v, struct model_pair *to,
			int32_t now, uint32_t chosen);
void model_touch(struct model *m, const struct model_pair *to, int32_t now, struct model_out *out);

/* Translates the ICMP error V. */
enum reason model_error(struct model *m, const struct model_view *v, const uint8_t *chosen,
			struct model_pair *to, struct model_out *out);

/* Translates the payload of a quoted or complete TCP or UDP packet, of which N bytes are at AT. */
void model_transport(const struct model_view *v, const struct model_pair *to, uint8_t *at,
		     size_t n);
/* Translate a complete echo message; UDP without a checksum; the MSS of a SYN. */
void model_write_echo(const struct model_view *v, const struct model_pair *to, uint8_t *at,
		      size_t n);
void model_write_udp(const struct model_pair *to, uint8_t *at);
void model_clamp_mss(const struct model *m, const struct model_view *v, uint8_t *at, size_t n);
/* Returns the ICMP type of an echo message on the other side, or -1. */
int model_echo(const struct model_view *v);

#endif
