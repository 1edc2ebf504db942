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

#define CONF_DIRECTIVES 40 /* room for a row of each */

/* How much of a word is shown in a message. */
#define WORD_SHOWN 60

/* Where a directive stands in the files that are read. */
struct conf_seen {
	unsigned first; /* the line of its first appearance; 0: none */
	unsigned *at;   /* the line of each one that has been accepted, N of them; of a directive
			   whose arguments are each one more of its kind, that of each of these */
	size_t n;
	bool refused; /* another one has not been accepted */
};

struct conf_reader {
	struct conf *conf;
	struct conf_diag *diag;
	const char *file;                 /* FILE, LINE and WHAT are where messages point to */
	unsigned line;                    /* 0: the file as a whole */
	const char *what;                 /* the directive, or NULL */
	const struct conf_directive *row; /* which one is being set */
	bool in_map_file, in_pins;
	bool no_memory;     /* something is missing from CONF: it must not be used */
	unsigned tos_at[2]; /* 4->6, 6->4: the line that decides; 0: none */
};

/* The words that an argument is one of, and their values; other spellings of a value stand behind
 * the one that is printed. */
struct conf_words {
	const char *neither; /* what is said of any other */
	struct conf_word {
		const char *word;
		unsigned value;
	} at[9]; /* the last is NULL */
};

/* What an address or prefix should be like. */
struct conf_want {
	uint8_t family; /* 4 or 6; 0: either */
	enum {
		LENGTH_NONE,
		LENGTH_NEEDED,
		LENGTH_OR_NOT, /* without one it is a prefix of one host */
	} length;
	uint8_t example; /* of a length that is needed */
	bool host_bits;  /* are allowed */
};

/* Where a configuration is printed, and which directive's turn it is. */
struct conf_out {
	const struct conf *conf;
	FILE *file;
	bool expanded;     /* the maps of map-file as well */
	size_t from, maps; /* the first map to print, and how many at most */
	const struct conf_directive *row;
};

typedef bool conf_setter(struct conf_reader *r, char **arg);
typedef bool conf_taker(struct conf_reader *r, const char *s, const struct prefix *a);
typedef void conf_printer(const struct conf_out *out);

/* All that there is to know of a directive. */
struct conf_directive {
	const char *name, *syntax; /* of the arguments */
	unsigned min, max;         /* so many arguments */
	conf_setter *set; /* ARG ends with NULL.  False: not accepted, which has been said */
	struct conf_want want;
	conf_taker *take;    /* A, which was written S; as SET */
	conf_printer *print; /* NULL: it leaves nothing to print */
	size_t at;           /* where in struct conf SET and PRINT find the value */
	const struct conf_words *words;
	unsigned least, most;
	const char *note;    /* why it is ignored */
	const char *initial; /* the arguments that count if it is left out; NULL: none */
	bool repeatable;
	bool each;    /* each argument is one more of its kind */
	bool restart; /* what it sets cannot change while the daemon runs */
};

/* conf_directives.c: in the order in which they are printed; ends with a row of zeros. */
extern const struct conf_directive conf_directives[];

/* conf.c: messages and memory.  False, for a caller that fails with it. */
bool conf_error(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void conf_warn(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The line where directive NAME of the table first appears, 0 if it does not; the line of the one,
 * counted from 0, that has been accepted as number I. */
unsigned conf_first(const struct conf_reader *r, const char *name);
unsigned conf_line_of(const struct conf_reader *r, const char *name, size_t i);

/* From now on messages point to directive NAME, and LINE of the main file (0: the file as a whole),
 * its first line, or its line number I. */
void conf_point(struct conf_reader *r, unsigned line, const char *name);
void conf_point_first(struct conf_reader *r, const char *name);
void conf_point_at(struct conf_reader *r, const char *name, size_t i);

/* array_grow(), which also notes that memory is missing. */
void *conf_grow(struct conf_reader *r, void *p, size_t n, size_t size);

/* Puts P behind the N elements of *ARRAY, which only ever grew by this function. */
bool conf_append4(struct conf_reader *r, struct prefix4 **array, size_t *n,
		  const struct prefix4 *p);

/* A copy of S in *OUT, which belongs to CONF. */
bool conf_copy(struct conf_reader *r, const char *s, char **out);

/* conf_read.c: all lines of PATH through the directive table.  0, or an errno; *OPENED says whether
 * it could be opened. */
int conf_read_file(struct conf_reader *r, const char *path, bool *opened);

/* conf.c: what to do about ERROR, of a file that could not be opened or read; MISSING is what to
 * say if it is not there. */
const char *conf_file_hint(int error, const char *missing);

/* conf_read.c: sets what counts for directives that are left out. */
void conf_read_initial(struct conf_reader *r);

/* conf_print.c: one line of OUT->row, which has these arguments. */
void conf_put(const struct conf_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* conf_set.c, conf_map.c, conf_pool.c, conf_pool_key.c, conf_access.c, conf_xlat.c: directives that
 * are like no other. */
conf_setter conf_set_tun_device, conf_set_map, conf_set_map_file, conf_set_data_dir,
	conf_set_translatable, conf_set_tos, conf_set_mss_clamp, conf_set_icmp_rate, conf_set_log,
	conf_set_control, conf_set_control_group, conf_set_fast_path, conf_set_lease_log,
	conf_set_dynamic_pool, conf_set_pool_key, conf_set_allow;
conf_taker conf_take_ipv4_addr, conf_take_ipv6_addr, conf_take_prefix, conf_take_deny,
	conf_take_icmp_source_pool, conf_take_tun_ip, conf_take_tun_route;
conf_printer conf_print_tun_device, conf_print_ipv4_addr, conf_print_ipv6_addr, conf_print_prefix,
	conf_print_map, conf_print_map_file, conf_print_dynamic_pool, conf_print_data_dir,
	conf_print_translatable, conf_print_tos, conf_print_mss_clamp, conf_print_icmp_source_pool,
	conf_print_icmp_rate, conf_print_log, conf_print_control, conf_print_control_group,
	conf_print_tun_ip, conf_print_tun_route, conf_print_fast_path, conf_print_lease_log,
	conf_print_pool_key, conf_print_allow, conf_print_deny;

/* Where the directive NAME stands. */
struct conf_seen *conf_seen(const struct conf *c, const char *name);

/* conf_pin.c: the maps behind all others. */
void conf_read_pins(struct conf_reader *r);

/* conf_map.c: what can only be said of all maps together. */
void conf_check_maps(struct conf_reader *r);

/* Messages point to M from now on. */
void conf_point_to_map(struct conf_reader *r, const struct map *m);

/* conf_own.c: what else has an address of the daemon or of the device. */
void conf_check_own(struct conf_reader *r);

/* conf_xlat.c: who is translatable if no line says so. */
void conf_check_translatable(struct conf_reader *r);

/* conf_pool.c: what the lines of a pool say together. */
void conf_check_pools(struct conf_reader *r);

/* conf_pool_key.c: whether the secret of the pools can be where it should be. */
void conf_check_pool_key(struct conf_reader *r);

/* conf_access.c: whom allow and deny leave with nothing. */
void conf_check_access(struct conf_reader *r);

/* conf_check.c: all that can only be said at the end. */
void conf_check(struct conf_reader *r, const char *state_dir);

#endif
