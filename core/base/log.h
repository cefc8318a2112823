/* SPDX-License-Identifier: Apache-2.0
 *
 * log.h - structured lines that a reactor can write without waiting for anybody
 *
 * Room: core/base    Thread: any; start, stop, drain and set_waker are main's
 * Blocks: only in threads that have no ring of their own (start-up, main)
 * Allocates: never   Owns: one ring of HW_LOG_RING_SIZE bytes for each thread that started one
 * Limits: HW_LOG_LINE_SIZE_MAX, HW_LOG_TEXT_SIZE_MAX, HW_LOG_THREAD_COUNT_MAX,
 *         HW_LOG_ERRORS_PER_SECOND
 *
 *	HW_LOG(HW_LOG_INFO, "put.done", HW_F_U64("size", size), HW_F_SPAN("name", name));
 *
 * becomes, on a terminal and as JSON,
 *
 *	12:01:02.345 info  put.done size=10 name="a b"
 *	{"time":"2026-11-20T12:01:02.345Z","level":"info","event":"put.done","thread":"reactor-0",
 *	 "size":10,"name":"a b"}                                                      (one line)
 *
 * What a peer sent can stand in a field: control characters, quotes and invalid UTF-8 are escaped,
 * so one call is always one line. A thread formats into its own ring; main writes the rings out. A
 * full ring drops lines, counts them and says so later; nobody ever waits for a log.
 */
#ifndef HW_CORE_BASE_LOG_H
#define HW_CORE_BASE_LOG_H

#include "core/base/span.h"

#define HW_LOG_RING_SIZE         65536U /* bytes for each thread */
#define HW_LOG_LINE_SIZE_MAX     2048U  /* bytes; fields that do not fit are left out: cut=true */
#define HW_LOG_TEXT_SIZE_MAX     512U   /* bytes of one text as given; the rest becomes "..." */
#define HW_LOG_HEX_SIZE_MAX      64U    /* bytes of one HW_F_HEX */
#define HW_LOG_THREAD_COUNT_MAX  72U    /* reactors, catalog, control, and some to spare */
#define HW_LOG_ERRORS_PER_SECOND 10U    /* lines of the same error event, for each thread */

enum hw_log_level {
	HW_LOG_ERROR = 0, /* somebody must act, or data is in danger */
	HW_LOG_WARN,      /* something went wrong and was dealt with */
	HW_LOG_INFO,      /* what an operator wants to see of a normal day */
	HW_LOG_DEBUG,     /* for us */
	HW_LOG_LEVEL_COUNT,
};

enum hw_log_format {
	HW_LOG_FORMAT_AUTO = 0, /* text on a terminal, JSON elsewhere */
	HW_LOG_FORMAT_TEXT,
	HW_LOG_FORMAT_JSON,
	HW_LOG_FORMAT_COUNT,
};

enum hw_log_type {
	HW_LOG_TYPE_U64 = 0,
	HW_LOG_TYPE_I64,
	HW_LOG_TYPE_BOOL,
	HW_LOG_TYPE_TEXT,
	HW_LOG_TYPE_HEX,
	HW_LOG_TYPE_ERRNO,
	HW_LOG_TYPE_COUNT,
};

struct hw_log_field {
	const char *key; /* literal: lower case, digits and _ */
	enum hw_log_type type;
	union {
		uint64_t u64;
		int64_t i64;
		struct hw_span text; /* lent for the call */
	};
};

#define HW_F_U64(k, v)  ((struct hw_log_field){.key = (k), .type = HW_LOG_TYPE_U64, .u64 = (v)})
#define HW_F_I64(k, v)  ((struct hw_log_field){.key = (k), .type = HW_LOG_TYPE_I64, .i64 = (v)})
#define HW_F_BOOL(k, v) ((struct hw_log_field){.key = (k), .type = HW_LOG_TYPE_BOOL, .u64 = (v)})
#define HW_F_SPAN(k, v) ((struct hw_log_field){.key = (k), .type = HW_LOG_TYPE_TEXT, .text = (v)})
/* A text that ends in NUL; NULL is logged as empty. */
#define HW_F_TEXT(k, v)                                                                            \
	((struct hw_log_field){                                                                    \
		.key = (k), .type = HW_LOG_TYPE_TEXT, .text = hw_log_span((const char *)(v))})
/* Bytes as lower-case hex: hashes, never tokens or share ids (they are the right to read). */
#define HW_F_HEX(k, v, s)                                                                          \
	((struct hw_log_field){.key = (k),                                                         \
			       .type = HW_LOG_TYPE_HEX,                                            \
			       .text = {(const char *)(const void *)(v), (uint32_t)(s)}})
/* An errno, negative or not, as its name: error=ENOSPC. */
#define HW_F_ERRNO(k, v) ((struct hw_log_field){.key = (k), .type = HW_LOG_TYPE_ERRNO, .i64 = (v)})

/* One line. @event: a literal "noun.verb" in lower case. The fields are not evaluated when @level
 * is switched off. Thread: any. Blocks: only without a ring. */
#define HW_LOG(level, event, ...)                                                                  \
	(hw_log_is_on(level) ? hw_log((level), (event), HW_LOG_FIELDS(__VA_ARGS__) + 1,            \
				      hw_count_of(HW_LOG_FIELDS(__VA_ARGS__)) - 1)                 \
			     : (void)0)
/* The first is nothing: an array has at least one member, a line may have no field. */
#define HW_LOG_FIELDS(...) ((const struct hw_log_field[]){HW_F_U64("", 0), ##__VA_ARGS__})

struct hw_log_options {
	int fd; /* lent until stop; usually 2 */
	enum hw_log_level level;
	enum hw_log_format format;
	uint64_t (*wall_ms)(void); /* hw_clock_wall_ms; NULL: the kernel's clock */
};

/* Say where lines go, before threads. Until then: warnings and errors, as text, to fd 2. */
void hw_log_start(const struct hw_log_options *options);
/* Drain every ring, then fall back to how it was before start. All threads have stopped. */
void hw_log_stop(void);

/* Give the calling thread a ring. @name: copied, up to 15 bytes ("reactor-0").
 * Returns 0, -ENOBUFS more than HW_LOG_THREAD_COUNT_MAX threads. Thread: the one that will log. */
int hw_log_thread_start(const char *name) HW_MUST_CHECK;
/* The ring stays until its last line is drained; harmless without a ring. */
void hw_log_thread_stop(void);

/* @wake runs in the logging thread when its ring goes from empty to non-empty: it must neither
 * block nor log (an eventfd, a message to main's ring). Set before threads; NULL: nobody is told.
 */
void hw_log_set_waker(void (*wake)(void *user), void *user);

/* Write what the rings hold to @fd. Returns the bytes written; call until it answers 0, then wait
 * for the waker. What cannot be written (EPIPE, ENOSPC) is dropped and counted; on EAGAIN it stays.
 */
uint64_t hw_log_drain(int fd);

/* Lines lost since start, of all threads: full rings and failed writes. Thread: any. */
uint64_t hw_log_dropped_count(void);

bool hw_log_is_on(enum hw_log_level level);
const char *hw_log_level_name(enum hw_log_level level);

/* What HW_LOG calls. @fields, and what they point to: lent for the call. */
void hw_log(enum hw_log_level level, const char *event, const struct hw_log_field *fields,
	    uint32_t field_count);

static inline struct hw_span hw_log_span(const char *text)
{
	return text != NULL ? hw_span_of(text) : (struct hw_span){NULL, 0};
}

#endif
