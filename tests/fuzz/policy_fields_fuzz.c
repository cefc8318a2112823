/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: whatever the fields and the query say, a wish keeps the limits that the catalog relies on,
 * and a refusal has a sentence.
 *
 * Method: the first line of the input as a query, the others as field lines of a request.
 */
#include "net/talk/policy_fields.h"
#include "net/wire/duration.h"
#include "net/wire/link_name.h"
#include "tests/fuzz/fields.h"

#define QUERY_SIZE_MAX 4000U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void wish_check(const struct hw_share_wish *wish)
{
	uint64_t in_ms = wish->expires_in_ms;
	hw_assert((wish->given & HW_SHARE_WISH_EXPIRES_IN) == 0 ||
		  (in_ms >= 1000 && in_ms <= HW_DURATION_MAX_MS) || in_ms == HW_DURATION_NEVER);
	hw_assert((wish->given & (HW_SHARE_WISH_EXPIRES_AT | HW_SHARE_WISH_MODE)) == 0);
	hw_assert(((wish->given & HW_SHARE_WISH_DOWNLOADS) != 0) == (wish->downloads_max > 0));
	hw_assert(((wish->given & HW_SHARE_WISH_PASSWORD) != 0) == (wish->password_size > 0));
	hw_assert(wish->password_size <= HW_PASSWORD_SIZE_MAX);
	hw_assert(
		hw_share_wish_message_is_good((struct hw_span){wish->message, wish->message_size}));
	hw_assert(wish->link_name_size == 0 ||
		  hw_link_name_judge((struct hw_span){wish->link_name, wish->link_name_size}) ==
			  HW_LINK_NAME_GOOD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char first[QUERY_SIZE_MAX + 8] = "PUT /a?";
	char sentence[HW_SHARE_WISH_SENTENCE_MAX];
	struct hw_share_wish wish;
	struct fields fields;
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t query_size = end != NULL ? (size_t)(end - data) : size;
	if (query_size > QUERY_SIZE_MAX) {
		return 0;
	}
	memcpy(first + 7, data, query_size);
	size_t skipped = end != NULL ? query_size + 1 : query_size;
	if (!fields_make(&fields, first, data + skipped, size - skipped)) {
		return 0;
	}
	memset(sentence, 1, sizeof(sentence));
	uint32_t status =
		hw_policy_fields_read(&fields.parser.request, fields.bytes, &wish, sentence);
	if (status == 0) {
		wish_check(&wish);
	} else {
		hw_assert(status == 400 || status == 422);
		hw_assert(memchr(sentence, '\0', sizeof(sentence)) != NULL);
	}
	fields_free(&fields);
	return 0;
}
