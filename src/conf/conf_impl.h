/* conf_impl - what the files of conf share while a configuration is being read. */
#ifndef NAT64D_CONF_IMPL_H
#define NAT64D_CONF_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/conf.h"
#include "conf/conf_rights.h"

#define CONF_FILE_MAX ((size_t)64 << 20) /* bytes: a million maps */
#define CONF_WORDS    18                 /* kept of a line: more than any directive takes */

/* How much of a word is shown in a message. */
#define WORD_SHOWN 60
#define WORD       "%.60s"

enum conf_id {
	D_TUN_DEVICE,
	D_IPV4_ADDR,
	D_IPV6_ADDR,
	D_PREFIX,
	D_MAP,
	D_MAP_FILE,
	D_DYNAMIC_POOL,
	D_DATA_DIR,
	D_TRANSLATABLE,
	D_WKPF_STRICT,
	D_UDP_CKSUM_MODE,
	D_OFFLINK_MTU,
	D_TOS,
	D_MSS_CLAMP,
	D_ICMP_SOURCE_POOL,
	D_ICMP_NODE_ID,
	D_ICMP_ERRORS,
	D_ICMP_RATE,
	D_LOG,
	D_CONTROL,
	D_TUN_UP,
	D_TUN_SETUP,
	D_TUN_IP,
	D_TUN_ROUTE,
	D_OFFLOAD,
	D_TUN_QUEUE,
	D_TUN_MTU,
	D_STRICT_FRAG_HDR,
	D_WORKERS,
	D_COUNT
};

/* The line on which each element of an array stands. */
struct conf_lines {
	unsigned *at;
	size_t n;
};

struct conf_reader {
	struct conf *conf;
	struct conf_diag *diag;
	const char *file; /* FILE, LINE and WHAT are where messages point to */
	unsigned line;    /* 0: the file as a whole */
	const char *what; /* the directive, or NULL */
	bool in_map_file;
	bool no_memory;          /* something is missing from CONF: it must not be used */
	unsigned first[D_COUNT]; /* the line of its first appearance; 0: none */
	struct conf_lines prefix_at, map_at, pool_at, tun_ip_at, tun_route_at;
	unsigned tos_at[2]; /* 4->6, 6->4: the line that decides; 0: none */
};

struct conf_directive {
	const char *name;
	unsigned min, max; /* arguments */
	bool repeatable;
	const char *syntax; /* of the arguments */
	void (*set)(struct conf_reader *r, char **arg, unsigned n);
};

extern const struct conf_directive conf_directives[D_COUNT]; /* conf_set.c */

/* conf.c: messages and memory. */
void conf_error(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void conf_warn(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Messages point to LINE of the main file (0: the file as a whole) and directive ID from now on. */
void conf_point(struct conf_reader *r, unsigned line, enum conf_id id);

/* P, an array of N elements of SIZE bytes that only ever grew by this function, with room for one
 * more; NULL, P untouched, without memory. */
void *conf_grow(struct conf_reader *r, void *p, size_t n, size_t size);

/* A copy of S for CONF, or NULL. */
char *conf_copy(struct conf_reader *r, const char *s);

/* Notes that the next element of an array stands on the present line. */
bool conf_note_line(struct conf_reader *r, struct conf_lines *lines);

/* conf_read.c: all lines of PATH through the directive table.  0, or an errno; *OPENED says whether
 * it could be opened. */
int conf_read_file(struct conf_reader *r, const char *path, bool *opened);

/* conf.c: what to do about ERROR, of a file that could not be opened or read; MISSING is what to
 * say if it is not there. */
const char *conf_file_hint(int error, const char *missing);

/* conf_map.c: the `map` directive, and what can only be said of all maps together. */
void conf_set_map(struct conf_reader *r, char **arg, unsigned n);
void conf_check_maps(struct conf_reader *r);

/* Messages point to M from now on. */
void conf_point_to_map(struct conf_reader *r, const struct map *m);

/* conf_own.c: what else has an address of the daemon or of the device. */
void conf_check_own(struct conf_reader *r);

/* conf_xlat.c: the directives about the translation itself. */
void conf_set_translatable(struct conf_reader *r, char **arg, unsigned n);
void conf_check_translatable(struct conf_reader *r);
void conf_set_wkpf_strict(struct conf_reader *r, char **arg, unsigned n);
void conf_set_udp_cksum_mode(struct conf_reader *r, char **arg, unsigned n);
void conf_set_offlink_mtu(struct conf_reader *r, char **arg, unsigned n);
void conf_set_tos(struct conf_reader *r, char **arg, unsigned n);
void conf_set_mss_clamp(struct conf_reader *r, char **arg, unsigned n);
void conf_set_icmp_source_pool(struct conf_reader *r, char **arg, unsigned n);
void conf_set_icmp_node_id(struct conf_reader *r, char **arg, unsigned n);
void conf_set_icmp_errors(struct conf_reader *r, char **arg, unsigned n);
void conf_set_icmp_rate(struct conf_reader *r, char **arg, unsigned n);

/* conf_check.c: all that can only be said at the end. */
void conf_check(struct conf_reader *r, const char *state_dir);

#endif
