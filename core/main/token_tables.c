/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/token_tables.h"

#include "core/base/log.h"

int hw_token_tables_init(struct hw_token_tables *tables, int dir_fd, char *ret_message)
{
	tables->now = 0;
	tables->asked_count = 0;
	tables->is_again = false;
	tables->dir_fd = dir_fd;
	return hw_tokens_load(dir_fd, &tables->tables[0], ret_message);
}

const struct hw_tokens *hw_token_tables_now(const struct hw_token_tables *tables)
{
	return &tables->tables[tables->now];
}

const struct hw_tokens *hw_token_tables_reload(struct hw_token_tables *tables, uint32_t node_count)
{
	char message[HW_TOKENS_MESSAGE_SIZE] = "";
	if (tables->asked_count > 0) {
		tables->is_again = true;
		return NULL;
	}
	struct hw_tokens *next = &tables->tables[1 - tables->now];
	int r = hw_tokens_load(tables->dir_fd, next, message);
	if (r < 0) {
		HW_LOG(HW_LOG_WARN, "tokens.refused", HW_F_ERRNO("error", r),
		       HW_F_TEXT("reason", message),
		       HW_F_TEXT("advice", "the tokens of before are still in force"));
		return NULL;
	}
	HW_LOG(HW_LOG_INFO, "tokens.read", HW_F_U64("count", next->count));
	tables->now = 1 - tables->now;
	tables->asked_count = node_count;
	return next;
}

bool hw_token_tables_taken(struct hw_token_tables *tables)
{
	hw_assert(tables->asked_count > 0);
	tables->asked_count--;
	bool is_due = tables->asked_count == 0 && tables->is_again;
	tables->is_again = tables->is_again && !is_due;
	return is_due;
}
