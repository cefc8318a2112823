/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a line:
 *
 *   hw_log -> held_flush, is_held_back -> line_emit -> ring_push -> [ring] -> hw_log_drain
 *                                             |
 *                                             +-> write_direct (a thread without a ring)
 *
 * Invariants of a ring:
 *  1. head is written by the logging thread only, tail by the drainer only; both only grow.
 *  2. A line is pushed whole or not at all, so head always stands at the end of a line.
 *  3. Nobody sleeps on a line: the producer stores head, then loads tail, and wakes when the
 * drainer had reached what was there before; the drainer stores tail, then (in its next call) loads
 * head. All four are sequentially consistent, so at least one of the two sees the other's store.
 *  4. A ring is given to another thread only after its last line was drained.
 */
#include "core/base/log.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log_line.h"

#define CACHE_LINE_SIZE  64U
#define NAME_SIZE        16U
#define REPEAT_COUNT_MAX 8U  /* error events a thread keeps an eye on at a time */
#define WRITE_COUNT_MAX  64U /* short writes in a row before the drainer gives up for now */

enum ring_state {
	RING_FREE = 0,
	RING_CLAIMED, /* its thread is preparing it */
	RING_LIVE,
	RING_STOPPED, /* its thread is gone, lines may be left */
};

struct ring {
	alignas(CACHE_LINE_SIZE) atomic_uint_fast64_t head; /* bytes ever pushed */
	atomic_uint_fast64_t dropped_count;                 /* written by the producer */
	alignas(CACHE_LINE_SIZE) atomic_uint_fast64_t tail; /* bytes ever drained */
	atomic_uint state;                                  /* enum ring_state */
	uint64_t dropped_said_count;                        /* the producer's */
	char name[NAME_SIZE];
	char bytes[HW_LOG_RING_SIZE];
};

/* How often an error event came in the current second. */
struct repeat {
	char event[48]; /* "": free. A copy: the literal may be another one with the same text. */
	uint64_t second;
	uint32_t count;
	uint32_t held_count;
};

static uint64_t kernel_wall_ms(void);
static void held_flush(uint64_t now_ms);
static bool is_held_back(const char *event, uint64_t now_ms);
static void held_say(struct repeat *repeat, uint64_t now_ms);
static void line_emit(const struct hw_log_line *line);
static void dropped_say(struct ring *ring, uint64_t now_ms);
static bool ring_push(struct ring *ring, const char *bytes, uint32_t size);
static void write_direct(const char *bytes, uint32_t size);
static uint64_t ring_drain(struct ring *ring, int fd);
static uint64_t ring_write(struct ring *ring, int fd, uint64_t head);
static uint32_t pieces_of(struct ring *ring, uint64_t tail, uint64_t head,
			  struct iovec ret_pieces[2]);
static void ring_discard(struct ring *ring, uint64_t head);

#define DEFAULTS                                                                                   \
	{                                                                                          \
		.fd = 2, .level = HW_LOG_WARN, .format = HW_LOG_FORMAT_TEXT,                       \
		.wall_ms = kernel_wall_ms                                                          \
	}

static const char *const g_level_names[HW_LOG_LEVEL_COUNT] = {"error", "warn", "info", "debug"};

/* Written before threads start and after they have stopped. */
static struct hw_log_options g_options = DEFAULTS;
static void (*g_wake)(void *user);
static void *g_wake_user;

/* In .bss: a ring that no thread takes costs address space only. */
static struct ring g_rings[HW_LOG_THREAD_COUNT_MAX];
static atomic_uint_fast64_t g_lost_count; /* lines that could not be written */
static struct ring *g_torn;               /* the drainer's: its last line is half written */

static _Thread_local struct ring *g_ring;
static _Thread_local struct repeat g_repeats[REPEAT_COUNT_MAX];

void hw_log_start(const struct hw_log_options *options)
{
	hw_assert(options->level < HW_LOG_LEVEL_COUNT);
	hw_assert(options->format < HW_LOG_FORMAT_COUNT);
	g_options = *options;
	if (g_options.format == HW_LOG_FORMAT_AUTO) {
		bool is_terminal = isatty(g_options.fd) == 1;
		g_options.format = is_terminal ? HW_LOG_FORMAT_TEXT : HW_LOG_FORMAT_JSON;
	}
	if (g_options.wall_ms == NULL) {
		g_options.wall_ms = kernel_wall_ms;
	}
}

void hw_log_stop(void)
{
	held_flush(UINT64_MAX);
	while (hw_log_drain(g_options.fd) > 0) {
		/* Ends: nobody pushes any more. */
	}
	g_options = (struct hw_log_options)DEFAULTS;
	hw_log_set_waker(NULL, NULL);
}

static uint64_t kernel_wall_ms(void)
{
	struct timespec now = {0};
	int r = clock_gettime(CLOCK_REALTIME, &now);
	hw_assert(r == 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int hw_log_thread_start(const char *name)
{
	hw_assert(g_ring == NULL);
	for (uint32_t i = 0; i < HW_LOG_THREAD_COUNT_MAX; i++) {
		struct ring *ring = &g_rings[i];
		unsigned expected = RING_FREE;
		if (atomic_compare_exchange_strong(&ring->state, &expected, RING_CLAIMED)) {
			(void)snprintf(ring->name, sizeof(ring->name), "%s",
				       name); /* cut is fine */
			atomic_store(&ring->state, RING_LIVE);
			g_ring = ring;
			return 0;
		}
	}
	return -ENOBUFS;
}

void hw_log_thread_stop(void)
{
	held_flush(UINT64_MAX);
	if (g_ring != NULL) {
		dropped_say(g_ring, g_options.wall_ms());
		atomic_store(&g_ring->state, RING_STOPPED);
		g_ring = NULL;
	}
}

void hw_log_set_waker(void (*wake)(void *user), void *user)
{
	g_wake = wake;
	g_wake_user = user;
}

bool hw_log_is_on(enum hw_log_level level)
{
	return level <= g_options.level;
}

const char *hw_log_level_name(enum hw_log_level level)
{
	hw_assert(level < HW_LOG_LEVEL_COUNT);
	return g_level_names[level];
}

void hw_log(enum hw_log_level level, const char *event, const struct hw_log_field *fields,
	    uint32_t field_count)
{
	uint64_t now_ms = g_options.wall_ms();
	held_flush(now_ms);
	if (level == HW_LOG_ERROR && is_held_back(event, now_ms)) {
		return;
	}
	line_emit(&(struct hw_log_line){
		.level = level,
		.event = event,
		.wall_ms = now_ms,
		.fields = fields,
		.field_count = field_count,
	});
}

/* Say what was held back in seconds that are over; UINT64_MAX: in any. */
static void held_flush(uint64_t now_ms)
{
	for (uint32_t i = 0; i < REPEAT_COUNT_MAX; i++) {
		struct repeat *repeat = &g_repeats[i];
		if (repeat->held_count > 0 && repeat->second != now_ms / 1000) {
			held_say(repeat, now_ms == UINT64_MAX ? g_options.wall_ms() : now_ms);
		}
	}
}

static bool is_held_back(const char *event, uint64_t now_ms)
{
	struct repeat *repeat = &g_repeats[0];
	for (uint32_t i = 0; i < REPEAT_COUNT_MAX; i++) {
		if (strncmp(g_repeats[i].event, event, sizeof(repeat->event) - 1) == 0) {
			repeat = &g_repeats[i];
			break;
		}
		/* The one that was quiet longest makes room for a new event. */
		repeat = g_repeats[i].second < repeat->second ? &g_repeats[i] : repeat;
	}
	bool is_same = strncmp(repeat->event, event, sizeof(repeat->event) - 1) == 0;
	if (!is_same || repeat->second != now_ms / 1000) {
		held_say(repeat, now_ms);
		*repeat = (struct repeat){.second = now_ms / 1000};
		(void)snprintf(repeat->event, sizeof(repeat->event), "%s", event);
	}
	if (repeat->count < HW_LOG_ERRORS_PER_SECOND) {
		repeat->count++;
		return false;
	}
	repeat->held_count++;
	return true;
}

static void held_say(struct repeat *repeat, uint64_t now_ms)
{
	if (repeat->held_count == 0) {
		return;
	}
	const struct hw_log_field fields[] = {
		HW_F_TEXT("of", repeat->event),
		HW_F_U64("lines", repeat->held_count),
	};
	repeat->held_count = 0;
	line_emit(&(struct hw_log_line){
		.level = HW_LOG_ERROR,
		.event = "log.held_back",
		.wall_ms = now_ms,
		.fields = fields,
		.field_count = hw_count_of(fields),
	});
}

static void line_emit(const struct hw_log_line *line)
{
	char bytes[HW_LOG_LINE_SIZE_MAX];
	struct hw_log_line named = *line;
	named.thread = g_ring != NULL ? g_ring->name : "";
	uint32_t size = hw_log_line_write(&named, g_options.format, bytes);
	if (g_ring == NULL) {
		write_direct(bytes, size);
		return;
	}
	dropped_say(g_ring, line->wall_ms);
	if (!ring_push(g_ring, bytes, size)) {
		(void)atomic_fetch_add_explicit(&g_ring->dropped_count, 1, memory_order_relaxed);
	}
}

/* Where lines are missing, one line says how many; when that does not fit either, the next tries.
 */
static void dropped_say(struct ring *ring, uint64_t now_ms)
{
	uint64_t dropped_count = atomic_load_explicit(&ring->dropped_count, memory_order_relaxed);
	if (dropped_count == ring->dropped_said_count) {
		return;
	}
	const struct hw_log_field fields[] = {
		HW_F_U64("lines", dropped_count - ring->dropped_said_count),
	};
	const struct hw_log_line line = {
		.level = HW_LOG_WARN,
		.event = "log.dropped",
		.thread = ring->name,
		.wall_ms = now_ms,
		.fields = fields,
		.field_count = hw_count_of(fields),
	};
	char bytes[HW_LOG_LINE_SIZE_MAX];
	uint32_t size = hw_log_line_write(&line, g_options.format, bytes);
	if (ring_push(ring, bytes, size)) {
		ring->dropped_said_count = dropped_count;
	}
}

/* Whether it fitted. */
static bool ring_push(struct ring *ring, const char *bytes, uint32_t size)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	hw_assert(head - tail <= HW_LOG_RING_SIZE);
	if (size > HW_LOG_RING_SIZE - (head - tail)) {
		return false;
	}
	uint32_t offset = (uint32_t)(head % HW_LOG_RING_SIZE);
	uint32_t first_size = hw_min(size, HW_LOG_RING_SIZE - offset);
	memcpy(ring->bytes + offset, bytes, first_size);
	memcpy(ring->bytes, bytes + first_size, size - first_size);
	atomic_store(&ring->head, head + size);
	if (atomic_load(&ring->tail) == head && g_wake != NULL) {
		g_wake(g_wake_user);
	}
	return true;
}

/* At start-up and from main, which may block. A line is below PIPE_BUF, so it is not torn. */
static void write_direct(const char *bytes, uint32_t size)
{
	ssize_t r = write(g_options.fd, bytes, size);
	if (r != (ssize_t)size) {
		(void)atomic_fetch_add_explicit(&g_lost_count, 1, memory_order_relaxed);
	}
}

uint64_t hw_log_drain(int fd)
{
	uint64_t written_size = 0;
	if (g_torn != NULL) {
		/* Finish the line that is half out before another ring's line follows it. */
		written_size += ring_drain(g_torn, fd);
		if (g_torn != NULL) {
			return written_size;
		}
	}
	for (uint32_t i = 0; i < HW_LOG_THREAD_COUNT_MAX; i++) {
		unsigned state = atomic_load(&g_rings[i].state);
		if (state == RING_LIVE || state == RING_STOPPED) {
			written_size += ring_drain(&g_rings[i], fd);
		}
		if (g_torn != NULL) {
			return written_size;
		}
	}
	return written_size;
}

/* One pass over what is there now; the caller comes again, which bounds this one. */
static uint64_t ring_drain(struct ring *ring, int fd)
{
	/* Before head: once STOPPED is seen, head is final. */
	bool is_stopped = atomic_load(&ring->state) == RING_STOPPED;
	uint64_t head = atomic_load(&ring->head);
	uint64_t written_size = ring_write(ring, fd, head);
	bool is_empty = atomic_load_explicit(&ring->tail, memory_order_relaxed) == head;
	if (is_empty && is_stopped) {
		atomic_store(&ring->state, RING_FREE);
	}
	return written_size;
}

static uint64_t ring_write(struct ring *ring, int fd, uint64_t head)
{
	uint64_t start = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t tail = start;
	for (uint32_t i = 0; tail != head && i < WRITE_COUNT_MAX; i++) {
		struct iovec pieces[2];
		uint32_t count = pieces_of(ring, tail, head, pieces);
		ssize_t r = writev(fd, pieces, (int)count);
		if (r < 0 && errno == EINTR) {
			continue;
		}
		if (r < 0 && errno == EAGAIN) {
			break;
		}
		if (r <= 0) {
			ring_discard(ring, head);
			break;
		}
		tail += (uint64_t)r;
		/* Before the store, which allows the producer to overwrite this byte. */
		g_torn = ring->bytes[(tail - 1) % HW_LOG_RING_SIZE] != '\n' ? ring : NULL;
		atomic_store(&ring->tail, tail);
	}
	return tail - start;
}

static uint32_t pieces_of(struct ring *ring, uint64_t tail, uint64_t head,
			  struct iovec ret_pieces[2])
{
	uint64_t offset = tail % HW_LOG_RING_SIZE;
	uint64_t size = head - tail;
	uint64_t first_size = hw_min(size, HW_LOG_RING_SIZE - offset);
	ret_pieces[0] = (struct iovec){.iov_base = ring->bytes + offset, .iov_len = first_size};
	ret_pieces[1] = (struct iovec){.iov_base = ring->bytes, .iov_len = size - first_size};
	return size > first_size ? 2 : 1;
}

/* The reader of the log is gone or its disk is full: keeping the lines would only lose later ones.
 */
static void ring_discard(struct ring *ring, uint64_t head)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t line_count = 0;
	for (uint64_t i = tail; i < head; i++) {
		line_count += ring->bytes[i % HW_LOG_RING_SIZE] == '\n' ? 1 : 0;
	}
	(void)atomic_fetch_add_explicit(&g_lost_count, line_count, memory_order_relaxed);
	g_torn = NULL;
	atomic_store(&ring->tail, head);
}

uint64_t hw_log_dropped_count(void)
{
	uint64_t count = atomic_load_explicit(&g_lost_count, memory_order_relaxed);
	for (uint32_t i = 0; i < HW_LOG_THREAD_COUNT_MAX; i++) {
		count += atomic_load_explicit(&g_rings[i].dropped_count, memory_order_relaxed);
	}
	return count;
}
