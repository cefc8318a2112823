/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what is said to be in memory is there, to the page; where the kernel cannot tell nothing
 * is.
 */
#include "core/base/page_cache.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/limits.h"

#define PAGES 8U

static void to_the_page(void **state)
{
	(void)state;
	bool knows = hw_page_cache_is_known();
	char path[] = "/tmp/hw-page-cache-XXXXXX";
	static char bytes[PAGES * HW_PAGE_SIZE];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(hw_page_cache_has(fd, 0, sizeof(bytes)), knows);
	assert_int_equal(hw_page_cache_has(fd, HW_PAGE_SIZE - 1, 2), knows);
	assert_int_equal(hw_page_cache_has(fd, sizeof(bytes) - 1, 1), knows);
	assert_false(hw_page_cache_has(fd, sizeof(bytes) - 1, 2)); /* one more than there is */
	assert_false(hw_page_cache_has(fd, sizeof(bytes), 1));
	assert_int_equal(close(fd), 0);
	assert_false(hw_page_cache_has(fd, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(to_the_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
