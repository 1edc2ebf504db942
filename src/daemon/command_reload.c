/* command_reload - answers `reload`: lists the reasons of a refusal, as many as fit. */
#include <string.h>

#include "commands.h"

#define LEFT_FREE 512 /* bytes of an answer, reserved for its end */

/* Collects the reasons of a refusal. */
struct reasons {
	struct answer text;
	bool json;
	unsigned said, left_out;
};

static void hear_json(struct reasons *s, const struct reload_reason *why)
{
	answer_add(&s->text, "%s{\"file\": ", s->said ? ", " : "");
	answer_json(&s->text, why->file);
	if (why->line)
		answer_add(&s->text, ", \"line\": %u, \"text\": ", why->line);
	else
		answer_add(&s->text, ", \"line\": null, \"text\": ");
	answer_json(&s->text, why->text);
	answer_add(&s->text, "}");
}

/* A line has at most CONF_LINE bytes; JSON quoting may make it six times as long. */
static void hear(void *arg, const struct reload_reason *why)
{
	struct reasons *s = arg;
	size_t most = strlen(why->whole) * (s->json ? 6 : 1) + LEFT_FREE;

	if (s->left_out > 0 || s->text.len + most > ANSWER_MAX - LEFT_FREE) {
		s->left_out++;
		return;
	}
	if (s->json)
		hear_json(s, why);
	else
		answer_add(&s->text, "%s\n", why->whole);
	s->said++;
}

static void reload_json(struct answer *a, struct reasons *s, bool ok)
{
	if (s->left_out > 0)
		answer_add(
			&s->text,
			", {\"file\": null, \"line\": null, \"text\": \"%u more reasons are in the "
			"log\"}",
			s->left_out);
	answer_add(a, "{\"ok\": %s, \"errors\": [%s]}\n", ok ? "true" : "false",
		   s->text.text ? s->text.text : "");
}

static void reload_text(struct answer *a, struct reasons *s)
{
	if (s->left_out > 0)
		answer_add(&s->text, "%u more reasons are in the log\n", s->left_out);
	answer_add(a, "%s", s->text.text ? s->text.text : "");
}

void command_reload(void *arg, const struct control_request *r, struct answer *a)
{
	struct reasons s = {.json = r->json};
	bool check = r->words > 1 && strcmp(r->word[1], "check") == 0;
	bool prepared = r->words > 1 && strcmp(r->word[1], "prepared") == 0;
	struct reload_call call = {.prepared = r->root && prepared, .hear = hear, .arg = &s};
	bool ok;

	if (r->words > 1 && !check && !prepared) {
		answer_add(a, "usage reload [check]\n");
		return;
	}
	ok = check ? daemon_check_reload(arg, &call) : daemon_reload(arg, &call);
	answer_add(a, ok ? "ok\n" : "error the reload is refused; nothing is changed\n");
	if (r->json)
		reload_json(a, &s, ok);
	else
		reload_text(a, &s);
	answer_free(&s.text);
}
