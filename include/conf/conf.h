/* conf - reads and checks the configuration file, and prints it in canonical form.
 *
 * One table describes all directives.  conf_load() reports all errors of a file, not only the
 * first. A configuration is an object that does not change after it has been read, except for pins
 * (conf_change_pins()) and for the roles of pools (conf_set_role()). */
#ifndef NAT64D_CONF_H
#define NAT64D_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/addr.h"
#include "map/map.h"
#include "xlat/xlat.h"

/* Receives the messages about a configuration: one complete line each, without a newline. */
struct conf_diag {
	void (*say)(void *arg, bool error, const char *line);
	void *arg;
	bool hurried; /* do not wait for a FIFO or terminal without data: fail with EAGAIN */
	/* The file is only checked, not used: the daemon may later start with a STATE_DIRECTORY
	 * that this process does not have. */
	bool judged;
	bool mapless;              /* do not open map-file: the caller needs no maps */
	unsigned errors, warnings; /* each conf_load() resets them to zero */
	/* Valid while SAY is called: the place that the line refers to, and the line without that
	 * place. */
	const char *file;
	unsigned line; /* 0: the file as a whole */
	const char *text;
};

struct conf_seen;

enum sandbox_mode {
	SANDBOX_AUTO, /* as far as the kernel supports it */
	SANDBOX_OFF,
	SANDBOX_STRICT, /* completely or not at all; a violation kills the process */
};

#define CONF_NO_REVISION (-1)

/* Who owns a range of a pool, and who says so. */
struct conf_role {
	bool word;        /* its line in the configuration has the word standby */
	bool recorded;    /* pools.state has a line about it, which counts instead */
	int64_t revision; /* from pools.state, or CONF_NO_REVISION */
};

struct conf {
	char *path;          /* the file that was read */
	char tun_device[16]; /* IFNAMSIZ */
	struct xlat_conf xlat;
	struct ratelimit_conf icmp_rate; /* icmp-rate; the burst is twice the rate */
	struct map_table *maps; /* sealed: prefixes, then the maps of the file, of map-file and of
				   pinned.map */
	size_t own_maps;        /* number of maps in the file itself; those of map-file follow */
	size_t first_pin;       /* index of the first map of pinned.map */
	struct pool_conf *pool;
	struct conf_role *role; /* of each element of POOL, which has the result in `standby' */
	size_t pools;
	struct prefix6 *allow; /* in the order of the file; XLAT has the table */
	size_t allows;
	struct lpm *allow_table;
	struct prefix4 *deny; /* the same */
	size_t denies;
	struct lpm *deny_table;
	char *pool_key;               /* absolute, or a file name in data_dir; NULL: the default */
	unsigned pool_key_line;       /* 0: not given */
	struct prefix4 *translatable; /* in the order of the file; XLAT has the table */
	size_t translatables;
	struct lpm *translatable_table;
	char *data_dir;           /* absolute; NULL: leases are not stored */
	unsigned data_dir_line;   /* 0: it comes from STATE_DIRECTORY */
	unsigned lease_days;      /* days to keep the lease history; 0: no history */
	unsigned lease_megabytes; /* size limit of the whole history, in units of 10^6 bytes */
	char *map_file;           /* absolute; NULL: none */
	char *pin_file;           /* absolute; NULL: there is no data-dir */
	char *pools_file;         /* likewise: pools.state */
	unsigned log;             /* enum log_class bits */
	char *control;            /* absolute path of the control socket; NULL: the default */
	bool control_off;         /* no control socket */
	unsigned control_line;    /* 0: not given */
	char *control_group;      /* group that owns the socket; NULL: our own */
	bool tun_up, tun_setup;
	bool offload; /* use GSO packets and partial checksums where the kernel supports them */
	unsigned fast_path; /* address pairs that the kernel program can hold; 0: no fast path */
	unsigned sandbox;   /* enum sandbox_mode */
	unsigned tun_queue; /* packets; 0: leave unchanged */
	unsigned tun_mtu;   /* bytes; 0: leave unchanged */
	struct prefix *tun_ip, *tun_route;
	size_t tun_ips, tun_routes;
	struct conf_seen *seen; /* the lines of each directive, for conf_place() */
};

/* The file and line that a setting comes from. */
struct conf_place {
	const char *file; /* the path as given to conf_load() or in map-file; owned by the struct
			     conf */
	unsigned line;    /* 0: no line sets it */
};

/* Returns where item I (from 0) of directive NAME was set.  I is an index into the table of maps
 * for `map', into its prefixes for `prefix', into the array for `dynamic-pool', `tun-ip' and
 * `tun-route', and into the networks for `translatable' (0 for yes and no).  For a directive that
 * can appear only once, I is 0. */
struct conf_place conf_place(const struct conf *c, const char *name, size_t i);

/* Reads PATH and its map-file.  STATE_DIR, in the format of systemd's STATE_DIRECTORY, provides the
 * data-dir if the file sets none; the first of several directories counts, and NULL or an empty
 * string means none.  Returns NULL after any error; by then SAY has received every problem of the
 * files, one line each, beginning with the path as the caller gave it (shortened by conf_short()).
 * The caller frees the result with conf_free(). */
struct conf *conf_load(const char *path, const char *state_dir, struct conf_diag *diag);
void conf_free(struct conf *c); /* NULL is allowed */

/* Writes the path of the control socket to OUT and returns OUT, or returns NULL if C has no control
 * socket.  RUNTIME_DIR has the format of systemd's RUNTIME_DIRECTORY; the first of several
 * directories counts, and NULL or an empty string means none. */
#define CONF_SOCKET_MAX 108 /* bytes of a socket path with its NUL: the kernel's limit */
const char *conf_control_path(const struct conf *c, const char *runtime_dir,
			      char out[CONF_SOCKET_MAX]);

#define CONF_UNIT_DIR "/var/lib/nat64d" /* STATE_DIRECTORY of nat64d.service */

#define CONF_SHORT 300 /* size of a buffer for a path in a message */

/* Returns PATH, or BUF with the middle of PATH left out if PATH is too long for a message. */
const char *conf_short(char buf[CONF_SHORT], const char *path);

/* Formats WHAT, an error that occurs when data-dir is used, as the line "file:line: data-dir:
 * WHAT". */
#define CONF_LINE 2048
void conf_say_data_dir(char line[CONF_LINE], const struct conf *c, const char *what);

/* Reads an address, an address with a length, or a prefix, and keeps the bits after the length.
 * Returns false if S is none of these. */
bool conf_scan_either(const char *s, struct prefix *out);

/* Reads a prefix without host bits, or an address as a prefix of one host, of either family.
 * Returns false if S is neither; WHY then says what is wrong and what would be right. */
bool conf_scan_prefix(const char *s, struct prefix *out, char why[CONF_LINE]);

/* Returns the broadcast address that the kernel adds for the device address A, or 0 if there is
 * none. */
uint32_t conf_broadcast(const struct prefix *a);

/* Convert between a word of `log` and its class.  conf_log_class() returns 0 for an unknown
 * word. */
unsigned conf_log_class(const char *s);
const char *conf_log_name(unsigned class);

/* Returns the word of the directive `sandbox`. */
const char *conf_sandbox_name(enum sandbox_mode mode);

/* Prints C in a form that reads back as the same configuration. */
void conf_print(const struct conf *c, FILE *out);

/* Prints the next part of the same text, at most about a hundred maps.  *CURSOR starts at 0.
 * Returns false when nothing is left. */
bool conf_print_some(const struct conf *c, FILE *out, size_t *cursor);

/* Prints the same text with the maps of map-file and pinned.map written out, and the map-file line
 * as a comment. */
void conf_print_expanded(const struct conf *c, FILE *out);

/* --- pins: maps in the file pinned.map of data-dir, which is read after all other maps */

#define CONF_PINS   "pinned.map"
#define CONF_NO_PIN SIZE_MAX

/* A change of the set of pins: adds one that shares no address with the table, removes one, or
 * both. */
struct conf_change {
	const struct map *more; /* NULL: none */
	size_t less;            /* index in the table of maps; CONF_NO_PIN: none */
};

/* Returns the index of M, a map of C's table, if it is a pin of a single host; otherwise
 * CONF_NO_PIN. */
size_t conf_find_pin(const struct conf *c, const struct map *m);

/* Returns the content of pinned.map after CHANGE, *LEN bytes, which the caller frees; NULL without
 * memory. */
char *conf_pin_text(const struct conf *c, const struct conf_change *change, size_t *len);

/* Applies CHANGE to the maps of C; the caller has already written conf_pin_text() to pinned.map.
 * Takes as long as rebuilding the table.  Returns the previous table, which the caller frees when
 * nothing uses it anymore, or NULL without memory; nothing is changed then. */
struct map_table *conf_change_pins(struct conf *c, const struct conf_change *change);

/* --- roles of pools: the file pools.state of data-dir says which ranges stand by, whatever their
 * lines in the configuration say */

#define CONF_POOLS_STATE "pools.state"

/* Range POOL of the configuration stands by or not, by a decision with this REVISION. */
struct conf_role_change {
	size_t pool;
	bool standby;
	int64_t revision; /* CONF_NO_REVISION: none */
};

/* Reads a revision, a decimal number of at most 63 bits.  Returns false if S is none. */
bool conf_scan_revision(const char *s, int64_t *revision);

/* Returns the index of the range RANGE, or C->pools if no line has exactly this range. */
size_t conf_find_range(const struct conf *c, const struct prefix4 *range);

/* Returns the content of pools.state after CHANGE (NULL: without a change), *LEN bytes, which the
 * caller frees; NULL without memory. */
char *conf_roles_text(const struct conf *c, const struct conf_role_change *change, size_t *len);

/* Applies CHANGE to C; the caller has already written conf_roles_text() to pools.state. */
void conf_set_role(struct conf *c, const struct conf_role_change *change);

/* Copies the roles of the same ranges in FROM to C, which has no pools.state. */
void conf_keep_roles(struct conf *c, const struct conf *from);

/* Returns true if every lease under A is valid under B, and the reverse, and if both keep the same
 * addresses out of the pools.  What is in another order counts as different. */
bool conf_same_leases(const struct conf *a, const struct conf *b);

/* Returns the next directive that differs between A and B and needs a restart of the daemon, or
 * NULL. *CURSOR starts at 0.  Returns "" without memory. */
const char *conf_needs_restart(const struct conf *a, const struct conf *b, size_t *cursor);

#endif
