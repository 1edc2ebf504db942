/* daemon_key - finds the secret from which the pool computes preferred addresses. pool-key names
 * its file, inside or outside of data-dir. */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "daemon.h"
#include "daemon/datadir.h"

static bool is_elsewhere(const struct conf *c)
{
	return c->pool_key && *c->pool_key == '/';
}

static const char *key_name(const struct conf *c)
{
	return c->pool_key ? c->pool_key : LEASEFILE_KEY;
}

static int read_elsewhere(const struct conf *c, struct siphash_key *key, char err[LEASEKEY_ERR])
{
	char line[CONF_LINE], name[CONF_SHORT], what[CONF_LINE / 2];
	bool open_to_others = false;

	if (leasekey_read(c->pool_key, conf_short(name, c->pool_key), key, &open_to_others, err) <
	    0)
		return -1;
	if (!open_to_others)
		return 0;
	snprintf(what, sizeof(what),
		 "%s is readable by other users (chmod 640 it): with it they can compute which "
		 "address a host gets",
		 conf_short(name, c->pool_key));
	datadir_say_key(line, c, what);
	log_line(LEVEL_WARNING, line);
	return 0;
}

/* An existing file is used.  If it does not exist, a file with another name than before gets a new
 * secret. */
/* seccomp: daemon: getrandom, renameat2, fchmod, fsync */
static void read_own(const struct daemon *d, const struct conf *c, struct siphash_key *key)
{
	const struct conf *was = d->active->conf;
	bool other = strcmp(key_name(was), key_name(c)) != 0;
	struct siphash_key fresh = *key;

	if (!d->leases.file)
		return;
	if (other && getrandom(&fresh, sizeof(fresh), 0) != sizeof(fresh))
		fresh = *key;
	leasefile_key(d->leases.file, key_name(c), &fresh, log_say_warning, NULL);
	*key = fresh;
	explicit_bzero(&fresh, sizeof(fresh));
}

int daemon_find_key(const struct daemon *d, const struct conf *c, struct siphash_key *key,
		    char err[LEASEKEY_ERR])
{
	if (is_elsewhere(c))
		return read_elsewhere(c, key, err);
	read_own(d, c, key);
	return 0;
}

static int open_key(const struct daemon *d, struct siphash_key *key)
{
	const struct conf *c = d->active->conf;
	char err[LEASEKEY_ERR], line[CONF_LINE];

	if (daemon_find_key(d, c, key, err) == 0)
		return 0;
	datadir_say_key(line, c, err);
	log_line(LEVEL_ERROR, line);
	return -1;
}

/* After a change of the root directory, a file outside of it cannot be reached. */
static bool is_outside(const struct daemon *d)
{
	return d->opt->chroot && is_elsewhere(d->active->conf);
}

int daemon_open_key_outside(const struct daemon *d, struct siphash_key *key)
{
	return d->active->pool && is_outside(d) ? open_key(d, key) : 0;
}

int daemon_open_key(const struct daemon *d, struct siphash_key *key)
{
	return is_outside(d) ? 0 : open_key(d, key);
}
