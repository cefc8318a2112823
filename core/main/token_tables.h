/* SPDX-License-Identifier: Apache-2.0
 *
 * token_tables.h - the tokens that reactors look at, and the ones that take their place
 *
 * Room: core/main    Thread: main    Blocks: on the file    Allocates: never
 * Owns: two tables: one that is looked at, one that is read into
 *
 * A table is not written before every reactor has said that it looks at the other one.
 */
#ifndef HW_CORE_MAIN_TOKEN_TABLES_H
#define HW_CORE_MAIN_TOKEN_TABLES_H

#include "core/main/tokens.h"

struct hw_token_tables {
	struct hw_tokens tables[2];
	uint32_t now;         /* index of the one that is looked at */
	uint32_t asked_count; /* reactors that have not answered yet */
	bool is_again;        /* the file has changed meanwhile */
	int dir_fd;
};

/* As hw_tokens_load. @dir_fd: lent for ever. */
int hw_token_tables_init(struct hw_token_tables *tables, int dir_fd,
			 char *ret_message) HW_MUST_CHECK;
const struct hw_tokens *hw_token_tables_now(const struct hw_token_tables *tables);
/* Read the file again. Returns what @node_count reactors are to be given, or NULL: not now, or the
 * file is wrong and all stays as it is, which the log says. */
const struct hw_tokens *hw_token_tables_reload(struct hw_token_tables *tables, uint32_t node_count);
/* One of them looks at it. Returns true when it was the last, and reload is to be called again. */
bool hw_token_tables_taken(struct hw_token_tables *tables);

#endif
