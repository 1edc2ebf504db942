/* commands - the commands of the control socket, one function for each row of the table.
 *
 * ARG is the daemon.  Each function adds a first line "ok", "error TEXT" or "usage TEXT" to A, and
 * then the output that nat64ctl(8) describes.  It is called only with as many arguments as its row
 * allows. */
#ifndef NAT64D_COMMANDS_H
#define NAT64D_COMMANDS_H

#include "daemon.h"
#include "lib/addr_text.h"

void command_config(void *arg, const struct control_request *r, struct answer *a);
void command_counters(void *arg, const struct control_request *r, struct answer *a);
void command_drain(void *arg, const struct control_request *r, struct answer *a);
void command_demote(void *arg, const struct control_request *r, struct answer *a);
void command_explain(void *arg, const struct control_request *r, struct answer *a);
void command_export(void *arg, const struct control_request *r, struct answer *a);
void command_health(void *arg, const struct control_request *r, struct answer *a);
void command_history(void *arg, const struct control_request *r, struct answer *a);
void command_import(void *arg, const struct control_request *r, struct answer *a);
void command_leases(void *arg, const struct control_request *r, struct answer *a);
void command_log(void *arg, const struct control_request *r, struct answer *a);
void command_maps(void *arg, const struct control_request *r, struct answer *a);
void command_metrics(void *arg, const struct control_request *r, struct answer *a);
void command_networks(void *arg, const struct control_request *r, struct answer *a);
void command_pin(void *arg, const struct control_request *r, struct answer *a);
void command_promote(void *arg, const struct control_request *r, struct answer *a);
void command_release(void *arg, const struct control_request *r, struct answer *a);
void command_reload(void *arg, const struct control_request *r, struct answer *a);
void command_setup(void *arg, const struct control_request *r, struct answer *a);
void command_status(void *arg, const struct control_request *r, struct answer *a);
void command_test_call(void *arg, const struct control_request *r, struct answer *a);
void command_trace(void *arg, const struct control_request *r, struct answer *a);
void command_unpin(void *arg, const struct control_request *r, struct answer *a);
void command_watch(void *arg, const struct control_request *r, struct answer *a);
void command_who(void *arg, const struct control_request *r, struct answer *a);

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "(unversioned)"
#endif

/* Returns the unix time when translation began.  It is computed from the current wall clock, which
 * may have been set since. */
int64_t command_since(const struct daemon *d);

/* Returns the number of pool ranges. */
size_t command_pools(const struct daemon *d);

/* Lists that may be long are produced in slices. */
#define COMMAND_SLICE_US   200   /* maximum time for which a slice delays packets */
#define COMMAND_SLICE_LEN  32768 /* bytes */
#define COMMAND_CLOCK_EACH 16    /* number of rows between reads of the clock */
#define COMMAND_LOST       "a reload changed the leases in the meantime; the list is not complete"

/* --- command_disk.c: shared by the commands that change a file in data-dir */

/* Starts to replace FILE by the LEN bytes of TEXT, which comes from malloc() (NULL: no memory for
 * it).  False if that is not possible now; A then has the reason. */
bool command_write(struct daemon *d, enum lease_file file, char *text, size_t len,
		   struct answer *a);

/* Lets the client of A wait after that.  command_end_wait() sends TEXT to the client, unless it has
 * disconnected; the change is made anyway. */
void command_wait(struct daemon *d, struct answer *a);
void command_end_wait(const struct daemon *d, const struct answer *text);

/* Describes ERR, the errno of leasefile_put_done(). */
const char *command_disk_trouble(int err);

/* --- command_words.c: shared by several commands */

/* Parses WORD as an address or a prefix. *ONE: it is an address.  False if it is neither or has
 * host bits set; A then has a message. */
bool command_read_place(const char *word, struct prefix *out, bool *one, struct answer *a);

/* Formats a revision of pools.state as the value of a JSON member.  Returns OUT. */
#define COMMAND_REVISION 24
char *command_revision(char out[COMMAND_REVISION], int64_t revision);

/* Formats range number I of the pool as a prefix. */
void command_range(const struct daemon *d, size_t i, char text[ADDR_TEXT]);

#endif
