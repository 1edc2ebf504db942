/* conf_pool_key - the directive `pool-key`: the file with the secret key of the dynamic pools. */
#include <limits.h>
#include <string.h>

#include "conf_text.h"

/* Returns true if S is the name of another file that nat64d keeps in data-dir. */
static bool is_taken(const char *s)
{
	static const char *const names[] = {"dynamic.map", CONF_PINS, CONF_POOLS_STATE,
					    "leases.log"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(s, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

bool conf_set_pool_key(struct conf_reader *r, char **arg)
{
	struct conf *c = r->conf;
	const char *s = arg[0];
	char text[CONF_SHORT];

	c->pool_key_line = r->line;
	if (!conf_path_fits(r, s))
		return false;
	if (s[0] != '/' && (strchr(s, '/') || strcmp(s, ".") == 0 || strcmp(s, "..") == 0))
		return conf_error(
			r,
			"%s is neither an absolute path nor the name of a file in data-dir "
			"(for example pool.key or /etc/nat64/pool.key)",
			conf_short(text, s));
	if (is_taken(s))
		return conf_error(
			r,
			"%s is a name that nat64d uses for another file (use for example pool.key)",
			conf_short(text, s));
	return conf_copy(r, s, &c->pool_key);
}

void conf_print_pool_key(const struct conf_out *out)
{
	if (out->conf->pool_key)
		conf_put(out, "%s", out->conf->pool_key);
}

/* nat64d.service provides the default directory, which is not set when the file is only checked. */
void conf_check_pool_key(struct conf_reader *r)
{
	const struct conf *c = r->conf;
	char text[CONF_SHORT];

	if (!c->pool_key || c->pool_key[0] == '/')
		return;
	conf_point_first(r, "pool-key");
	if (c->data_dir && strlen(c->data_dir) + strlen(c->pool_key) + 2 > PATH_MAX)
		conf_error(r, "%s is too long after data-dir (a path has at most %d characters)",
			   conf_short(text, c->pool_key), PATH_MAX - 1);
	else if (!c->data_dir && !conf_first(r, "data-dir") && !r->diag->judged)
		conf_error(r,
			   "%s is relative, but there is no data-dir (give an absolute path; "
			   "nat64d.service sets STATE_DIRECTORY=" CONF_UNIT_DIR ")",
			   conf_short(text, c->pool_key));
}
