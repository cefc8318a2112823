/* SPDX-License-Identifier: Apache-2.0
 *
 * log_line.h - one event as one line of text or JSON
 *
 * Room: core/base    Thread: any    Blocks: never    Allocates: never
 * Owns: nothing      Limits: HW_LOG_LINE_SIZE_MAX, HW_LOG_TEXT_SIZE_MAX of log.h
 *
 * Pure, and the one place where hostile bytes meet a terminal or a log collector: whatever a text
 * holds, the result is one line of valid UTF-8 that ends in its only line feed.
 */
#ifndef HW_CORE_BASE_LOG_LINE_H
#define HW_CORE_BASE_LOG_LINE_H

#include "core/base/log.h"

struct hw_log_line {
	enum hw_log_level level;
	const char *event;
	const char *thread; /* "": not said */
	uint64_t wall_ms;
	const struct hw_log_field *fields; /* lent for the call */
	uint32_t field_count;
};

/* @format: not AUTO. @ret_bytes: room for HW_LOG_LINE_SIZE_MAX bytes.
 * Returns the bytes written, with the line feed, without a NUL. */
uint32_t hw_log_line_write(const struct hw_log_line *line, enum hw_log_format format,
			   char *ret_bytes);

#endif
