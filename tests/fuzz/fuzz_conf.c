/* fuzz_conf - an arbitrary configuration, with a map file, pins and the states of pools.
 *
 * An input is up to four files, separated by lines "%%": the configuration, more.map, pinned.map
 * and pools.state. Linked with libFuzzer (--enable-fuzzer) or with replay.c, which `make check`
 * runs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

#include "fuzz_check.h"
#include "fuzz_files.h"
#include "replay.h"

#define FILES 4

/* The lines of each file of an input. */
struct said {
	struct conf_diag diag;
	size_t lines[FILES];
	unsigned errors;
};

static const char *const names[FILES] = {"conf", "more.map", CONF_PINS, CONF_POOLS_STATE};

/* --- messages ------------------------------------------------------------------------------- */

static size_t count_lines(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == '\n';
	return n + (s.len > 0 && s.p[s.len - 1] != '\n');
}

/* Returns how many lines the file of the message has; 0 if it is not one of the input. */
static size_t lines_of(const struct said *said, const char *file)
{
	size_t n = strlen(fuzz_dir());

	for (size_t i = 0; i < FILES; i++)
		if (strncmp(file, fuzz_dir(), n) == 0 && strcmp(file + n + 1, names[i]) == 0)
			return said->lines[i];
	return 0;
}

/* Only these messages are about no line: what is missing, how many more there are, and a file that
 * cannot be read. */
static bool may_lack_line(const struct said *said, const char *text)
{
	return strstr(text, ": missing") || strstr(text, " more ") ||
	       (lines_of(said, said->diag.file) == 0 &&
		(strncmp(text, "cannot ", 7) == 0 || strcmp(text, "is not a regular file") == 0));
}

/* A message is one printable line that begins with its place. */
static void take_message(void *arg, bool error, const char *line)
{
	struct said *said = arg;
	const struct conf_diag *d = &said->diag;
	char place[CONF_SHORT + 16], file[CONF_SHORT];
	size_t n;

	said->errors += error;
	if (d->line)
		snprintf(place, sizeof(place), "%s:%u: ", conf_short(file, d->file), d->line);
	else
		snprintf(place, sizeof(place), "%s: ", conf_short(file, d->file));
	n = strlen(place);
	EXPECT(strncmp(line, place, n) == 0 && line[n] != '\0' && strcmp(line + n, d->text) == 0);
	for (; line[n]; n++)
		EXPECT(line[n] >= ' ' && line[n] <= '~');
	EXPECT(d->line > 0 || may_lack_line(said, d->text));
	EXPECT(lines_of(said, d->file) == 0 || d->line <= lines_of(said, d->file));
}

static struct conf *load(struct said *said, bool mapless)
{
	struct conf *c;
	char path[128];

	said->diag = (struct conf_diag){
		.say = take_message, .arg = said, .hurried = true, .mapless = mapless};
	said->errors = 0;
	snprintf(path, sizeof(path), "%s/%s", fuzz_dir(), names[0]);
	c = conf_load(path, fuzz_dir(), &said->diag);
	EXPECT((c == NULL) == (said->diag.errors > 0));
	EXPECT((c == NULL) == (said->errors > 0));
	return c;
}

/* --- printing and reading back -------------------------------------------------------------- */

typedef void printer(const struct conf *c, FILE *out);

static char *print(const struct conf *c, printer *how, size_t *len)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, len);

	EXPECT(out != NULL);
	how(c, out);
	EXPECT(fclose(out) == 0);
	return text;
}

static void print_in_parts(const struct conf *c, FILE *out)
{
	size_t cursor = 0;

	while (conf_print_some(c, out, &cursor))
		;
}

static bool same_maps(const struct map_table *a, const struct map_table *b)
{
	if (map_count(a) != map_count(b) || map_prefix_count(a) != map_prefix_count(b))
		return false;
	for (size_t i = 0; i < map_prefix_count(a); i++)
		if (!prefix6_equal(map_prefix_at(a, i), map_prefix_at(b, i)))
			return false;
	for (size_t i = 0; i < map_count(a); i++) {
		const struct map *x = map_at(a, i), *y = map_at(b, i);

		if (x->p4.addr != y->p4.addr || x->p4.len != y->p4.len ||
		    !prefix6_equal(&x->p6, &y->p6))
			return false;
	}
	return true;
}

static void put_main(struct said *said, const char *text, size_t len)
{
	fuzz_put(names[0], text, len);
	said->lines[0] = count_lines((struct span){(const uint8_t *)text, len});
}

static void check_printed(struct said *said, const struct conf *c)
{
	size_t len, parts_len, again_len, cursor = 0;
	char *text = print(c, conf_print, &len), *parts = print(c, print_in_parts, &parts_len);
	char *again_text;
	struct conf *again;

	EXPECT(len == parts_len && memcmp(text, parts, len) == 0);
	put_main(said, text, len);
	again = load(said, false);
	EXPECT(again != NULL);
	again_text = print(again, conf_print, &again_len);
	EXPECT(len == again_len && memcmp(text, again_text, len) == 0);
	EXPECT(same_maps(c->maps, again->maps));
	EXPECT(conf_needs_restart(c, again, &cursor) == NULL);
	free(again_text);
	free(parts);
	free(text);
	conf_free(again);
}

/* The expanded form needs no map file, and contains the pins. */
static void check_expanded(struct said *said, const struct conf *c)
{
	struct conf *again;
	size_t len;
	char *text = print(c, conf_print_expanded, &len);

	put_main(said, text, len);
	again = load(said, true);
	EXPECT(again != NULL && same_maps(c->maps, again->maps));
	conf_free(again);
	free(text);
}

static void check_places(const struct said *said, const struct conf *c)
{
	for (size_t i = 0; i < map_count(c->maps); i++) {
		struct conf_place at = conf_place(c, "map", i);

		EXPECT(at.file != NULL && at.line > 0);
		EXPECT(lines_of(said, at.file) == 0 || at.line <= lines_of(said, at.file));
	}
	for (size_t i = 0; i < map_prefix_count(c->maps); i++)
		EXPECT(conf_place(c, "prefix", i).line > 0);
	for (size_t i = 0; i < c->pools; i++)
		EXPECT(conf_place(c, "dynamic-pool", i).line > 0);
}

/* A translator without a prefix and without a map is refused.  `nat64ctl unpin` does not leave one
 * behind, because it needs a dynamic-pool, and that needs a prefix. */
static bool has_only_pins(const struct conf *c)
{
	return map_prefix_count(c->maps) == 0 && c->first_pin == 0;
}

/* Removes each second pin of one host, as `nat64ctl unpin` does, and reads the result. */
static void check_pins(struct said *said, struct conf *c)
{
	struct conf_change change = {.less = CONF_NO_PIN};
	struct conf *again;
	size_t len;
	char *text;

	if (!c->data_dir || strcmp(c->data_dir, fuzz_dir()) != 0 || has_only_pins(c))
		return;
	for (size_t i = c->first_pin; i < map_count(c->maps); i++) {
		struct map_table *before;

		change.less = conf_find_pin(c, map_at(c->maps, i));
		EXPECT(change.less == CONF_NO_PIN || change.less == i);
		if (change.less == CONF_NO_PIN)
			continue;
		before = conf_change_pins(c, &change);
		EXPECT(before != NULL && map_count(before) == map_count(c->maps) + 1);
		map_table_free(before);
	}
	change.less = CONF_NO_PIN;
	text = conf_pin_text(c, &change, &len);
	EXPECT(text != NULL);
	fuzz_put(CONF_PINS, text, len);
	said->lines[2] = count_lines((struct span){(const uint8_t *)text, len});
	free(text);
	again = load(said, false);
	EXPECT(again != NULL && same_maps(c->maps, again->maps));
	for (size_t i = c->first_pin; i < map_count(c->maps); i++)
		EXPECT(conf_place(c, "map", i).line == conf_place(again, "map", i).line);
	conf_free(again);
}

/* Changes each second range, as `nat64ctl promote' and `nat64ctl demote' do, and reads the result.
 */
static void check_roles(struct said *said, struct conf *c)
{
	struct conf *again;
	size_t len;
	char *text;

	if (!c->data_dir || strcmp(c->data_dir, fuzz_dir()) != 0)
		return;
	for (size_t i = 0; i < c->pools; i += 2)
		conf_set_role(c,
			      &(struct conf_role_change){i, !c->pool[i].standby, (int64_t)i - 1});
	text = conf_roles_text(c, NULL, &len);
	EXPECT(text != NULL);
	fuzz_put(CONF_POOLS_STATE, text, len);
	said->lines[3] = count_lines((struct span){(const uint8_t *)text, len});
	free(text);
	again = load(said, false);
	EXPECT(again != NULL && again->pools == c->pools);
	for (size_t i = 0; i < c->pools; i++)
		EXPECT(again->pool[i].standby == c->pool[i].standby &&
		       again->pool[i].promoted == c->pool[i].promoted &&
		       again->role[i].recorded == c->role[i].recorded &&
		       again->role[i].revision == c->role[i].revision);
	conf_free(again);
}

/* The configuration could name a file of the system, even one without an end. */
static bool names_system(const uint8_t *data, size_t size)
{
	return memmem(data, size, "/dev", 4) || memmem(data, size, "/proc", 5) ||
	       memmem(data, size, "/sys", 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct said said = {.errors = 0};
	struct span part[FILES];
	struct conf *c;

	if (size > 0 && names_system(data, size))
		return 0;
	fuzz_split(data, size, part, FILES);
	for (size_t i = 0; i < FILES; i++) {
		fuzz_put(names[i], part[i].p, part[i].len);
		said.lines[i] = count_lines(part[i]);
	}
	c = load(&said, false);
	if (!c)
		return 0;
	check_places(&said, c);
	check_expanded(&said, c);
	check_printed(&said, c);
	check_pins(&said, c);
	check_roles(&said, c);
	conf_free(c);
	return 0;
}
