/* SPDX-License-Identifier: Apache-2.0
 *
 * talk_table.h - tables of requests and what must come back, over a calm world
 *
 * Room: tests/unit/talk    Thread: one    Blocks: never    Allocates: yes, it is a test
 */
#ifndef HW_TESTS_UNIT_TALK_TALK_TABLE_H
#define HW_TESTS_UNIT_TALK_TALK_TABLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "simd/kernels.h"
#include "tests/sim/seeds.h"
#include "tests/unit/talk/talk_client.h"

struct talk_row {
	const char *request; /* %P is the path of the share, %T its token, %R its root */
	uint32_t status;
	const char *field; /* that must be there, NULL: any */
	const char *value; /* what it begins with, NULL: anything */
	const char *body;  /* what the body contains, NULL: anything; "": there is none */
};

static inline void talk_text_add(char *text, uint32_t capacity, uint32_t *size, const char *more)
{
	uint32_t more_size = (uint32_t)strlen(more);
	assert_true(*size + more_size < capacity);
	memcpy(text + *size, more, more_size + 1);
	*size += more_size;
}

/* The request of a row; @share may be NULL. */
static inline struct hw_span talk_row_fill(const char *request, const struct talk_share *share,
					   char *text, uint32_t capacity)
{
	uint32_t size = 0;
	for (const char *at = request; *at != '\0'; at++) {
		char one[2] = {*at, '\0'};
		if (*at != '%' || share == NULL || strchr("PTR", at[1]) == NULL) {
			talk_text_add(text, capacity, &size, one);
			continue;
		}
		at++;
		talk_text_add(text, capacity, &size,
			      *at == 'P' ? share->path : (*at == 'T' ? share->token : share->root));
	}
	return (struct hw_span){text, size};
}

static inline bool talk_row_fits(const struct talk_row *row, struct hw_span answer)
{
	struct hw_span body = talk_answer_body(answer);
	if (talk_answer_status(answer) != row->status) {
		return false;
	}
	if (row->field != NULL) {
		struct hw_span value = talk_answer_field(answer, row->field);
		if (value.size == 0 ||
		    (row->value != NULL && !hw_span_starts_with(value, hw_span_of(row->value)))) {
			return false;
		}
	}
	if (row->body == NULL) {
		return true;
	}
	return row->body[0] == '\0' ? body.size == 0
				    : body.size > 0 && memmem(body.bytes, body.size, row->body,
							      strlen(row->body)) != NULL;
}

/* Ask each on a connection of its own. */
static inline void talk_rows_check(struct talk_world *world, const struct talk_share *share,
				   const struct talk_row *rows, uint32_t count)
{
	char text[12000];
	for (uint32_t i = 0; i < count; i++) {
		struct hw_span request = talk_row_fill(rows[i].request, share, text, sizeof(text));
		struct hw_span answer = talk_world_ask(world, request);
		if (!talk_row_fits(&rows[i], answer)) {
			print_message("row %u:\n%s\nwants %u %s: %s, but:\n%.*s\n", i, text,
				      rows[i].status, rows[i].field != NULL ? rows[i].field : "",
				      rows[i].value != NULL ? rows[i].value : "",
				      (int)hw_min(answer.size, 1500U), answer.bytes);
		}
		assert_true(talk_row_fits(&rows[i], answer));
	}
}

/* A calm world, and its end. */
static inline void talk_table_begin(struct talk_world *world,
				    const struct talk_world_options *options)
{
	struct hw_sim_options sim = hw_sim_calm(1);
	sim.piece_gap_us_max = 0; /* what is said at once comes at once */
	hw_sim_begin(&sim);
	talk_world_start(world, options);
}

static inline void talk_table_end(struct talk_world *world)
{
	talk_world_quiesce(world);
	talk_world_stop(world);
	hw_sim_end();
}

static inline int talk_tests_setup(void **state)
{
	(void)state;
	seeds_watch();
	seeds_log();
	talk_content_init();
	return hw_simd_init(HW_SIMD_AUTO);
}

#endif
