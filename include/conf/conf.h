/* conf - the configuration file: a directive table, all mistakes of a file at once, canonical
 * print.
 *
 * A configuration is read into one object that never changes afterwards. */
#ifndef NAT64D_CONF_H
#define NAT64D_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/addr.h"
#include "map/map.h"
#include "xlat/xlat.h"

/* Where messages about a configuration go: one finished line each, without newline. */
struct conf_diag {
	void (*say)(void *arg, bool error, const char *line);
	void *arg;
	bool hurried; /* a FIFO or terminal that has nothing to say is not waited for: EAGAIN */
	/* The file is only judged: the daemon may be started with a STATE_DIRECTORY that we lack.
	 */
	bool judged;
	bool mapless;              /* map-file is not even opened: for who needs no maps */
	unsigned errors, warnings; /* counted from zero by each conf_load() */
	/* While SAY is called: where the line points to, and what it says of that. */
	const char *file;
	unsigned line; /* 0: the file as a whole */
	const char *text;
};

struct conf_seen;

struct conf {
	char *path;          /* the file it came from */
	char tun_device[16]; /* IFNAMSIZ */
	struct xlat_conf xlat;
	struct ratelimit_conf icmp_rate; /* icmp-rate; a burst is twice the rate */
	struct map_table *maps;          /* prefixes, maps, those of map-file, and pins; sealed */
	size_t own_maps;  /* the first so many maps are the file's own, then come map-file's */
	size_t first_pin; /* from this one on they are those of pinned.map */
	struct pool_conf *pool;
	size_t pools;
	struct prefix6 *allow; /* as written; XLAT has them as a table */
	size_t allows;
	struct lpm *allow_table;
	struct prefix4 *deny; /* likewise */
	size_t denies;
	struct lpm *deny_table;
	char *pool_key;         /* absolute, or the name of a file in data_dir; NULL: the default */
	unsigned pool_key_line; /* 0: not given */
	struct prefix4 *translatable; /* as written; XLAT has them as a table */
	size_t translatables;
	struct lpm *translatable_table;
	char *data_dir;           /* absolute; NULL: leases are not kept */
	unsigned data_dir_line;   /* 0: it comes from STATE_DIRECTORY */
	unsigned lease_days;      /* the history of leases is kept for; 0: there is none */
	unsigned lease_megabytes; /* of 10^6 bytes, all of it together */
	char *map_file;           /* absolute; NULL: none */
	char *pin_file;           /* absolute; NULL: there is no data-dir */
	unsigned log;             /* enum log_class bits */
	char *control;            /* absolute path of the control socket; NULL: the default */
	bool control_off;         /* there is none */
	unsigned control_line;    /* 0: not given */
	char *control_group;      /* whose the socket is to be; NULL: our own */
	bool tun_up, tun_setup;
	bool offload;       /* GSO packets and partial checksums, as far as the kernel has them */
	unsigned fast_path; /* pairs of addresses that the program in the kernel holds; 0: none */
	unsigned tun_queue; /* packets; 0: left as it is */
	unsigned tun_mtu;   /* bytes; 0: left as it is */
	struct prefix *tun_ip, *tun_route;
	size_t tun_ips, tun_routes;
	struct conf_seen *seen; /* where each directive stands; for conf_place() */
};

/* Where something is written. */
struct conf_place {
	const char *file; /* as the caller of conf_load() named it, or as map-file does; of the
			     struct conf */
	unsigned line;    /* 0: no line says it */
};

/* Where number I, counted from 0, of directive NAME is written: of `map' number I of the table of
 * maps, of `prefix' number I of its prefixes, of `dynamic-pool', `tun-ip' and `tun-route' number I
 * of the array; of `translatable' number I of its networks, or 0 for yes and no.  What only one
 * line may say is number 0. */
struct conf_place conf_place(const struct conf *c, const char *name, size_t i);

/* Reads PATH, and the map-file that it names.  STATE_DIR, in the form of systemd's STATE_DIRECTORY,
 * stands in for a data-dir left out (NULL or empty: none; the first of several).  Returns NULL if
 * there was any error; every problem of the files has then been said, each in one line that begins
 * with the file as the caller named it (but see conf_short()).  The result is given back with
 * conf_free(). */
struct conf *conf_load(const char *path, const char *state_dir, struct conf_diag *diag);
void conf_free(struct conf *c); /* NULL is fine */

/* The path of the control socket by C, where RUNTIME_DIR has the form of systemd's
 * RUNTIME_DIRECTORY (NULL or empty: none; the first of several), in OUT; NULL: there is none. */
#define CONF_SOCKET_MAX 108 /* of a path, with a NUL: what the kernel takes */
const char *conf_control_path(const struct conf *c, const char *runtime_dir,
			      char out[CONF_SOCKET_MAX]);

#define CONF_UNIT_DIR "/var/lib/nat64d" /* STATE_DIRECTORY of nat64d.service */

#define CONF_SHORT 300 /* room for a path in a message */

/* PATH for a message; of one that is absurdly long the middle is left out.  Returns PATH or BUF. */
const char *conf_short(char buf[CONF_SHORT], const char *path);

/* What is wrong with data-dir, where only its use shows it, as a line "file:line: data-dir: WHAT".
 */
#define CONF_LINE 2048
void conf_say_data_dir(char line[CONF_LINE], const struct conf *c, const char *what);

/* Reads an address, with or without a length, or a prefix; bits behind its length stay.  False: S
 * is none of these. */
bool conf_scan_either(const char *s, struct prefix *out);

/* Reads an address, which stands for a prefix of its own, or a clean prefix, of either family.
 * False: S is none of these, and WHY says so, and what would be right. */
bool conf_scan_prefix(const char *s, struct prefix *out, char why[CONF_LINE]);

/* The broadcast address that the kernel has of its own accord besides A, which is of the device; 0:
 * none. */
uint32_t conf_broadcast(const struct prefix *a);

/* The class that the word S of `log` means, and the word of a class; 0: it is none. */
unsigned conf_log_class(const char *s);
const char *conf_log_name(unsigned class);

/* Prints C so that reading it again gives the same configuration. */
void conf_print(const struct conf *c, FILE *out);

/* The same in parts of at most about a hundred maps: prints the next one; *CURSOR is 0 at first.
 * False: that was the last. */
bool conf_print_some(const struct conf *c, FILE *out, size_t *cursor);

/* The same with the maps of map-file, and pins, written out; the line of map-file is a comment
 * then. */
void conf_print_expanded(const struct conf *c, FILE *out);

/* --- pins: maps that stand in pinned.map in data-dir, read behind all others */

#define CONF_PINS   "pinned.map"
#define CONF_NO_PIN SIZE_MAX

/* Another set of pins: one more, which no map of the table has a side of, or one less. */
struct conf_change {
	const struct map *more; /* NULL: none */
	size_t less;            /* its number in the table of maps; CONF_NO_PIN: none */
};

/* The number of M, which is one of C's table, if that is a pin of a single host; or CONF_NO_PIN. */
size_t conf_find_pin(const struct conf *c, const struct map *m);

/* What pinned.map has after CHANGE, of *LEN bytes; to be freed.  NULL without memory. */
char *conf_pin_text(const struct conf *c, const struct conf_change *change, size_t *len);

/* Changes the maps of C, and takes it that pinned.map has what conf_pin_text() said.  Takes as long
 * as building the table again.  Returns the table that was, to be freed once nobody uses it; NULL
 * without memory, and nothing is changed. */
struct map_table *conf_change_pins(struct conf *c, const struct conf_change *change);

/* The next directive that A and B differ in and that only a restart of the daemon can change, or
 * NULL.  *CURSOR is 0 at first.  Without memory it counts as different. */
const char *conf_needs_restart(const struct conf *a, const struct conf *b, size_t *cursor);

#endif
