/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: every option has one row, and is found by its three names and by no other.
 * Method: each row spelled and found again; near and far slips.
 */
#include "core/base/config_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_every_option_is_found(void **state)
{
	(void)state;
	uint32_t option_count = 0;
	for (uint32_t i = 0; i < hw_config_row_count; i++) {
		const struct hw_config_row *row = &hw_config_rows[i];
		assert_true(strlen(row->sentence) > 0);
		if (row->key == NULL) {
			continue;
		}
		assert_int_equal(row->id, option_count); /* rows stand in the order of the enum */
		assert_ptr_equal(hw_config_row_of(row->id), row);
		assert_int_equal(row->sentence[strlen(row->sentence) - 1], '.');
		for (uint32_t j = HW_CONFIG_SPELLING_KEY; j <= HW_CONFIG_SPELLING_VARIABLE; j++) {
			char name[HW_CONFIG_NAME_SIZE_MAX];
			hw_config_row_spell(row, (enum hw_config_spelling)j, name);
			assert_ptr_equal(
				hw_config_row_find(hw_span_of(name), (enum hw_config_spelling)j),
				row);
		}
		option_count++;
	}
	assert_int_equal(option_count, HW_CONFIG_KEY_COUNT);
}

static void test_spelling(void **state)
{
	(void)state;
	char name[HW_CONFIG_NAME_SIZE_MAX];
	const struct hw_config_row *row = hw_config_row_of(HW_CONFIG_data_dir);
	hw_config_row_spell(row, HW_CONFIG_SPELLING_KEY, name);
	assert_string_equal(name, "data_dir");
	hw_config_row_spell(row, HW_CONFIG_SPELLING_FLAG, name);
	assert_string_equal(name, "--data-dir");
	hw_config_row_spell(row, HW_CONFIG_SPELLING_VARIABLE, name);
	assert_string_equal(name, "HAWSER_DATA_DIR");
	assert_null(hw_config_row_find(HW_SPAN("--data_dir"), HW_CONFIG_SPELLING_FLAG));
	assert_null(hw_config_row_find(HW_SPAN("data-dir"), HW_CONFIG_SPELLING_KEY));
	assert_null(hw_config_row_find(HW_SPAN("Data_Dir"), HW_CONFIG_SPELLING_KEY));
	assert_null(hw_config_row_find(HW_SPAN("hawser_data_dir"), HW_CONFIG_SPELLING_VARIABLE));
	assert_null(hw_config_row_find(HW_SPAN(""), HW_CONFIG_SPELLING_KEY));
	assert_null(hw_config_row_find(HW_SPAN("data_di"), HW_CONFIG_SPELLING_KEY));
}

static void nearest_check(struct hw_span name, const char *key)
{
	const struct hw_config_row *row = hw_config_row_nearest(name, HW_CONFIG_SPELLING_KEY);
	assert_non_null(row);
	assert_string_equal(row->key, key);
}

static void test_nearest(void **state)
{
	(void)state;
	nearest_check(HW_SPAN("data_dir"), "data_dir");
	nearest_check(HW_SPAN("datadir"), "data_dir");
	nearest_check(HW_SPAN("data-dirs"), "data_dir");
	nearest_check(HW_SPAN("upload_max"), "uploads_max");
	nearest_check(HW_SPAN("downlaods_max"), "downloads_max");
	assert_null(hw_config_row_nearest(HW_SPAN("something_else"), HW_CONFIG_SPELLING_KEY));
	char name[4096];
	memset(name, 'a', sizeof(name));
	assert_null(hw_config_row_nearest((struct hw_span){name, sizeof(name)},
					  HW_CONFIG_SPELLING_KEY));
}

static void test_foreign(void **state)
{
	(void)state;
	assert_true(hw_config_is_foreign(HW_SPAN("HAWSER_FAILPOINT")));
	assert_false(hw_config_is_foreign(HW_SPAN("HAWSER_FAILPOINTS")));
	assert_false(hw_config_is_foreign(HW_SPAN("HAWSER_")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_is_found),
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
