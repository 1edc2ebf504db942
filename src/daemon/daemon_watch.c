/* daemon_watch - sends events to the clients of `watch`. */
#include <stdarg.h>
#include <stdio.h>

#include "commands.h"

#define EVENT_MAX 1024 /* bytes of a line */

/* Called when some events were lost for lack of room: reports their number. */
static bool tell_lost(void *arg, struct answer *a)
{
	char now[CLOCK_TEXT];

	(void)arg;
	answer_add(a, "{\"time\": \"%s\", \"lost\": %lu}\n", clock_rfc3339_us(now, clock_wall_us()),
		   a->lost);
	a->lost = 0;
	return true;
}

void command_watch(void *arg, const struct control_request *r, struct answer *a)
{
	(void)arg;
	(void)r;
	answer_add(a, "ok\n");
	a->stream = STREAM_WATCH;
	a->more = tell_lost;
}

bool daemon_is_watched(const struct daemon *d)
{
	return control_next_stream(d->control, STREAM_WATCH, NULL) != NULL;
}

void daemon_watch(const struct daemon *d, const char *event, const char *format, ...)
{
	struct answer *a = control_next_stream(d->control, STREAM_WATCH, NULL);
	char line[EVENT_MAX], now[CLOCK_TEXT];
	va_list args;
	int n, rest;

	if (!a)
		return;
	n = snprintf(line, sizeof(line), "{\"time\": \"%s\", \"event\": \"%s\"",
		     clock_rfc3339_us(now, clock_wall_us()), event);
	va_start(args, format);
	rest = vsnprintf(line + n, sizeof(line) - (size_t)n, format, args);
	va_end(args);
	if (rest < 0 || (size_t)(n + rest) + sizeof("}\n") > sizeof(line))
		return;
	n += rest;
	n += snprintf(line + n, sizeof(line) - (size_t)n, "}\n");
	for (; a; a = control_next_stream(d->control, STREAM_WATCH, a))
		control_push(d->control, a, line, (size_t)n);
}
