/* daemon_crash - prevents a daemon that crashes repeatedly from filling the log and from using a
 * whole CPU.
 *
 * A file in the runtime directory of the service exists from a start to a clean exit.  A process
 * that finds it at startup knows that the previous one crashed. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"

#define LOOP   10 /* crashes with less than a minute between them that count as a loop */
#define MINUTE 60 /* s */
#define HASTE  2  /* s; after a process that ran for less than this, the next start is delayed */

static const char *path_of(char path[DAEMON_PATH])
{
	const char *dir = getenv("RUNTIME_DIRECTORY");
	int n = dir && *dir == '/' ? snprintf(path, DAEMON_PATH, "%s/crashes", dir) : -1;

	return n > 0 && n < DAEMON_PATH ? path : NULL;
}

static void read_crashes(const char *path, struct crashes *c, int64_t now)
{
	long long started = 0, said = 0;
	unsigned count = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return;
	if (fscanf(f, "%u %lld %lld", &count, &started, &said) == 3 && now - started < MINUTE) {
		c->count = count;
		c->said = said;
	}
	c->count++;
	c->hasty = now - started < HASTE;
	fclose(f);
}

static void write_crashes(const char *path, const struct crashes *c, int64_t now)
{
	FILE *f = fopen(path, "we");

	if (!f)
		return;
	fprintf(f, "%u %lld %lld\n", c->count, (long long)now, (long long)c->said);
	fclose(f);
}

void daemon_count_crashes(struct crashes *c)
{
	const struct timespec pause = {.tv_sec = 1};
	int64_t now = clock_ms() / 1000;
	char room[DAEMON_PATH];
	const char *path = path_of(room);

	*c = (struct crashes){.count = 0};
	if (!path)
		return;
	read_crashes(path, c, now);
	c->quiet = c->count > LOOP && now - c->said < MINUTE;
	if (!c->quiet)
		c->said = now;
	write_crashes(path, c, now);
	if (c->count < LOOP)
		return;
	if (c->hasty)
		nanosleep(&pause, NULL);
	if (c->quiet) {
		log_mute(true);
		c->speak_at = (now + MINUTE) * 1000;
	} else {
		log_warning("%u crashes in a row: logging only once a minute until a process has "
			    "run for a minute",
			    c->count);
	}
}

void daemon_forget_crashes(void)
{
	char room[DAEMON_PATH];
	const char *path = path_of(room);

	if (path)
		unlink(path);
}

void daemon_end_silence(struct crashes *c, int64_t now)
{
	if (!c->speak_at || now < c->speak_at)
		return;
	log_mute(false);
	c->speak_at = 0;
}
