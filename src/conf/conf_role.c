/* conf_role - reads pools.state, which says which ranges of the dynamic pools stand by, and changes
 * that while the daemon runs. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"

#define HEADER                                                                              \
	"# Ranges of dynamic-pool that `nat64ctl promote' and `nat64ctl demote' changed:\n" \
	"# the range, owner or standby, and the revision of the decision (-: none).\n"      \
	"\n"        /* if it is damaged, the next line is not taken for a part of the comment */
#define LINE_TOP 48 /* bytes of a line: a range, "standby" and 19 digits */

static const struct conf_words states = {"not owner or standby",
					 {{"owner", false}, {"standby", true}, {NULL, 0}}};

bool conf_scan_revision(const char *s, int64_t *revision)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	*revision = v;
	return isdigit((unsigned char)*s) && !(s[0] == '0' && s[1]) && !*end && errno == 0;
}

size_t conf_find_range(const struct conf *c, const struct prefix4 *range)
{
	size_t i = 0;

	while (i < c->pools &&
	       (c->pool[i].range.addr != range->addr || c->pool[i].range.len != range->len))
		i++;
	return i;
}

void conf_set_role(struct conf *c, const struct conf_role_change *change)
{
	struct conf_role *role = &c->role[change->pool];

	role->recorded = true;
	role->revision = change->revision;
	c->pool[change->pool].standby = change->standby;
	c->pool[change->pool].promoted = role->word && !change->standby;
}

void conf_keep_roles(struct conf *c, const struct conf *from)
{
	for (size_t k = 0; k < from->pools; k++) {
		size_t i = from->role[k].recorded ? conf_find_range(c, &from->pool[k].range)
						  : c->pools;

		if (i < c->pools)
			conf_set_role(c, &(struct conf_role_change){i, from->pool[k].standby,
								    from->role[k].revision});
	}
}

/* --- reading -------------------------------------------------------------------------------- */

static bool parse_revision(struct conf_reader *r, const char *s, int64_t *revision)
{
	*revision = CONF_NO_REVISION;
	return strcmp(s, "-") == 0 || conf_scan_revision(s, revision) ||
	       conf_error(r, "%s is not a revision (a plain number, or - for none)", s);
}

/* Applies a valid line to the range that it names. */
static void use_line(struct conf_reader *r, const struct prefix4 *range, bool standby,
		     int64_t revision)
{
	struct conf *c = r->conf;
	size_t i = conf_find_range(c, range);
	char text[ADDR_TEXT];

	addr_text_prefix4(text, range);
	if (i == c->pools)
		conf_warn(r,
			  "no dynamic-pool has the range %s, so the line has no effect (the next "
			  "promote or demote removes it)",
			  text);
	else if (c->role[i].recorded)
		conf_error(r, "%s is on an earlier line, too (remove one of the lines)", text);
	else
		conf_set_role(c, &(struct conf_role_change){i, standby, revision});
}

static void take_line(struct conf_reader *r, char **word, unsigned n)
{
	static const struct conf_want want = {.family = 4, .length = LENGTH_NEEDED, .example = 16};
	unsigned standby = 0;
	int64_t revision;
	struct prefix a;

	if (n != 3) {
		conf_error(r, "a line has three words: a range, owner or standby, and a revision "
			      "(for example 10.2.0.0/16 standby 17)");
		return;
	}
	for (unsigned i = 0; i < n; i++)
		conf_cut_word(word[i]);
	if (conf_parse_addr(r, word[0], &want, &a) &&
	    conf_parse_word(r, word[1], &states, &standby) && parse_revision(r, word[2], &revision))
		use_line(r, &(struct prefix4){a.addr4, a.len}, standby, revision);
}

void conf_read_roles(struct conf_reader *r)
{
	struct conf *c = r->conf;

	c->role = calloc(c->pools + 1, sizeof(*c->role));
	if (!c->role) {
		r->no_memory = true;
		return;
	}
	for (size_t i = 0; i < c->pools; i++)
		c->role[i] = (struct conf_role){.word = c->pool[i].standby,
						.revision = CONF_NO_REVISION};
	if (conf_seen(c, "dynamic-pool")->refused)
		return; /* it is unknown which lines of the file have an effect */
	r->take = take_line;
	conf_read_kept(r, CONF_POOLS_STATE, &c->pools_file);
	r->take = NULL;
}

/* --- changes while the daemon runs ---------------------------------------------------------- */

static size_t put_line(char *out, const struct pool_conf *pool, int64_t revision)
{
	char range[ADDR_TEXT], number[24] = "-";

	if (revision != CONF_NO_REVISION)
		snprintf(number, sizeof(number), "%" PRId64, revision);
	return (size_t)snprintf(out, LINE_TOP, "%s %s %s\n", addr_text_prefix4(range, &pool->range),
				conf_word(&states, pool->standby), number);
}

char *conf_roles_text(const struct conf *c, const struct conf_role_change *change, size_t *len)
{
	char *text = malloc(sizeof(HEADER) + (c->pools + 1) * LINE_TOP);

	if (!text)
		return NULL;
	*len = (size_t)sprintf(text, HEADER);
	for (size_t i = 0; i < c->pools; i++) {
		struct pool_conf pool = c->pool[i];
		bool changed = change && change->pool == i;

		if (changed)
			pool.standby = change->standby;
		if (changed || c->role[i].recorded)
			*len += put_line(text + *len, &pool,
					 changed ? change->revision : c->role[i].revision);
	}
	return text;
}
