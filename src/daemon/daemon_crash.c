/* daemon_crash - decides that a daemon that crashes again and again does not fill the log, nor take
 * the whole of a processor.
 *
 * A file in the service's runtime directory is there from a start to a good end.  Who finds it
 * comes after a crash. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "daemon.h"

#define LOOP   10 /* crashes, none after a minute or more, that make a loop */
#define MINUTE 60 /* s */
#define HASTE  2  /* s: whoever has not lived for so long is followed after a pause */

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
		log_warning("%u crashes, one after the other: the log is silent but for once a "
			    "minute, until a process lives for one",
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
