/* model - the rules of the translation a second time: slow, plain, bit by bit, from the text of the
 * RFCs, so that the translator can be compared with it.
 *
 * It shares types with the translator, and not one line of code.  Where the rules leave a choice
 * that is random by design (the IPv4 Identification, the slot of a new lease, the lease that ends
 * for it, the address that stands for a nameless router) it looks at what the translator chose, and
 * checks that this was one of the choices. */
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
	unsigned long turn; /* when LAST changed: which of two is the older */
};

struct model {
	const struct xlat_conf *conf;
	unsigned mtu;
	bool rate_zero; /* icmp-rate 0: never */
	bool draining;  /* nobody gets a new lease */
	struct prefix6 prefix[MODEL_PREFIXES];
	struct map map[MODEL_MAPS];
	struct prefix4 pool[MODEL_POOLS];
	struct prefix6 from[MODEL_POOLS]; /* whom each of them is for */
	bool all_translatable;
	struct prefix4 translatable; /* those of one network, if LEN is not 0 */
	struct prefix6 route[MODEL_ROUTES];
	bool routed_here[MODEL_ROUTES]; /* into our own device */
	unsigned routes;
	struct prefix6 allow[MODEL_NETS]; /* all hosts, if there is none */
	struct prefix4 deny[MODEL_NETS];
	unsigned prefixes, maps, pools, leases, routers, allows, denies;
	struct model_lease lease[MODEL_LEASES];
	unsigned long turn;
	struct {
		struct ip6 addr;
		uint32_t as;
	} router[MODEL_ROUTERS]; /* and what stood for it */
};

struct model_out {
	enum reason why;
	bool is_answer, suppressed;
	bool record; /* a lease is to be put on record */
	unsigned outputs;
	size_t end[XLAT_OUTPUTS]; /* of each packet in BYTES */
	uint8_t bytes[MODEL_BYTES];
};

/* What becomes of the LEN bytes at IN.  CHOSEN: the first 20 bytes of the translator's first
 * output, or zeros. */
void model_packet(struct model *m, const uint8_t *in, size_t len, int32_t now,
		  const uint8_t *chosen, struct model_out *out);

/* --- what its files share -------------------------------------------------------------------- */

struct model_view { /* what a packet's headers say */
	unsigned family;
	const uint8_t *start;
	size_t len; /* of what is there, at most what the header states */
	size_t l4;  /* where the payload begins */
	size_t l4_len, l4_stated;
	uint8_t tos, ttl, proto;
	size_t proto_at;
	bool df, mf, has_frag_hdr;
	unsigned off;
	uint32_t id;
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	bool source_route, ext_in_frag;
	size_t segments_left_at; /* 0: no routing header that has any left */
};

struct model_pair { /* addresses on the other side, as the names in struct model_view */
	uint32_t src4, dst4;
	struct ip6 src6, dst6;
	unsigned prefix;  /* index of the translation prefix in use */
	bool wants_lease; /* for the source */
	bool named;       /* the router's name goes into an extension */
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
/* Of a whole TCP or UDP packet that has a checksum; others are right. */
bool model_l4_checksum_right(const struct model_view *v);

void model_header4(uint8_t *at, unsigned tos, size_t len, unsigned id, unsigned frag, unsigned ttl,
		   unsigned proto, uint32_t src, uint32_t dst);
void model_header6(uint8_t *at, unsigned tc, size_t payload, unsigned next, unsigned hop,
		   const struct ip6 *src, const struct ip6 *dst);

/* What a header of the other family makes of V, written to AT for N bytes of payload. */
size_t model_write6(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    uint8_t *at, unsigned ttl, size_t n);
size_t model_write4(const struct model *m, const struct model_view *v, const struct model_pair *to,
		    uint8_t *at, unsigned ttl, size_t n, unsigned id);

/* May A pass; a link-local address may where M names it: in a map or a pool. */
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
/* The longest that holds A: NULL or -1 if there is none. */
const struct map *model_find_map4(const struct model *m, uint32_t a);
const struct map *model_find_map6(const struct model *m, const struct ip6 *a);
int model_find_prefix(const struct model *m, const struct ip6 *a);
void model_map_6(const struct map *e, uint32_t a, struct ip6 *out);
uint32_t model_map_4(const struct map *e, const struct ip6 *a);

/* The addresses of V on the other side.  QUOTED: its source is where its error goes.  ERROR: it is
 * an ICMP error, the source of which always gets a name. */
enum reason model_map_4to6(struct model *m, const struct model_view *v, bool quoted, bool error,
			   struct model_pair *to);
enum reason model_map_6to4(struct model *m, const struct model_view *v, bool quoted, bool error,
			   uint32_t chosen, struct model_pair *to);

/* The lease that TO wants, at NOW, with the address CHOSEN if that may be. */
enum reason model_lease(struct model *m, const struct model_view *v, struct model_pair *to,
			int32_t now, uint32_t chosen);
void model_touch(struct model *m, const struct model_pair *to, int32_t now, struct model_out *out);

/* The ICMP error V, translated. */
enum reason model_error(struct model *m, const struct model_view *v, const uint8_t *chosen,
			struct model_pair *to, struct model_out *out);

/* What a quoted or a whole TCP or UDP packet's payload becomes, of which N bytes are at AT. */
void model_transport(const struct model_view *v, const struct model_pair *to, uint8_t *at,
		     size_t n);
/* A whole echo message; UDP that had no checksum; the MSS of a SYN. */
void model_write_echo(const struct model_view *v, const struct model_pair *to, uint8_t *at,
		      size_t n);
void model_write_udp(const struct model_pair *to, uint8_t *at);
void model_clamp_mss(const struct model *m, const struct model_view *v, uint8_t *at, size_t n);
/* The ICMP type of an echo message on the other side, or -1. */
int model_echo(const struct model_view *v);

#endif
