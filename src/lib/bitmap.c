/* bitmap - finds the next clear bit through levels of summary bits. */
#include "lib/bitmap.h"

#include <stddef.h>
#include <stdlib.h>

#define WORD   64u
#define LEVELS 6 /* 64^6 is more than 2^32 */

struct bitmap {
	uint32_t levels;
	uint32_t words[LEVELS];
	uint64_t *level[LEVELS]; /* [0]: the bits; above: set if the word below is full */
};

static uint64_t bit(uint32_t i)
{
	return (uint64_t)1 << i % WORD;
}

/* Sets the bits after the end, so that no search finds them. */
static void close_end(uint64_t *word, uint32_t bits)
{
	if (bits % WORD)
		word[bits / WORD] = UINT64_MAX << bits % WORD;
}

struct bitmap *bitmap_new(uint32_t n)
{
	struct bitmap *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	do {
		uint32_t words = n / WORD + (n % WORD != 0);
		uint64_t *word = calloc(words, sizeof(*word));

		if (!word) {
			bitmap_free(b);
			return NULL;
		}
		close_end(word, n);
		b->level[b->levels] = word;
		b->words[b->levels++] = words;
		n = words;
	} while (n > 1);
	return b;
}

void bitmap_free(struct bitmap *b)
{
	if (!b)
		return;
	for (uint32_t l = 0; l < b->levels; l++)
		free(b->level[l]);
	free(b);
}

bool bitmap_has(const struct bitmap *b, uint32_t i)
{
	return b->level[0][i / WORD] & bit(i);
}

/* Marks word I of level 0 as full in the levels above. */
static void summarize(struct bitmap *b, uint32_t i)
{
	for (uint32_t l = 0; l + 1 < b->levels && b->level[l][i] == UINT64_MAX; l++, i /= WORD)
		b->level[l + 1][i / WORD] |= bit(i);
}

void bitmap_set(struct bitmap *b, uint32_t i)
{
	b->level[0][i / WORD] |= bit(i);
	summarize(b, i / WORD);
}

void bitmap_clear(struct bitmap *b, uint32_t i)
{
	for (uint32_t l = 0; l < b->levels; l++, i /= WORD) {
		uint64_t *word = &b->level[l][i / WORD];
		bool was_full = *word == UINT64_MAX;

		*word &= ~bit(i);
		if (!was_full)
			return;
	}
}

static uint32_t count(uint64_t word)
{
	uint32_t n = 0;

	for (; word; word &= word - 1)
		n++;
	return n;
}

uint32_t bitmap_set_range(struct bitmap *b, uint32_t first, uint32_t last)
{
	uint32_t fresh = 0;

	for (uint32_t i = first / WORD; i <= last / WORD; i++) {
		uint64_t mask = UINT64_MAX;

		if (i == first / WORD)
			mask &= UINT64_MAX << first % WORD;
		if (i == last / WORD)
			mask &= UINT64_MAX >> (WORD - 1 - last % WORD);
		fresh += count(mask & ~b->level[0][i]);
		b->level[0][i] |= mask;
		summarize(b, i);
	}
	return fresh;
}

static uint32_t lowest_clear(uint64_t word)
{
	return (uint32_t)__builtin_ctzll(~word);
}

uint32_t bitmap_next_clear(const struct bitmap *b, uint32_t from)
{
	for (uint32_t l = 0; l < b->levels && from / WORD < b->words[l]; l++) {
		uint64_t word = b->level[l][from / WORD] | (bit(from) - 1);

		if (word == UINT64_MAX) {
			from = from / WORD + 1;
			continue;
		}
		from = from / WORD * WORD + lowest_clear(word);
		while (l-- > 0)
			from = from * WORD + lowest_clear(b->level[l][from]);
		return from;
	}
	return BITMAP_NONE;
}
