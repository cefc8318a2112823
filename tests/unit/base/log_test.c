/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: a line is written whole, once and in its thread's order, or counted as dropped; no thread
 * waits. Method: files, pipes that are full or broken, a clock of our own; at last four threads
 * against one drainer that sleeps until it is woken (run it with the sanitizer of threads).
 */
#include "core/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define THREAD_COUNT      4U
#define THREAD_LINE_COUNT 20000U

static uint64_t g_now_ms;
static int g_fd = -1;
static char g_text[1 << 20];
static uint32_t g_wake_count;

static uint64_t now_ms(void)
{
	return g_now_ms;
}

static void wake_count_up(void *user)
{
	*(uint32_t *)user += 1;
}

/* What was written since the start of the test. */
static const char *text_of(int fd)
{
	ssize_t r = pread(fd, g_text, sizeof(g_text) - 1, 0);
	assert_true(r >= 0);
	g_text[r] = '\0';
	return g_text;
}

static uint32_t count_of(const char *text, const char *part)
{
	uint32_t count = 0;
	for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
		count++;
	}
	return count;
}

static int begin(void **state)
{
	(void)state;
	g_now_ms = 1000000;
	g_fd = memfd_create("log", MFD_CLOEXEC);
	hw_log_start(&(struct hw_log_options){
		.fd = g_fd, .level = HW_LOG_INFO, .format = HW_LOG_FORMAT_TEXT, .wall_ms = now_ms});
	g_wake_count = 0;
	hw_log_set_waker(wake_count_up, &g_wake_count);
	return g_fd < 0;
}

static int end(void **state)
{
	(void)state;
	hw_log_stop();
	return close(g_fd);
}

static void test_direct_without_ring(void **state)
{
	(void)state;
	HW_LOG(HW_LOG_INFO, "start.done");
	HW_LOG(HW_LOG_WARN, "disk.low", HW_F_U64("free", 1U));
	assert_string_equal(text_of(g_fd), "00:16:40.000 info  start.done\n"
					   "00:16:40.000 warn  disk.low free=1\n");
	assert_int_equal(hw_log_drain(g_fd), 0);
	assert_int_equal(g_wake_count, 0);
}

static uint64_t evaluated(uint32_t *count)
{
	*count += 1;
	return *count;
}

static void test_levels(void **state)
{
	(void)state;
	uint32_t count = 0;
	HW_LOG(HW_LOG_DEBUG, "loop.turn", HW_F_U64("count", evaluated(&count)));
	assert_int_equal(count, 0); /* a level that is off costs nothing */
	HW_LOG(HW_LOG_INFO, "loop.turn", HW_F_U64("count", evaluated(&count)));
	assert_int_equal(count, 1);
	assert_string_equal(text_of(g_fd), "00:16:40.000 info  loop.turn count=1\n");
	assert_string_equal(hw_log_level_name(HW_LOG_ERROR), "error");
	assert_string_equal(hw_log_level_name(HW_LOG_DEBUG), "debug");
}

static void test_auto_format(void **state)
{
	(void)state;
	hw_log_start(&(struct hw_log_options){.fd = g_fd, .level = HW_LOG_INFO});
	HW_LOG(HW_LOG_INFO, "e.e");
	assert_int_equal(text_of(g_fd)[0], '{');                        /* a file is no terminal */
	assert_true(strncmp(text_of(g_fd), "{\"time\":\"20", 11) == 0); /* the kernel's clock */
}

static void test_ring_is_drained(void **state)
{
	(void)state;
	assert_int_equal(hw_log_thread_start("reactor-12345678901234567890"), 0);
	HW_LOG(HW_LOG_INFO, "a.one");
	assert_int_equal(g_wake_count, 1);
	HW_LOG(HW_LOG_INFO, "a.two");
	assert_int_equal(g_wake_count, 1); /* was not empty */
	assert_string_equal(text_of(g_fd), "");
	uint64_t size = hw_log_drain(g_fd);
	assert_string_equal(text_of(g_fd), "00:16:40.000 info  a.one\n00:16:40.000 info  a.two\n");
	assert_int_equal(size, strlen(g_text));
	assert_int_equal(hw_log_drain(g_fd), 0);
	HW_LOG(HW_LOG_INFO, "a.three");
	assert_int_equal(g_wake_count, 2);
	hw_log_thread_stop();
	hw_log_thread_stop();                /* harmless */
	assert_true(hw_log_drain(g_fd) > 0); /* its last line is not lost with it */
	assert_int_equal(count_of(text_of(g_fd), "a.three"), 1);
}

/* More than the ring holds, over its end many times, drained now and then. */
static void test_ring_goes_round(void **state)
{
	(void)state;
	assert_int_equal(hw_log_thread_start("r"), 0);
	uint64_t before_count = hw_log_dropped_count();
	for (uint32_t i = 0; i < 9000; i++) {
		HW_LOG(HW_LOG_INFO, "a.line", HW_F_U64("n", i));
		if (i % 700 == 0) {
			(void)hw_log_drain(g_fd);
		}
	}
	hw_log_thread_stop();
	(void)hw_log_drain(g_fd);
	const char *at = text_of(g_fd);
	for (uint32_t i = 0; i < 9000; i++) {
		char line[64];
		int size = snprintf(line, sizeof(line), "00:16:40.000 info  a.line n=%u\n", i);
		assert_int_equal(strncmp(at, line, (size_t)size), 0);
		at += size;
	}
	assert_int_equal(*at, '\0');
	assert_int_equal(hw_log_dropped_count(), before_count);
}

static void test_full_ring_drops_and_says_so(void **state)
{
	(void)state;
	assert_int_equal(hw_log_thread_start("r"), 0);
	uint64_t before_count = hw_log_dropped_count();
	uint32_t written_count = 4000;
	for (uint32_t i = 0; i < written_count; i++) {
		HW_LOG(HW_LOG_INFO, "a.line", HW_F_U64("n", i));
	}
	uint64_t dropped_count = hw_log_dropped_count() - before_count;
	assert_in_range(dropped_count, 1, written_count - 1);
	(void)hw_log_drain(g_fd);
	assert_int_equal(count_of(text_of(g_fd), "a.line"), written_count - dropped_count);
	assert_int_equal(count_of(g_text, "log.dropped"), 0);
	HW_LOG(HW_LOG_INFO, "a.after");
	(void)hw_log_drain(g_fd);
	char said[64];
	(void)snprintf(said, sizeof(said), "warn  log.dropped lines=%u\n", (unsigned)dropped_count);
	assert_int_equal(count_of(text_of(g_fd), said), 1);
	assert_true(strstr(g_text, said) < strstr(g_text, "a.after"));
	HW_LOG(HW_LOG_INFO, "a.last");
	hw_log_thread_stop();
	(void)hw_log_drain(g_fd);
	assert_int_equal(count_of(text_of(g_fd), "log.dropped"), 1); /* once */
}

static void test_errors_are_held_back(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < HW_LOG_ERRORS_PER_SECOND + 5; i++) {
		HW_LOG(HW_LOG_ERROR, "disk.failed", HW_F_U64("n", i));
		HW_LOG(HW_LOG_WARN, "disk.slow"); /* only errors are counted */
	}
	HW_LOG(HW_LOG_ERROR, "net.failed"); /* another event is not held back */
	assert_int_equal(count_of(text_of(g_fd), "disk.failed"), HW_LOG_ERRORS_PER_SECOND);
	assert_int_equal(count_of(g_text, "disk.slow"), HW_LOG_ERRORS_PER_SECOND + 5);
	assert_int_equal(count_of(g_text, "net.failed"), 1);
	assert_int_equal(count_of(g_text, "log.held_back"), 0);
	g_now_ms += 1000;
	HW_LOG(HW_LOG_INFO, "any.line"); /* any line of the thread brings it out */
	HW_LOG(HW_LOG_ERROR, "disk.failed", HW_F_U64("n", 99));
	assert_int_equal(count_of(text_of(g_fd), "error log.held_back of=disk.failed lines=5\n"),
			 1);
	assert_int_equal(count_of(g_text, "disk.failed n=99"), 1);
}

static void test_held_back_is_said_at_the_end(void **state)
{
	(void)state;
	assert_int_equal(hw_log_thread_start("r"), 0);
	for (uint32_t i = 0; i < HW_LOG_ERRORS_PER_SECOND + 2; i++) {
		HW_LOG(HW_LOG_ERROR, "last.failed");
	}
	hw_log_thread_stop();
	(void)hw_log_drain(g_fd);
	assert_int_equal(count_of(text_of(g_fd), "log.held_back of=last.failed lines=2\n"), 1);
}

/* More kinds of errors than a thread can keep in mind: nothing is said wrongly, nothing is lost. */
static void test_many_kinds_of_errors(void **state)
{
	(void)state;
	char events[40][16];
	g_now_ms += 5000;
	for (uint32_t i = 0; i < 40; i++) {
		(void)snprintf(events[i], sizeof(events[i]), "kind%u.failed", i);
		for (uint32_t j = 0; j < HW_LOG_ERRORS_PER_SECOND + 1; j++) {
			HW_LOG(HW_LOG_ERROR, events[i]);
		}
	}
	g_now_ms += 5000;
	HW_LOG(HW_LOG_INFO, "any.line");
	assert_int_equal(count_of(text_of(g_fd), ".failed\n"), 40 * HW_LOG_ERRORS_PER_SECOND);
	assert_int_equal(count_of(g_text, ".failed lines=1\n"), 40);
}

/* Read all that a pipe holds, behind what @got already has. */
static uint64_t pipe_read(int fd, char *got, uint64_t got_size)
{
	for (;;) {
		ssize_t r = read(fd, got + got_size, sizeof(g_text) - 1 - got_size);
		if (r <= 0) {
			got[got_size] = '\0';
			return got_size;
		}
		got_size += (uint64_t)r;
	}
}

static void *log_fifteen_hundred(void *user)
{
	int r = hw_log_thread_start(user);
	for (uint32_t i = 0; i < 1500 && r == 0; i++) {
		HW_LOG(HW_LOG_INFO, "a.line", HW_F_TEXT("of", user), HW_F_U64("n", i));
	}
	hw_log_thread_stop();
	return NULL;
}

/* A pipe of a page takes parts of lines; no line may be cut in two by one of the other ring. */
static void test_full_pipe_keeps_lines_whole(void **state)
{
	(void)state;
	int fds[2];
	assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, 4096) >= 4096);
	static char names[2][2] = {"x", "y"};
	/* Both at once, that they have two rings; the waker is not theirs to share. */
	hw_log_set_waker(NULL, NULL);
	pthread_t threads[2];
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, log_fifteen_hundred, names[i]),
				 0);
	}
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	uint64_t got_size = 0;
	uint64_t drained_size = 0;
	uint64_t r = 0;
	do {
		r = hw_log_drain(fds[1]);
		drained_size += r;
		got_size = pipe_read(fds[0], g_text, got_size);
	} while (r > 0);
	assert_int_equal(got_size, drained_size);
	assert_int_equal(count_of(g_text, "\n"), 3000);
	assert_int_equal(count_of(g_text, "\n00:16:40.000 info  a.line of="), 2999);
	close(fds[0]);
	close(fds[1]);
}

static void test_broken_pipe_drops(void **state)
{
	(void)state;
	int fds[2];
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	assert_int_equal(hw_log_thread_start("r"), 0);
	uint64_t before_count = hw_log_dropped_count();
	HW_LOG(HW_LOG_INFO, "a.line");
	HW_LOG(HW_LOG_INFO, "a.line");
	assert_int_equal(hw_log_drain(fds[1]), 0);
	assert_int_equal(hw_log_dropped_count() - before_count, 2);
	close(fds[1]);
	HW_LOG(HW_LOG_INFO, "a.later");
	(void)hw_log_drain(g_fd);
	assert_int_equal(count_of(text_of(g_fd), "a.later"), 1);
	assert_int_equal(count_of(g_text, "a.line"), 0);
	hw_log_thread_stop();
}

static sem_t g_started;
static sem_t g_may_end;

static void *hold_ring(void *user)
{
	*(int *)user = hw_log_thread_start("holder");
	sem_post(&g_started);
	while (sem_wait(&g_may_end) != 0) {
	}
	hw_log_thread_stop();
	return NULL;
}

static void test_too_many_threads(void **state)
{
	(void)state;
	static pthread_t threads[HW_LOG_THREAD_COUNT_MAX + 1];
	static int results[HW_LOG_THREAD_COUNT_MAX + 1];
	(void)hw_log_drain(g_fd); /* rings of earlier threads become free */
	(void)hw_log_drain(g_fd);
	for (uint32_t i = 0; i <= HW_LOG_THREAD_COUNT_MAX; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, hold_ring, &results[i]), 0);
		while (sem_wait(&g_started) != 0) {
		}
	}
	for (uint32_t i = 0; i <= HW_LOG_THREAD_COUNT_MAX; i++) {
		sem_post(&g_may_end);
	}
	for (uint32_t i = 0; i <= HW_LOG_THREAD_COUNT_MAX; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(results[i], i < HW_LOG_THREAD_COUNT_MAX ? 0 : -ENOBUFS);
	}
	(void)hw_log_drain(g_fd);
	assert_int_equal(hw_log_thread_start("again"), 0); /* free again once drained */
	hw_log_thread_stop();
}

static int g_event_fd;
static atomic_uint g_running_count;

static void wake_drainer(void *user)
{
	(void)user;
	(void)eventfd_write(g_event_fd, 1);
}

static void *log_much(void *user)
{
	uint64_t thread = *(uint64_t *)user;
	if (hw_log_thread_start("worker") < 0) {
		abort();
	}
	for (uint64_t i = 0; i < THREAD_LINE_COUNT; i++) {
		HW_LOG(HW_LOG_INFO, "a.line", HW_F_U64("t", thread), HW_F_U64("n", i));
	}
	hw_log_thread_stop();
	(void)atomic_fetch_sub(&g_running_count, 1);
	(void)eventfd_write(g_event_fd, 1);
	return NULL;
}

/* Sleeps without a time limit until it is woken: a wake-up that is lost hangs the test. */
static void drain_until_all_ended(int fd)
{
	bool is_last = false;
	while (!is_last) {
		eventfd_t wakes = 0;
		(void)eventfd_read(g_event_fd, &wakes);
		is_last = atomic_load(&g_running_count) == 0;
		while (hw_log_drain(fd) > 0) {
		}
	}
}

static void order_check(FILE *file, uint64_t *ret_line_count)
{
	char line[256];
	uint64_t next[THREAD_COUNT] = {0};
	while (fgets(line, sizeof(line), file) != NULL) {
		assert_non_null(strchr(line, '\n'));
		if (strstr(line, "log.dropped") != NULL) {
			continue;
		}
		static const char head[] = "00:16:40.000 info  a.line t=";
		assert_int_equal(strncmp(line, head, sizeof(head) - 1), 0);
		char *end = NULL;
		uint64_t thread = strtoull(line + sizeof(head) - 1, &end, 10);
		assert_int_equal(strncmp(end, " n=", 3), 0);
		uint64_t number = strtoull(end + 3, &end, 10);
		assert_string_equal(end, "\n");
		assert_in_range(thread, 0, THREAD_COUNT - 1);
		assert_true(number >= next[thread]);
		next[thread] = number + 1;
		*ret_line_count += 1;
	}
}

static void test_threads(void **state)
{
	(void)state;
	pthread_t threads[THREAD_COUNT];
	uint64_t numbers[THREAD_COUNT];
	uint64_t before_count = hw_log_dropped_count();
	FILE *file = tmpfile();
	assert_non_null(file);
	g_event_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(g_event_fd >= 0);
	hw_log_set_waker(wake_drainer, NULL);
	atomic_store(&g_running_count, THREAD_COUNT);
	for (uint32_t i = 0; i < THREAD_COUNT; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, log_much, &numbers[i]), 0);
	}
	drain_until_all_ended(fileno(file));
	for (uint32_t i = 0; i < THREAD_COUNT; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	uint64_t line_count = 0;
	rewind(file);
	order_check(file, &line_count);
	uint64_t dropped_count = hw_log_dropped_count() - before_count;
	assert_int_equal(line_count + dropped_count, THREAD_COUNT * THREAD_LINE_COUNT);
	assert_true(line_count > 0);
	(void)fclose(file);
	close(g_event_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_direct_without_ring, begin, end),
		cmocka_unit_test_setup_teardown(test_levels, begin, end),
		cmocka_unit_test_setup_teardown(test_auto_format, begin, end),
		cmocka_unit_test_setup_teardown(test_ring_is_drained, begin, end),
		cmocka_unit_test_setup_teardown(test_ring_goes_round, begin, end),
		cmocka_unit_test_setup_teardown(test_full_ring_drops_and_says_so, begin, end),
		cmocka_unit_test_setup_teardown(test_errors_are_held_back, begin, end),
		cmocka_unit_test_setup_teardown(test_held_back_is_said_at_the_end, begin, end),
		cmocka_unit_test_setup_teardown(test_many_kinds_of_errors, begin, end),
		cmocka_unit_test_setup_teardown(test_full_pipe_keeps_lines_whole, begin, end),
		cmocka_unit_test_setup_teardown(test_broken_pipe_drops, begin, end),
		cmocka_unit_test_setup_teardown(test_too_many_threads, begin, end),
		cmocka_unit_test_setup_teardown(test_threads, begin, end),
	};
	(void)sem_init(&g_started, 0, 0);
	(void)sem_init(&g_may_end, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
