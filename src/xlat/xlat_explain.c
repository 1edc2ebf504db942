/* xlat_explain - collects what decides about a packet: repeats the deciding lookups to name what
 * they found. */
#include "xlat/explain.h"

#include "xlat_job.h"

static void add(struct xlat_explanation *out, struct xlat_item item)
{
	if (item.by != BY_NOTHING)
		out->item[out->items++] = item;
}

/* M is a map of X's table, or NULL. */
static size_t number_of(const struct xlat *x, const struct map *m)
{
	return m ? map_index(x->maps, m) : 0;
}

/* Returns the map of the source or of the destination of J's packet. */
static const struct map *find_map(const struct xlat_job *j, bool source)
{
	const struct packet *p = &j->p;

	if (p->family == 4)
		return map_find4(j->x->maps, source ? p->src4 : p->dst4);
	return map_find6(j->x->maps, source ? &p->src6 : &p->dst6);
}

/* Returns the IPv4 address of that end. */
static uint32_t address4(const struct xlat_job *j, bool source)
{
	if (j->p.family == 4)
		return source ? j->p.src4 : j->p.dst4;
	return source ? j->src4 : j->dst4;
}

/* Returns I, or 0 if there is no match. */
static size_t or_first(uint32_t i)
{
	return i == LPM_NONE ? 0 : i;
}

static void add_end(const struct xlat_job *j, bool source, struct xlat_explanation *out)
{
	const struct xlat_end *end = source == (j->p.family == 6) ? &j->host : &j->peer;
	struct xlat_item item = {.by = (enum xlat_by)end->by,
				 .about = source ? ABOUT_SOURCE : ABOUT_DESTINATION,
				 .addr4 = address4(j, source)};

	if (item.by == BY_MAP)
		item.number = number_of(j->x, find_map(j, source));
	else if (item.by == BY_PREFIX)
		item.number = end->prefix;
	else if (item.by == BY_POOL)
		item.full = item.addr4 == 0;
	add(out, item);
	item.by = (enum xlat_by)end->taken;
	item.number = item.by == BY_MAP ? number_of(j->x, map_find4(j->x->maps, item.addr4)) : 0;
	add(out, item);
}

/* Returns the index of the `translatable` network that lets J's packet pass, or 0. */
static size_t translatable_number(const struct xlat_job *j)
{
	const struct xlat_conf *conf = j->x->conf;
	uint32_t i = xlat_find_translatable(conf, address4(j, j->p.family == 6));

	if (i == LPM_NONE && j->p.family == 4)
		i = xlat_find_translatable(conf, address4(j, true));
	return or_first(i);
}

/* Returns true if the packet was checked against `translatable`. */
static bool is_asked_who(const struct xlat_job *j, enum reason why)
{
	return j->host.by == BY_PREFIX && j->peer.by == BY_PREFIX && !j->host.taken &&
	       why != REASON_WKP_PRIVATE && why != REASON_BAD_ADDRESS;
}

/* Returns true if the host was checked against `allow`. */
static bool is_asked_leave(const struct xlat_job *j, enum reason why)
{
	if (!j->x->conf->allow)
		return false;
	if (why == REASON_NOT_ALLOWED || j->wants_lease)
		return true;
	if (is_asked_who(j, why))
		return why != REASON_SRC_IN_PREFIX && why != REASON_NO_MAP_DST;
	return j->p.family == 6 && why == REASON_NO_MAP_SRC;
}

static void add_allow(const struct xlat_job *j, struct xlat_explanation *out)
{
	const struct ip6 *host = j->p.family == 6 ? &j->p.src6 : &j->dst6;

	if (is_asked_leave(j, out->why))
		add(out,
		    (struct xlat_item){.by = BY_ALLOW,
				       .about = j->p.family == 6 ? ABOUT_SOURCE : ABOUT_DESTINATION,
				       .number = or_first(xlat_find_allowed(j->x->conf, host))});
}

static void add_deny(const struct xlat_job *j, struct xlat_explanation *out)
{
	if (out->why == REASON_DENIED)
		add(out, (struct xlat_item){.by = BY_DENY,
					    .about = ABOUT_DESTINATION,
					    .number = xlat_find_denied(j->x->conf, j->dst4)});
}

/* Adds what decides about the source or the destination, beginning with the owner of its
 * address. */
static void add_side(const struct xlat_job *j, bool source, struct xlat_explanation *out)
{
	add_end(j, source, out);
	if (source == (j->p.family == 6))
		add_allow(j, out);
	else
		add_deny(j, out);
}

static void add_rules(const struct xlat_job *j, struct xlat_explanation *out)
{
	if (reason_table[out->why].class == CLASS_SELF)
		add(out, (struct xlat_item){.by = BY_OWN, .about = ABOUT_DESTINATION});
	if (is_asked_who(j, out->why))
		add(out, (struct xlat_item){.by = BY_TRANSLATABLE,
					    .about = ABOUT_BOTH,
					    .number = translatable_number(j)});
	if (out->why == REASON_WKP_PRIVATE)
		add(out, (struct xlat_item){.by = BY_STRICT, .about = ABOUT_BOTH});
	if (out->why == REASON_ROUTED_BACK)
		add(out, (struct xlat_item){.by = BY_ROUTE, .about = ABOUT_BOTH});
	if (out->why == REASON_DRAINING)
		add(out, (struct xlat_item){.by = BY_DRAIN, .about = ABOUT_BOTH});
}

static void note_result(const struct xlat_job *j, struct xlat_explanation *out)
{
	out->src4 = j->src4;
	out->dst4 = j->dst4;
	out->src6 = j->src6;
	out->dst6 = j->dst6;
	out->has_dst6 = j->p.family == 4 &&
			(j->host.by == BY_MAP || j->host.by == BY_LEASE || j->host.by == BY_PREFIX);
	out->would_lease = out->why == REASON_OK && j->wants_lease;
}

bool xlat_find_room(struct xlat_job *j)
{
	return pool_would_assign(j->x->pool, &j->p.src6, j->now, &j->src4);
}

void xlat_explain(struct xlat *x, const struct sample *q, int64_t now, struct xlat_explanation *out)
{
	uint8_t packet[SAMPLE_MAX];
	size_t len = sample_write(packet, q);
	struct xlat_job j;

	*out = (struct xlat_explanation){.icmp = {.type = ICMP_NO_ANSWER}};
	out->why = xlat_ask(x, packet, len, now, &j);
	if (out->why == REASON_DRAINING)
		xlat_find_room(&j);
	note_result(&j, out);
	add_side(&j, true, out);
	add_side(&j, false, out);
	add_rules(&j, out);
	if (out->why && x->conf->icmp_errors != ICMP_ERRORS_NEVER)
		out->icmp = xlat_due(&j, out->why);
}
