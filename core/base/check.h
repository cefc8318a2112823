/* SPDX-License-Identifier: Apache-2.0
 *
 * check.h - assertions that stay on in release, and two words for ownership
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 */
#ifndef HW_CORE_BASE_CHECK_H
#define HW_CORE_BASE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HW_MUST_CHECK __attribute__((warn_unused_result))

/* Stop now: the program is wrong, and wrong state must not reach the disk. */
#define hw_assert(cond)                                                                            \
	(__builtin_expect(!!(cond), 1) ? (void)0 : hw_assert_fail(#cond, __FILE__, __LINE__))

/* The value of *slot; *slot becomes NULL. Spells "ownership leaves here" at the call site. */
#define hw_move(slot)                                                                              \
	__extension__({                                                                            \
		__typeof__(slot) hw_slot_ = (slot);                                                \
		__typeof__(*hw_slot_) hw_value_ = *hw_slot_;                                       \
		*hw_slot_ = NULL;                                                                  \
		hw_value_;                                                                         \
	})

#define hw_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define hw_count_of(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))
#define hw_min(a, b)       ((a) < (b) ? (a) : (b))
#define hw_max(a, b)       ((a) > (b) ? (a) : (b))

_Noreturn void hw_assert_fail(const char *expr, const char *file, int line);

#endif
