/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gate/phc.h"

#include <argon2.h>
#include <errno.h>

#define PREFIX "$argon2id$v=19$m="

int hw_phc_make(struct hw_span password, const uint8_t *salt, char *ret_text)
{
	hw_assert(password.size > 0);
	hw_assert(password.size <= HW_PASSWORD_SIZE_MAX);
	int r = argon2id_hash_encoded(HW_PHC_PASSES, HW_PHC_MEMORY_KIB, HW_PHC_LANES,
				      password.bytes, password.size, salt, HW_PHC_SALT_SIZE,
				      HW_PHC_HASH_SIZE, ret_text, HW_PHC_SIZE_MAX);
	if (r != ARGON2_OK) {
		/* Nothing else can go wrong with parameters of ours. */
		hw_assert(r == ARGON2_MEMORY_ALLOCATION_ERROR);
		return -ENOMEM;
	}
	return (int)strlen(ret_text);
}

/* Digits and the character behind them. Returns false when it is not that, or above @most. */
static bool cost_take(struct hw_span *rest, uint32_t most, char end)
{
	uint32_t value = 0;
	uint32_t size = 0;
	while (size < rest->size && size < 8 && rest->bytes[size] >= '0' &&
	       rest->bytes[size] <= '9') {
		value = value * 10 + (uint32_t)(rest->bytes[size] - '0');
		size++;
	}
	if (size == 0 || size == rest->size || rest->bytes[size] != end || value > most) {
		return false;
	}
	*rest = hw_span_skip(*rest, size + 1);
	return true;
}

static bool word_take(struct hw_span *rest, struct hw_span word)
{
	if (!hw_span_starts_with(*rest, word)) {
		return false;
	}
	*rest = hw_span_skip(*rest, word.size);
	return true;
}

static bool is_affordable(struct hw_span text)
{
	return word_take(&text, HW_SPAN(PREFIX)) && cost_take(&text, HW_PHC_MEMORY_KIB, ',') &&
	       word_take(&text, HW_SPAN("t=")) && cost_take(&text, HW_PHC_PASSES, ',') &&
	       word_take(&text, HW_SPAN("p=")) && cost_take(&text, HW_PHC_LANES, '$');
}

int hw_phc_check(struct hw_span text, struct hw_span password)
{
	char copy[HW_PHC_SIZE_MAX + 1];
	if (text.size > HW_PHC_SIZE_MAX || !is_affordable(text) ||
	    memchr(text.bytes, '\0', text.size) != NULL) {
		return -EBADMSG;
	}
	memcpy(copy, text.bytes, text.size);
	copy[text.size] = '\0';
	int r = argon2id_verify(copy, password.bytes, password.size);
	switch (r) {
	case ARGON2_OK:
		return 0;
	case ARGON2_VERIFY_MISMATCH:
		return -EACCES;
	case ARGON2_MEMORY_ALLOCATION_ERROR:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}
