/* explain_show - formats an explanation as JSON and as text. */
#include <stdio.h>

#include "explain.h"
#include "lib/addr_text.h"

static const char *verdict(const struct xlat_explanation *e)
{
	if (e->why == REASON_OK)
		return "translate";
	if (e->why == REASON_SELF_ECHO)
		return "answer";
	return e->icmp.type == ICMP_NO_ANSWER ? "drop" : "reject";
}

/* Formats both addresses of S. */
static void ends(const struct sample *s, char src[ADDR_TEXT], char dst[ADDR_TEXT])
{
	if (s->family == 4) {
		addr_text4(src, s->src4);
		addr_text4(dst, s->dst4);
	} else {
		addr_text6(src, &s->src6);
		addr_text6(dst, &s->dst6);
	}
}

/* Formats both addresses of the translated packet. */
static void result_ends(const struct explained *x, char src[ADDR_TEXT], char dst[ADDR_TEXT])
{
	const struct xlat_explanation *e = &x->is;

	ends(&(struct sample){.family = x->packet.family == 4 ? 6 : 4,
			      .src4 = e->src4,
			      .dst4 = e->dst4,
			      .src6 = e->src6,
			      .dst6 = e->dst6},
	     src, dst);
}

static char *one_address(char text[ADDR_TEXT], const struct prefix *a)
{
	return a->family == 4 ? addr_text4(text, a->addr4) : addr_text6(text, &a->addr6);
}

/* Adds the name, surrounded by QUOTE, or the number of the protocol. */
static void add_protocol(struct answer *a, const struct sample *s, const char *quote)
{
	const char *name = s->proto == PROTO_TCP                                      ? "tcp"
			   : s->proto == PROTO_UDP                                    ? "udp"
			   : s->proto == (s->family == 4 ? PROTO_ICMP : PROTO_ICMPV6) ? "icmp"
										      : NULL;

	if (name)
		answer_add(a, "%s%s%s", quote, name, quote);
	else
		answer_add(a, "%u", s->proto);
}

/* For a reason with several possible causes, returns which one applies. */
static const char *what_of_it(const struct explained *x)
{
	if (x->is.why == REASON_NO_MAP_SRC && x->packet.family == 6)
		return ", and no dynamic-pool accepts it";
	return "";
}

/* Writes to OUT what happens to the packet and why. */
static void sentence(const struct explained *x, char *out, size_t size)
{
	const struct reason_row *is = &reason_table[x->is.why], *then = &reason_table[x->then.why];
	const char *device = tun_name(x->d->tun);

	if (!x->hairpin)
		snprintf(out, size, "%s%s", is->text, what_of_it(x));
	else if (x->answered)
		snprintf(out, size, "%s, comes back to %s and is translated again", is->text,
			 device);
	else if (x->then.why == REASON_SELF_ECHO)
		snprintf(out, size, "%s, comes back to %s and is answered there", is->text, device);
	else
		snprintf(out, size, "%s, comes back to %s and ends there (%s: %s)", is->text,
			 device, then->name, then->text);
}

/* --- JSON --------------------------------------------------------------------------------- */

/* NULL is written as null. */
static void add_pair(struct answer *a, const char *source, const char *destination)
{
	answer_add(a, "{\"source\": ");
	answer_json(a, source);
	answer_add(a, ", \"destination\": ");
	answer_json(a, destination);
	answer_add(a, "}");
}

static void add_by(struct answer *a, const struct explained *x)
{
	struct explain_by by;

	answer_add(a, "\"by\": [");
	for (size_t i = 0; explain_by(x, i, &by); i++) {
		answer_add(a, "%s{\"what\": \"%s\", \"file\": ", i ? ", " : "", by.what);
		if (by.place.line == 0) {
			answer_add(a, "null, \"line\": null}");
			continue;
		}
		answer_json(a, by.place.file);
		answer_add(a, ", \"line\": %u}", by.place.line);
	}
	answer_add(a, "]");
}

static void add_result(struct answer *a, const struct explained *x)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT];

	answer_add(a, ", \"result\": ");
	result_ends(x, src, dst);
	if (x->is.why == REASON_OK)
		add_pair(a, x->is.would_lease ? NULL : src, dst);
	else
		answer_add(a, "null");
	answer_add(a, ", \"would_lease\": %s, \"hairpin\": %s",
		   x->is.would_lease ? "true" : "false", x->hairpin ? "true" : "false");
}

static void add_replies(struct answer *a, const struct explained *x)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];

	if (x->is.icmp.type == ICMP_NO_ANSWER)
		answer_add(a, ", \"icmp\": null, \"answer\": ");
	else
		answer_add(a, ", \"icmp\": {\"type\": %u, \"code\": %u}, \"answer\": ",
			   x->is.icmp.type, x->is.icmp.code);
	if (x->answered)
		add_pair(a, one_address(from, &x->from),
			 x->to.family ? one_address(to, &x->to) : NULL);
	else
		answer_add(a, "null");
}

void explain_json(struct answer *a, const struct explained *x)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT], text[400];

	ends(&x->packet, src, dst);
	sentence(x, text, sizeof(text));
	answer_add(a,
		   "{\"direction\": \"%s\", \"source\": \"%s\", \"destination\": \"%s\", "
		   "\"protocol\": ",
		   x->packet.family == 4 ? "4to6" : "6to4", src, dst);
	add_protocol(a, &x->packet, "\"");
	answer_add(a, ", \"verdict\": \"%s\", \"reason\": \"%s\", \"text\": ", verdict(&x->is),
		   reason_table[x->is.why].name);
	answer_json(a, text);
	answer_add(a, ", ");
	add_by(a, x);
	add_result(a, x);
	add_replies(a, x);
	answer_add(a, "}\n");
}

/* --- text --------------------------------------------------------------------------------- */

#define LABEL "%-13s"

static void say_packet(struct answer *a, const struct explained *x)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT], text[400];

	ends(&x->packet, src, dst);
	sentence(x, text, sizeof(text));
	answer_add(a, LABEL "%s -> %s, ", "packet", src, dst);
	add_protocol(a, &x->packet, "");
	answer_add(a, ", from IPv%u\n" LABEL "%s", x->packet.family, "verdict", verdict(&x->is));
	if (x->is.why != REASON_OK)
		answer_add(a, ", %s: %s", reason_table[x->is.why].name, text);
	else if (x->hairpin)
		answer_add(a, ": %s", text);
	answer_add(a, "\n");
}

static void say_by(struct answer *a, const struct explained *x)
{
	static const char *const labels[] = {"source", "destination", "and"};
	struct explain_by by;
	char file[CONF_SHORT];

	for (size_t i = 0; explain_by(x, i, &by); i++) {
		answer_add(a, LABEL, labels[by.about]);
		if (by.place.line)
			answer_add(a, "%s:%u: %s\n", conf_short(file, by.place.file), by.place.line,
				   by.text);
		else
			answer_add(a, "%s%s\n", by.text, by.place.file ? " (the default)" : "");
	}
}

static void say_result(struct answer *a, const struct explained *x)
{
	char src[ADDR_TEXT], dst[ADDR_TEXT], from[ADDR_TEXT], to[ADDR_TEXT];

	result_ends(x, src, dst);
	if (x->is.why == REASON_OK)
		answer_add(a, LABEL "%s -> %s\n", "becomes",
			   x->is.would_lease ? "the new lease" : src, dst);
	if (x->hairpin && x->answered)
		answer_add(a, LABEL "%s -> %s\n", "and then",
			   x->to.family ? one_address(to, &x->to) : "the new lease",
			   one_address(from, &x->from));
}

/* Shows the answer as it arrives at the translator.  Its translation follows from the lines above.
 */
static void say_replies(struct answer *a, const struct explained *x)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];

	if (x->is.icmp.type != ICMP_NO_ANSWER)
		answer_add(a, LABEL "ICMP%s type %u, code %u goes to the source\n", "error",
			   x->packet.family == 6 ? "v6" : "", x->is.icmp.type, x->is.icmp.code);
	if (x->answered)
		answer_add(a, LABEL "%s -> %s\n", "answer", one_address(from, &x->from),
			   x->to.family ? one_address(to, &x->to) : "the new lease");
}

void explain_text(struct answer *a, const struct explained *x)
{
	say_packet(a, x);
	say_by(a, x);
	say_result(a, x);
	say_replies(a, x);
}
