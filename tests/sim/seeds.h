/* SPDX-License-Identifier: Apache-2.0
 *
 * seeds.h - which seed is running, said when the process dies of it
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: never
 */
#ifndef HW_TESTS_SIM_SEEDS_H
#define HW_TESTS_SIM_SEEDS_H

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"

/* What is running: the name of the part, its seed, and the place of its fault. */
static struct {
	const char *part;
	uint64_t seed;
	uint64_t place;
} g_running;

static void running_print(void)
{
	char line[160];
	int size =
		snprintf(line, sizeof(line), "\nFAILED in %s: seed %llu, place %llu\n",
			 g_running.part != NULL ? g_running.part : "?",
			 (unsigned long long)g_running.seed, (unsigned long long)g_running.place);
	ssize_t ignored = write(STDERR_FILENO, line, (size_t)size);
	(void)ignored; /* we are dying */
}

static void on_death(int number)
{
	running_print();
	(void)signal(number, SIG_DFL); /* valid */
	(void)raise(number);
}

/* There in ASan builds only. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static inline void seeds_watch(void)
{
	(void)signal(SIGABRT, on_death); /* valid */
	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(running_print);
	} else {
		(void)signal(SIGSEGV, on_death); /* valid */
	}
}

static inline uint64_t seeds_now_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
	return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static inline uint64_t seeds_setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */
	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Which seeds a test runs: those that were asked for, or as many as its time allows. */
struct seeds {
	uint64_t first;
	uint64_t next; /* when the time is over: behind the last */
};

/* Only @only, if it is not 0; else for HW_TEST_MS, @ms unless that says otherwise. */
static inline struct seeds seeds_run(uint64_t only, uint64_t ms, void (*run)(uint64_t seed))
{
	uint64_t first = only != 0 ? only : seeds_setting("HW_TEST_SEED_FIRST", 1);
	uint64_t count = only != 0 ? 1 : seeds_setting("HW_TEST_SEED_COUNT", 1000000);
	uint64_t until_ms = seeds_now_ms() + seeds_setting("HW_TEST_MS", ms);
	struct seeds seeds = {first, first};
	do {
		run(seeds.next++);
	} while (seeds.next < first + count && seeds_now_ms() < until_ms);
	(void)printf("seeds %llu to %llu\n", (unsigned long long)first,
		     (unsigned long long)seeds.next - 1);
	return seeds;
}

/* How far a test that tries every place goes from one to the next: to the next; but where the
 * sanitizers make it ten times slower, to every third (HW_TEST_STRIDE). Which of them depends on
 * the seed, so that several seeds see them all. */
static inline uint64_t seeds_stride(void)
{
	return __sanitizer_set_death_callback != NULL ? seeds_setting("HW_TEST_STRIDE", 3) : 1;
}

static inline uint64_t seeds_place_first(uint64_t seed)
{
	return 1 + seed % seeds_stride();
}

/* The logging code runs, its lines are not shown; HW_TEST_LOG=1 shows them. */
static inline void seeds_log(void)
{
	struct hw_log_options log = {.fd = STDERR_FILENO, .level = HW_LOG_INFO};
	if (seeds_setting("HW_TEST_LOG", 0) == 0) {
		log.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	}
	hw_log_start(&log);
}

#endif
