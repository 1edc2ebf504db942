/* commands - what the control socket can be asked, one function for each row of the table.
 *
 * ARG is the daemon.  Each adds to A a first line "ok", "error TEXT" or "usage TEXT", and then what
 * nat64ctl(8) says of the command; it is called only with as many words as its row allows. */
#ifndef NAT64D_COMMANDS_H
#define NAT64D_COMMANDS_H

#include "daemon.h"
#include "lib/addr_text.h"

void command_config(void *arg, const struct control_request *r, struct answer *a);
void command_counters(void *arg, const struct control_request *r, struct answer *a);
void command_drain(void *arg, const struct control_request *r, struct answer *a);
void command_explain(void *arg, const struct control_request *r, struct answer *a);
void command_health(void *arg, const struct control_request *r, struct answer *a);
void command_history(void *arg, const struct control_request *r, struct answer *a);
void command_leases(void *arg, const struct control_request *r, struct answer *a);
void command_log(void *arg, const struct control_request *r, struct answer *a);
void command_maps(void *arg, const struct control_request *r, struct answer *a);
void command_metrics(void *arg, const struct control_request *r, struct answer *a);
void command_networks(void *arg, const struct control_request *r, struct answer *a);
void command_pin(void *arg, const struct control_request *r, struct answer *a);
void command_release(void *arg, const struct control_request *r, struct answer *a);
void command_reload(void *arg, const struct control_request *r, struct answer *a);
void command_setup(void *arg, const struct control_request *r, struct answer *a);
void command_status(void *arg, const struct control_request *r, struct answer *a);
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

/* Unix time when the daemon began to translate.  It goes by the clock of now, which may have been
 * set since. */
int64_t command_since(const struct daemon *d);

/* How many dynamic pools there are. */
size_t command_pools(const struct daemon *d);

/* A list that may be long is made in slices. */
#define COMMAND_SLICE_US   200   /* it keeps the packets waiting no longer, at a time */
#define COMMAND_SLICE_LEN  32768 /* bytes */
#define COMMAND_CLOCK_EACH 16    /* rows between two looks at the clock */
#define COMMAND_LOST       "a reload came in between, and the list is not complete"

/* --- command_words.c: what several of them have in common */

/* Reads WORD as an address or a prefix; *ONE: it is an address.  False: it is neither, or a prefix
 * with bits behind its length, and A says so. */
bool command_read_place(const char *word, struct prefix *out, bool *one, struct answer *a);

/* Range number I of the pool as a prefix. */
void command_range(const struct daemon *d, size_t i, char text[ADDR_TEXT]);

#endif
