/* SPDX-License-Identifier: Apache-2.0
 *
 * hw_bench_hash - GB/s of every hash kernel on one core, beside OpenSSL, warm and cold
 *
 * Usage: hw_bench_hash [--json] [--rounds N]. Run it through tests/bench/hash, which builds it as
 * it is shipped.
 *
 * Contestants take turns, a short run each, in the time of the thread (so that whoever else wants
 * the core is not counted), and the median counts. Believe the ratios within one table. The peer is
 * what one would call instead: EVP_Digest of OpenSSL over the same bytes in one shot, once as it is
 * and once in a child process whose OpenSSL was told that there are no SHA extensions. Rows of our
 * kernels hash 16 KiB blocks, as the daemon does.
 */
#include <errno.h>
#include <nmmintrin.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "simd/cpu.h"
#include "simd/crc32.h"
#include "simd/crc32c.h"
#include "simd/kernels.h"
#include "simd/merkle.h"

#define WARM_SIZE      UINT64_C(262144)   /* a slab: stays in the second cache */
#define COLD_SIZE      UINT64_C(67108864) /* 64 MiB */
#define HUGE_PAGE_SIZE UINT64_C(2097152)
#define WARM_REPEATS   4U /* so that a run is about a millisecond */
#define ROUNDS_WARM    101U
#define ROUNDS_COLD    15U
#define ROUNDS_MAX     1001U
#define ROWS_MAX       40U
#define LEAVES_MAX     (COLD_SIZE / HW_MERKLE_BLOCK_SIZE)
#define NO_SHA_CAPS    ":~0x20000000" /* OPENSSL_ia32cap: all but the SHA extensions */
#define CHILD_ARGUMENT "--openssl-child"

/* Returns bytes worked through; the time around it is taken by run_timed(). */
typedef uint64_t work_fn(const uint8_t *bytes, uint64_t size, uint32_t repeats);

struct row {
	const char *name;
	const char *peer; /* name of the row it is compared with */
	const char *set;  /* warm, cold, one, batch, crc32c, tree */
	work_fn *work;    /* NULL: ask the child */
	enum hw_simd_choice choice;
	uint64_t size;
	double rates[ROUNDS_MAX]; /* GB/s */
	double median;
};

static struct row g_rows[ROWS_MAX];
static uint32_t g_row_count;
static struct hw_hash g_leaves[LEAVES_MAX];
static FILE *g_child_in;
static FILE *g_child_out;
static volatile uint32_t g_sink; /* what is computed must not be optimised away */

static double now_s(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t work_openssl(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	for (uint32_t i = 0; i < repeats; i++) {
		unsigned char hash[32];
		unsigned int hash_size = 0;
		if (EVP_Digest(bytes, size, hash, &hash_size, EVP_sha256(), NULL) != 1) {
			abort();
		}
		g_sink = hash[0];
	}
	return size * repeats;
}

static uint64_t work_leaves(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	for (uint32_t i = 0; i < repeats; i++) {
		for (uint64_t offset = 0; offset < size; offset += WARM_SIZE) {
			hw_merkle_leaves(bytes + offset, WARM_SIZE,
					 g_leaves + offset / HW_MERKLE_BLOCK_SIZE);
		}
	}
	return size * repeats;
}

/* One message of @size bytes at a time, sixteen times as often to be as long. */
static uint64_t work_single(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	for (uint32_t i = 0; i < repeats * 16; i++) {
		hw_sha256(bytes, size, &g_leaves[0]);
	}
	return size * repeats * 16;
}

static uint64_t work_single_openssl(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	return work_openssl(bytes, size, repeats * 16);
}

/* One batch of as many blocks as @size holds: what a batch that is not full costs. */
static uint64_t work_batch(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	uint64_t total = WARM_SIZE / size * repeats;
	for (uint64_t i = 0; i < total; i++) {
		hw_sha256_batch(bytes, HW_MERKLE_BLOCK_SIZE, HW_MERKLE_BLOCK_SIZE,
				(uint32_t)(size / HW_MERKLE_BLOCK_SIZE), g_leaves);
	}
	return size * total;
}

/* The tree above 256 leaves; its bytes are those of the chunk, so that rates compare with the
 * leaves'. */
static uint64_t work_tree(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	(void)bytes;
	for (uint32_t i = 0; i < repeats * 16; i++) {
		hw_merkle_chunk_id(g_leaves, HW_MERKLE_CHUNK_BLOCKS, &g_leaves[0]);
	}
	return size * repeats * 16;
}

static uint64_t work_crc32c(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	for (uint32_t i = 0; i < repeats * 8; i++) {
		g_sink = hw_crc32c(0, bytes, size);
	}
	return size * repeats * 8;
}

static uint64_t work_crc32(const uint8_t *bytes, uint64_t size, uint32_t repeats)
{
	for (uint32_t i = 0; i < repeats * 8; i++) {
		g_sink = hw_crc32(0, bytes, size);
	}
	return size * repeats * 8;
}

/* What one writes first: the instruction in a loop. */
__attribute__((target("sse4.2"))) static uint64_t work_crc32c_plain(const uint8_t *bytes,
								    uint64_t size, uint32_t repeats)
{
	for (uint32_t i = 0; i < repeats * 8; i++) {
		uint64_t crc = UINT32_MAX;
		for (uint64_t offset = 0; offset < size; offset += 8) {
			uint64_t word = 0;
			memcpy(&word, bytes + offset, sizeof(word));
			crc = _mm_crc32_u64(crc, word);
		}
		g_sink = ~(uint32_t)crc;
	}
	return size * repeats * 8;
}

static double run_timed(work_fn *work, const uint8_t *bytes, uint64_t size)
{
	double begin = now_s();
	uint64_t done = work(bytes, size, size > WARM_SIZE ? 1 : WARM_REPEATS);
	return (double)done / (now_s() - begin) * 1e-9;
}

static double child_ask(uint64_t size)
{
	char line[64] = "";
	if (fprintf(g_child_in, "%llu\n", (unsigned long long)size) < 0 ||
	    fflush(g_child_in) != 0 || fgets(line, sizeof(line), g_child_out) == NULL) {
		(void)fprintf(stderr, "hw_bench_hash: the OpenSSL child is gone\n");
		abort();
	}
	return strtod(line, NULL);
}

/* The child: a size in, a rate out, until the pipe closes. */
static int child_main(const uint8_t *bytes)
{
	char line[64] = "";
	while (fgets(line, sizeof(line), stdin) != NULL) {
		uint64_t size = strtoull(line, NULL, 10);
		size = size <= COLD_SIZE ? size : COLD_SIZE;
		(void)printf("%f\n", run_timed(work_openssl, bytes, size));
		(void)fflush(stdout);
	}
	return 0;
}

static void child_exec(const int in[2], const int out[2], const char *self)
{
	(void)dup2(in[0], STDIN_FILENO);
	(void)dup2(out[1], STDOUT_FILENO);
	(void)close(in[1]);
	(void)close(out[0]);
	char *arguments[] = {(char[]){"hw_bench_hash"}, (char[]){CHILD_ARGUMENT}, NULL};
	char *environment[] = {(char[]){"OPENSSL_ia32cap=" NO_SHA_CAPS}, NULL};
	(void)execve(self, arguments, environment);
	_exit(127);
}

static void child_start(const char *self)
{
	int in[2];
	int out[2];
	if (pipe(in) < 0 || pipe(out) < 0) {
		abort();
	}
	pid_t pid = fork();
	if (pid == 0) {
		child_exec(in, out, self);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	g_child_in = fdopen(in[1], "w");
	g_child_out = fdopen(out[0], "r");
	if (pid < 0 || g_child_in == NULL || g_child_out == NULL) {
		abort();
	}
}

static void row_add(const char *set, const char *name, const char *peer, work_fn *work,
		    enum hw_simd_choice choice, uint64_t size)
{
	if (g_row_count == ROWS_MAX || hw_simd_init(choice) == -ENOTSUP) {
		return; /* this machine has no such kernel */
	}
	g_rows[g_row_count++] = (struct row){.name = name,
					     .peer = peer,
					     .set = set,
					     .work = work,
					     .choice = choice,
					     .size = size};
}

static void rows_add_set(const char *set, uint64_t size)
{
	row_add(set, "openssl", "openssl", work_openssl, HW_SIMD_AUTO, size);
	row_add(set, "openssl, no SHA-NI", "openssl", NULL, HW_SIMD_AUTO, size);
	row_add(set, "scalar", "openssl", work_leaves, HW_SIMD_SCALAR, size);
	row_add(set, "shani", "openssl", work_leaves, HW_SIMD_SHANI, size);
	row_add(set, "avx2", "openssl", work_leaves, HW_SIMD_AVX2, size);
	row_add(set, "avx512vl", "openssl", work_leaves, HW_SIMD_AVX512VL, size);
	row_add(set, "avx512", "openssl", work_leaves, HW_SIMD_AVX512, size);
	row_add(set, "auto", "openssl", work_leaves, HW_SIMD_AUTO, size);
	row_add(set, "avx2", "openssl, no SHA-NI", work_leaves, HW_SIMD_AVX2, size);
	row_add(set, "avx512vl", "openssl, no SHA-NI", work_leaves, HW_SIMD_AVX512VL, size);
}

static void rows_add_batch(uint64_t count, const char *name)
{
	row_add("batch", name, "16 blocks", work_batch, HW_SIMD_AUTO, count * HW_MERKLE_BLOCK_SIZE);
}

static void rows_add(void)
{
	rows_add_set("warm", WARM_SIZE);
	row_add("one", "openssl", "openssl", work_single_openssl, HW_SIMD_AUTO,
		HW_MERKLE_BLOCK_SIZE);
	row_add("one", "auto", "openssl", work_single, HW_SIMD_AUTO, HW_MERKLE_BLOCK_SIZE);
	rows_add_batch(16, "16 blocks");
	rows_add_batch(12, "12 blocks");
	rows_add_batch(8, "8 blocks");
	rows_add_batch(4, "4 blocks");
	rows_add_batch(2, "2 blocks");
	rows_add_batch(1, "1 block");
	row_add("tree", "leaves", "leaves", work_leaves, HW_SIMD_AUTO, WARM_SIZE);
	row_add("tree", "tree above", "leaves", work_tree, HW_SIMD_AUTO, UINT64_C(16) * WARM_SIZE);
	if ((hw_cpu_features() & HW_CPU_SSE42) != 0) {
		row_add("crc32c", "plain loop", "plain loop", work_crc32c_plain, HW_SIMD_AUTO,
			WARM_SIZE);
		row_add("crc32c", "portable", "plain loop", work_crc32c, HW_SIMD_SCALAR, WARM_SIZE);
		row_add("crc32c", "three streams", "plain loop", work_crc32c, HW_SIMD_AVX2,
			WARM_SIZE);
		row_add("crc32c", "auto", "plain loop", work_crc32c, HW_SIMD_AUTO, WARM_SIZE);
	}
	row_add("crc32", "portable", "portable", work_crc32, HW_SIMD_SCALAR, WARM_SIZE);
	row_add("crc32", "pclmul", "portable", work_crc32, HW_SIMD_SHANI, WARM_SIZE);
	row_add("crc32", "auto", "portable", work_crc32, HW_SIMD_AUTO, WARM_SIZE);
	rows_add_set("cold", COLD_SIZE);
}

static int rate_compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;
	return (x > y) - (x < y);
}

static void row_measure(struct row *row, const uint8_t *bytes, uint32_t round)
{
	if (row->work == NULL) {
		row->rates[round] = child_ask(row->size);
		return;
	}
	if (hw_simd_init(row->choice) < 0) {
		abort(); /* row_add() has tried it */
	}
	row->rates[round] = run_timed(row->work, bytes, row->size);
}

static bool is_in(const struct row *row, bool is_cold)
{
	return (strcmp(row->set, "cold") == 0) == is_cold;
}

static void rows_run(const uint8_t *bytes, bool is_cold, uint32_t round)
{
	for (uint32_t i = 0; i < g_row_count; i++) {
		if (is_in(&g_rows[i], is_cold)) {
			row_measure(&g_rows[i], bytes, round);
		}
	}
}

static void rows_measure(const uint8_t *bytes, bool is_cold, uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		rows_run(bytes, is_cold, round);
	}
	for (uint32_t i = 0; i < g_row_count; i++) {
		if (is_in(&g_rows[i], is_cold)) {
			qsort(g_rows[i].rates, rounds, sizeof(double), rate_compare);
			g_rows[i].median = g_rows[i].rates[rounds / 2];
		}
	}
}

static double ratio_of(const struct row *row)
{
	for (uint32_t i = 0; i < g_row_count; i++) {
		if (strcmp(g_rows[i].set, row->set) == 0 &&
		    strcmp(g_rows[i].name, row->peer) == 0) {
			return row->median / g_rows[i].median;
		}
	}
	return 0;
}

static void print_all(bool is_json)
{
	if (is_json) {
		(void)printf("{\"openssl\": \"%s\", \"kernel\": \"%s\", \"rows\": [\n",
			     OpenSSL_version(OPENSSL_VERSION_STRING), hw_simd_kernel_name());
	} else {
		(void)printf("OpenSSL %s; auto is %s\n%-7s %-20s %8s  %s\n",
			     OpenSSL_version(OPENSSL_VERSION_STRING), hw_simd_kernel_name(), "set",
			     "kernel", "GB/s", "against");
	}
	for (uint32_t i = 0; i < g_row_count; i++) {
		const struct row *row = &g_rows[i];
		if (is_json) {
			(void)printf("{\"set\": \"%s\", \"name\": \"%s\", \"gb_per_s\": %.3f, "
				     "\"peer\": \"%s\", \"ratio\": %.3f}%s\n",
				     row->set, row->name, row->median, row->peer, ratio_of(row),
				     i + 1 < g_row_count ? "," : "");
		} else {
			(void)printf("%-7s %-20s %8.2f  %6.2f x %s\n", row->set, row->name,
				     row->median, ratio_of(row), row->peer);
		}
	}
	if (is_json) {
		(void)printf("]}\n");
	}
}

/* Stay on the core we are on: the caches are part of what is measured. */
static void pin(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	(void)sched_setaffinity(0, sizeof(set), &set); /* without it there is only more noise */
}

int main(int argc, char **argv)
{
	bool is_json = false;
	uint32_t rounds = ROUNDS_WARM;
	uint8_t *bytes = aligned_alloc(HUGE_PAGE_SIZE, COLD_SIZE);
	if (bytes == NULL) {
		return 1;
	}
	(void)madvise(bytes, COLD_SIZE, MADV_HUGEPAGE); /* as the daemon's slabs; a wish */
	memset(bytes, 0x5a, COLD_SIZE);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], CHILD_ARGUMENT) == 0) {
			return child_main(bytes);
		}
		if (strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) {
			unsigned long wanted = strtoul(argv[++i], NULL, 10);
			rounds = wanted < 1            ? 1
				 : wanted > ROUNDS_MAX ? ROUNDS_MAX
						       : (uint32_t)wanted;
		}
		is_json = is_json || strcmp(argv[i], "--json") == 0;
	}
	pin();
	child_start("/proc/self/exe");
	rows_add();
	rows_measure(bytes, false, rounds);
	rows_measure(bytes, true, rounds < ROUNDS_COLD ? rounds : ROUNDS_COLD);
	if (hw_simd_init(HW_SIMD_AUTO) < 0) {
		return 1;
	}
	print_all(is_json);
	(void)fclose(g_child_in);
	(void)fclose(g_child_out);
	free(bytes);
	return 0;
}
