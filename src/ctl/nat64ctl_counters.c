/* nat64ctl_counters - `counters`: the counters, or what they count in the next seconds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/counts.h"
#include "nat64ctl.h"

#define MOST_SECONDS 86400

struct job {
	bool explain;
	unsigned long seconds; /* 0: show the current values */
};

static int bad_usage(void)
{
	ctl_complain("usage: counters [--explain] [--diff SECONDS] (SECONDS is 1 to %d)",
		     MOST_SECONDS);
	return CTL_USAGE;
}

static bool take_seconds(struct job *j, const char *text)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	j->seconds = strtoul(text, &end, 10);
	return errno == 0 && !*end && j->seconds > 0 && j->seconds <= MOST_SECONDS;
}

static bool understand(struct job *j, char **word)
{
	const char *seconds;

	for (; *word; word++)
		if (strcmp(*word, "--explain") == 0)
			j->explain = true;
		else if (!(seconds = ctl_value(&word, "--diff")) || !take_seconds(j, seconds))
			return false;
	return true;
}

static int print_now(const struct ctl *c, const struct job *j)
{
	struct ctl_reply r;
	char line[64];
	int status;

	snprintf(line, sizeof(line), "counters%s%s", j->explain ? " --explain" : "",
		 c->json ? " --json" : "");
	ctl_ask(c, line, &r);
	status = ctl_print(c, &r);
	ctl_free(&r);
	return status;
}

/* Stores the counters in OUT and the process ID of the daemon in PID.  Prints a refusal. */
static int look(const struct ctl *c, struct counters *out, pid_t *pid)
{
	struct ctl_reply r;
	int status;

	ctl_ask(c, "counters --json", &r);
	*pid = r.pid;
	status = r.status;
	if (status != CTL_DONE) {
		status = ctl_print(&(struct ctl){.json = false}, &r);
	} else if (!counts_read(out, r.rest)) {
		ctl_complain("the counters that nat64d sent cannot be parsed");
		status = CTL_FAILED;
	}
	ctl_free(&r);
	return status;
}

static void wait_for(unsigned long seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int print_since(const struct ctl *c, const struct job *j)
{
	struct counters was, now;
	struct answer a = {.text = NULL};
	pid_t before, after;
	int status = look(c, &was, &before);

	if (status != CTL_DONE)
		return status;
	wait_for(j->seconds);
	status = look(c, &now, &after);
	if (status != CTL_DONE)
		return status;
	if (before != after || !counts_since(&now, &was)) {
		ctl_complain("nat64d was restarted in the meantime");
		return CTL_FAILED;
	}
	(c->json ? counts_json : counts_text)(&a, &now, j->explain);
	status = ctl_tell(a.text ? a.text : "");
	answer_free(&a);
	return status;
}

int ctl_counters(const struct ctl *c)
{
	struct job j = {.explain = false};

	if (!understand(&j, c->word + 1))
		return bad_usage();
	return j.seconds > 0 ? print_since(c, &j) : print_now(c, &j);
}
