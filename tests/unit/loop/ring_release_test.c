/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: what the trial says of this kernel is what is known of its version, and it leaves no
 *       descriptor behind.
 * Method: the version, and a count of descriptors.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

#include <cmocka.h>

#include "core/loop/ring_kernel.h"

static uint32_t descriptor_count(void)
{
	uint32_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	assert_non_null(folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while (readdir(folder) != NULL) {
		count++;
	}
	assert_int_equal(closedir(folder), 0);
	return count;
}

static void test_trial_knows_the_kernel(void **state)
{
	(void)state;
	struct utsname system;
	unsigned int major = 0;
	unsigned int minor = 0;
	assert_int_equal(uname(&system), 0);
	/* NOLINTNEXTLINE(cert-err34-c): the count is checked */
	assert_int_equal(sscanf(system.release, "%u.%u", &major, &minor), 2);
	bool is_new = major > 6 || (major == 6 && minor >= 13); /* an older one may be mended */
	assert_true(hw_ring_kernel_releases() || !is_new);
}

static void test_trial_leaves_nothing(void **state)
{
	(void)state;
	uint32_t before = descriptor_count();
	for (uint32_t i = 0; i < 20; i++) {
		(void)hw_ring_kernel_releases(); /* told above */
	}
	assert_int_equal(descriptor_count(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trial_knows_the_kernel),
		cmocka_unit_test(test_trial_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
