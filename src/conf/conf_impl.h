/* conf_impl - what the files of conf share while they read a configuration. */
#ifndef NAT64D_CONF_IMPL_H
#define NAT64D_CONF_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf/conf.h"
#include "conf/conf_rights.h"

#define CONF_FILE_MAX ((size_t)64 << 20) /* bytes; enough for a million maps */
#define CONF_WORDS    18                 /* words kept per line, more than any directive takes */

#define CONF_DIRECTIVES 40 /* upper limit of rows in the table */

/* Longest part of a word shown in a message. */
#define WORD_SHOWN 60

/* The lines of one directive. */
struct conf_seen {
	unsigned first; /* first line with this directive; 0: none */
	unsigned *at;   /* the line of each of N accepted items: one item per line, or one per
			   argument if the directive has `each` */
	size_t n;
	bool refused; /* at least one line was rejected */
};

struct conf_reader {
	struct conf *conf;
	struct conf_diag *diag;
	const char *file;                 /* FILE, LINE and WHAT begin the next message */
	unsigned line;                    /* 0: the file as a whole */
	const char *what;                 /* name of the directive, or NULL */
	const struct conf_directive *row; /* the directive that is being set */
	bool in_map_file, in_pins;
	/* Takes the first CONF_WORDS of the N words of a line that is no directive; NULL: all lines
	 * are directives. */
	void (*take)(struct conf_reader *r, char **word, unsigned n);
	bool no_memory;     /* CONF is incomplete and must not be used */
	unsigned tos_at[2]; /* lines that set 4to6 and 6to4; 0: none */
};

/* The allowed words of an argument and their values.  The first word of a value is the one that is
 * printed. */
struct conf_words {
	const char *neither; /* text of the message about any other word */
	struct conf_word {
		const char *word;
		unsigned value;
	} at[9]; /* ends with NULL */
};

/* Requirements on an address or prefix. */
struct conf_want {
	uint8_t family; /* 4 or 6; 0: either */
	enum {
		LENGTH_NONE,
		LENGTH_NEEDED,
		LENGTH_OR_NOT, /* an address alone means a prefix of one host */
	} length;
	uint8_t example; /* example length for the message if the length is missing */
	bool host_bits;  /* bits after the length may be set */
};

/* The destination of conf_print() and the current directive. */
struct conf_out {
	const struct conf *conf;
	FILE *file;
	bool expanded;     /* also print the maps of map-file and pinned.map */
	size_t from, maps; /* first map to print, and the maximum number */
	const struct conf_directive *row;
};

typedef bool conf_setter(struct conf_reader *r, char **arg);
typedef bool conf_taker(struct conf_reader *r, const char *s, const struct prefix *a);
typedef void conf_printer(const struct conf_out *out);

/* One directive: everything the reader and the printer need to know about it. */
struct conf_directive {
	const char *name, *syntax; /* syntax of the arguments */
	unsigned min, max;         /* number of arguments */
	conf_setter *set; /* ARG ends with NULL; returns false if it has reported an error */
	struct conf_want want;
	conf_taker *take;    /* like SET, for the address A that was written as S */
	conf_printer *print; /* NULL: nothing to print */
	size_t at;           /* offset of the value in struct conf, for SET and PRINT */
	const struct conf_words *words;
	unsigned least, most;
	const char *note;    /* why the directive is ignored */
	const char *initial; /* default arguments; NULL: none */
	bool repeatable;
	bool each;    /* each argument counts as one item */
	bool restart; /* the daemon cannot change it while running */
};

/* In conf_directives.c, in the order of printing; the last row is all zeros. */
extern const struct conf_directive conf_directives[];

/* In conf.c: messages and memory.  conf_error() returns false, so that a caller can return its
 * result. */
bool conf_error(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void conf_warn(struct conf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* conf_first() returns the first line with directive NAME, or 0.  conf_line_of() returns the line
 * of its accepted item I (from 0). */
unsigned conf_first(const struct conf_reader *r, const char *name);
unsigned conf_line_of(const struct conf_reader *r, const char *name, size_t i);

/* Make the next messages refer to directive NAME: at LINE of the main file (0: the whole file), at
 * its first line, or at the line of its item I. */
void conf_point(struct conf_reader *r, unsigned line, const char *name);
void conf_point_first(struct conf_reader *r, const char *name);
void conf_point_at(struct conf_reader *r, const char *name, size_t i);

/* Calls array_grow() and sets no_memory if that fails. */
void *conf_grow(struct conf_reader *r, void *p, size_t n, size_t size);

/* Appends P to the N elements of *ARRAY, which only this function may grow. */
bool conf_append4(struct conf_reader *r, struct prefix4 **array, size_t *n,
		  const struct prefix4 *p);

/* Stores a copy of S in *OUT, a member of CONF, which conf_free() frees. */
bool conf_copy(struct conf_reader *r, const char *s, char **out);

/* In conf_read.c: runs all lines of PATH through the directive table.  Returns 0 or an errno;
 * *OPENED tells whether the file could be opened. */
int conf_read_file(struct conf_reader *r, const char *path, bool *opened);

/* In conf_read.c: shortens WORD for messages.  No valid word is this long; the dots show that a
 * part is missing. */
void conf_cut_word(char *word);

/* In conf.c: returns advice on ERROR, the errno from opening or reading a file.  MISSING is the
 * advice for ENOENT. */
const char *conf_file_hint(int error, const char *missing);

/* In conf_read.c: sets the defaults of all directives. */
void conf_read_initial(struct conf_reader *r);

/* In conf_print.c: prints one line of directive OUT->row with these arguments. */
void conf_put(const struct conf_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* In conf_set.c, conf_map.c, conf_pool.c, conf_pool_key.c, conf_access.c and conf_xlat.c:
 * directives with code of their own. */
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

/* Returns the lines of directive NAME. */
struct conf_seen *conf_seen(const struct conf *c, const char *name);

/* In conf_kept.c: reads the file NAME of data-dir, if it exists, and stores its path in *PATH,
 * which conf_free() frees. */
void conf_read_kept(struct conf_reader *r, const char *name, char **path);

/* In conf_pin.c: reads pinned.map, after all other maps. */
void conf_read_pins(struct conf_reader *r);

/* In conf_role.c: reads pools.state, after the pools were read. */
void conf_read_roles(struct conf_reader *r);

/* In conf_map.c: checks all maps together. */
void conf_check_maps(struct conf_reader *r);

/* Makes the next messages refer to map M. */
void conf_point_to_map(struct conf_reader *r, const struct map *m);

/* In conf_own.c: checks for conflicts with the addresses of the daemon and of the device. */
void conf_check_own(struct conf_reader *r);

/* In conf_xlat.c: sets the default of `translatable` and builds its table. */
void conf_check_translatable(struct conf_reader *r);

/* In conf_pool.c: checks the lines of each pool together. */
void conf_check_pools(struct conf_reader *r);

/* In conf_pool_key.c: checks the path of the secret key of the pools. */
void conf_check_pool_key(struct conf_reader *r);

/* In conf_access.c: checks which hosts `allow` and `deny` leave without service. */
void conf_check_access(struct conf_reader *r);

/* In conf_check.c: the checks that need the whole file. */
void conf_check(struct conf_reader *r, const char *state_dir);

#endif
