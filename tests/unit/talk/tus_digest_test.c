/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a body fits its checksum, or does not, in whatever pieces it comes.
 *
 * Method: the examples of FIPS 180-4, whole and byte by byte, right and with one bit changed.
 */
#include "net/talk/tus_digest.h"

#include <string.h>

#include "tests/unit/talk/talk_table.h"

static const struct {
	uint8_t kind;
	const char *digest;
} g_examples[] = {
	{HW_TUS_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{HW_TUS_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
};

static void head_set(struct hw_tus_head *head, uint32_t index)
{
	*head = (struct hw_tus_head){.checksum = g_examples[index].kind};
	head->digest_size = (uint8_t)(strlen(g_examples[index].digest) / 2);
	for (uint32_t i = 0; i < head->digest_size; i++) {
		char pair[3] = {g_examples[index].digest[2 * i],
				g_examples[index].digest[2 * i + 1], '\0'};
		head->digest[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
}

static bool matches(const struct hw_tus_head *head, const char *text, uint32_t piece_size)
{
	struct hw_tus_digest digest;
	uint32_t size = (uint32_t)strlen(text);
	hw_tus_digest_begin(&digest, head);
	for (uint32_t at = 0; at < size; at += piece_size) {
		hw_tus_digest_add(&digest, (const uint8_t *)text + at,
				  hw_min(piece_size, size - at));
	}
	return hw_tus_digest_matches(&digest);
}

static void bodies_are_judged(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_examples); i++) {
		struct hw_tus_head head;
		head_set(&head, i);
		assert_true(matches(&head, "abc", 3));
		assert_true(matches(&head, "abc", 1));
		assert_false(matches(&head, "abd", 3));
		assert_false(matches(&head, "", 1));
		for (uint32_t byte = 0; byte < head.digest_size; byte++) {
			head.digest[byte] ^= 1;
			assert_false(matches(&head, "abc", 2));
			head.digest[byte] ^= 1;
		}
	}
}

static void without_a_checksum_all_fits(void **state)
{
	(void)state;
	struct hw_tus_head head = {.checksum = HW_TUS_CHECKSUM_NONE};
	assert_true(matches(&head, "anything", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_are_judged),
		cmocka_unit_test(without_a_checksum_all_fits),
	};
	return cmocka_run_group_tests(tests, talk_tests_setup, NULL);
}
