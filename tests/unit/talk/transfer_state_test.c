/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a transfer's state only goes forward, whatever is said in whatever order.
 *
 * Method: all pairs against a table written out; all sequences of five words: the state never
 * repeats once it was left, and a final one stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/talk/transfer_state.h"

#define COUNT HW_TRANSFER_STATE_COUNT

static void pairs_test(void **state)
{
	/* Rows: what it was in. Columns: what is said. */
	static const char *const rows[COUNT] = {
		"wudcfx", /* waiting */
		"uudcfx", /* uploading */
		"dddcdd", /* uploaded */
		"cccccc", "ffffff", "xxxxxx",
	};
	static const char letters[] = "wudcfx";
	(void)state;
	for (uint32_t was = 0; was < COUNT; was++) {
		for (uint32_t said = 0; said < COUNT; said++) {
			enum hw_transfer_state next = hw_transfer_state_next(
				(enum hw_transfer_state)was, (enum hw_transfer_state)said);
			assert_int_equal(letters[next], rows[was][said]);
		}
	}
	assert_string_equal(hw_transfer_state_name(HW_TRANSFER_UPLOADED), "uploaded");
}

static void sequences_test(void **state)
{
	(void)state;
	for (uint32_t all = 0; all < COUNT * COUNT * COUNT * COUNT * COUNT; all++) {
		enum hw_transfer_state now = HW_TRANSFER_WAITING;
		uint32_t left = 0; /* bits */
		for (uint32_t rest = all, i = 0; i < 5; i++, rest /= COUNT) {
			enum hw_transfer_state next =
				hw_transfer_state_next(now, (enum hw_transfer_state)(rest % COUNT));
			assert_true(next == now || now < HW_TRANSFER_CONFIRMED);
			left |= next == now ? 0 : 1U << now;
			assert_int_equal(left >> next & 1U, 0);
			now = next;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(pairs_test),
					   cmocka_unit_test(sequences_test)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
