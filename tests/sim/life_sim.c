/* SPDX-License-Identifier: Apache-2.0
 *
 * The beginning and the end: of a world, of its rings; and what each seed is made of.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "tests/sim/lend_sim.h"
#include "tests/sim/sim_world.h"

/* -- options */

struct hw_sim_options hw_sim_calm(uint64_t seed)
{
	return (struct hw_sim_options){
		.seed = seed,
		.delay_percent = 50,
		.delay_us_max = 500,
		.piece_size_max = 65536,
		.piece_gap_us_max = 200,
		.window_size = 256U << 10,
		.has_fixed_buffers = true,
	};
}

/* Off in a third of the seeds, else 1 .. @percent_max. */
static uint32_t level(struct hw_prng *prng, uint32_t percent_max)
{
	return hw_prng_chance(prng, 33) ? 0 : (uint32_t)hw_prng_between(prng, 1, percent_max);
}

struct hw_sim_options hw_sim_chaos(uint64_t seed)
{
	static const uint32_t pieces[] = {1, 7, 64, 1460, 16384, 65536, 1U << 20};
	static const uint32_t windows[] = {1, 100, 4096, 65536, 1U << 20};
	struct hw_prng prng;
	hw_prng_init(&prng, seed ^ UINT64_C(0xc8a05));
	struct hw_sim_options options = hw_sim_calm(seed);
	options.delay_percent = level(&prng, 100);
	options.delay_us_max = (uint32_t)hw_prng_between(&prng, 1, 20000);
	options.short_percent = level(&prng, 80);
	options.reset_percent = level(&prng, 3);
	options.accept_error_percent = level(&prng, 20);
	options.accept_end_percent = level(&prng, 20);
	options.head_error_percent = level(&prng, 20);
	options.cancel_late_percent = level(&prng, 100);
	options.close_loss_percent = level(&prng, 50);
	options.piece_size_max = pieces[hw_prng_below(&prng, hw_count_of(pieces))];
	options.piece_gap_us_max = (uint32_t)hw_prng_between(&prng, 1, 3000);
	options.window_size = windows[hw_prng_below(&prng, hw_count_of(windows))];
	options.has_fixed_buffers = hw_prng_chance(&prng, 80);
	return options;
}

/* -- the world */

void hw_sim_begin(const struct hw_sim_options *options)
{
	hw_assert(!hw_sim_world.is_begun);
	hw_assert(options->piece_size_max > 0 && options->window_size > 0);
	const char *loud = getenv("HW_SIM_TRACE"); /* NOLINT(concurrency-mt-unsafe): one thread */
	hw_sim_world = (struct hw_sim_world){
		.options = *options,
		.is_begun = true,
		.is_loud = loud != NULL && loud[0] == '1',
	};
	hw_sim_clock_set(HW_SIM_CLOCK_START_US);
	hw_sim_random_seed(options->seed);
}

void hw_sim_end(void)
{
	hw_assert(hw_sim_world.is_begun);
	hw_assert(hw_sim_world.ring_count == 0);
	hw_sim_peers_free();
	if (hw_sim_world.disk_free != NULL) {
		hw_sim_world.disk_free();
	}
	hw_sim_files_free();
	hw_sim_world.is_begun = false;
}

uint64_t hw_sim_seed(void)
{
	return hw_sim_world.options.seed;
}

struct hw_sim_options *hw_sim_options(void)
{
	return &hw_sim_world.options;
}

uint64_t hw_sim_step_count(void)
{
	return hw_sim_world.step_count;
}

uint64_t hw_sim_attempt_count(void)
{
	return hw_sim_world.attempt_count;
}

uint64_t hw_sim_call_count(void)
{
	return hw_sim_world.call_count;
}

uint64_t hw_sim_trace(void)
{
	return hw_sim_world.trace;
}

int hw_sim_listener_fd(void)
{
	static int fd = -1;
	if (fd < 0) {
		fd = eventfd(0, EFD_CLOEXEC);
		hw_assert(fd >= 0);
	}
	return fd;
}

/* A socket that has a loopback peer but never says anything: getpeername() works on it. */
int hw_sim_loopback_fd(uint32_t slot)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)(1024 + slot % 60000)),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int r = connect(fd, (const struct sockaddr *)(const void *)&address, sizeof(address));
	hw_assert(r == 0); /* no packet is sent by it */
	return fd;
}

/* -- rings */

int hw_ring_probe(struct hw_ring_probe *ret_probe)
{
	*ret_probe = (struct hw_ring_probe){};
	(void)snprintf(ret_probe->text, sizeof(ret_probe->text), "simulated"); /* it fits */
	return 0;
}

static void heads_init(struct hw_ring *ring)
{
	uint32_t count = ring->options.head_buffer_count;
	if (count == 0) {
		return;
	}
	hw_assert((count & (count - 1)) == 0 && count <= 32768);
	ring->heads = calloc(count, HW_HEAD_BUFFER_SIZE);
	ring->heads_free = calloc(count, sizeof(*ring->heads_free));
	hw_assert(ring->heads != NULL && ring->heads_free != NULL);
	for (uint32_t i = 0; i < count; i++) {
		ring->heads_free[ring->heads_free_count++] = (uint16_t)i;
	}
	hw_sim_hide(ring->heads, count * HW_HEAD_BUFFER_SIZE);
}

int hw_ring_init(struct hw_ring **ret_ring, const struct hw_ring_options *options)
{
	hw_assert(hw_sim_world.is_begun); /* hw_sim_begin first */
	hw_assert(options->in_flight_max > 0);
	hw_assert(options->arena_size <= UINT32_C(1) << 30);
	hw_assert(hw_sim_world.ring_count < HW_SIM_RINGS_MAX);
	struct hw_ring *ring = calloc(1, sizeof(*ring));
	hw_assert(ring != NULL);
	ring->options = *options;
	uint32_t number = hw_sim_world.rings_made++;
	ring->fd = HW_SIM_RING_FD_FIRST + (int)number;
	hw_prng_init(&ring->prng, hw_sim_world.options.seed * 64 + number);
	ring->slot_count = options->socket_slots + options->file_slots;
	ring->slot_freed = UINT32_MAX;
	ring->slots = calloc(hw_max(ring->slot_count, 1U), sizeof(*ring->slots));
	hw_assert(ring->slots != NULL);
	heads_init(ring);
	hw_sim_world.rings[hw_sim_world.ring_count++] = ring;
	*ret_ring = ring;
	return 0;
}

static void flights_free(struct hw_sim_flights *flights)
{
	free(flights->items);
	*flights = (struct hw_sim_flights){0};
}

void hw_ring_deinit(struct hw_ring *ring)
{
	if (ring == NULL) {
		return;
	}
	hw_assert(ring->in_flight_count == 0);
	hw_assert(!ring->is_turning);
	hw_sim_peers_forget(ring);
	for (uint32_t i = 0; i < hw_sim_world.ring_count; i++) {
		if (hw_sim_world.rings[i] == ring) {
			hw_sim_world.rings[i] = hw_sim_world.rings[--hw_sim_world.ring_count];
			break;
		}
	}
	flights_free(&ring->flights);
	flights_free(&ring->ready);
	hw_sim_show(ring->heads, ring->options.head_buffer_count * HW_HEAD_BUFFER_SIZE);
	free(ring->heads);
	free(ring->heads_free);
	free(ring->slots);
	free(ring);
}

static void flight_abandon(struct hw_ring *ring, struct hw_sim_flight *flight)
{
	if (flight->kind == HW_SIM_CANCEL || flight->kind == HW_SIM_WAKE || flight->has_more) {
		return;
	}
	if (flight->kind == HW_SIM_WRITE && flight->phase != HW_SIM_LANDED) {
		uint32_t size = (uint32_t)hw_prng_between(&ring->prng, 0, flight->size);
		hw_sim_file_write_lost(ring->slots[flight->slot].file, flight, size);
	}
	hw_sim_lent_return(flight, true);
	flight->op->in_flight = false;
	ring->in_flight_count--;
}

void hw_sim_ring_abandon(struct hw_ring *ring)
{
	hw_assert(!ring->is_turning || hw_sim_world.options.before_step != NULL);
	for (uint32_t i = 0; i < ring->flights.count; i++) {
		flight_abandon(ring, &ring->flights.items[i]);
	}
	for (uint32_t i = ring->ready_first; i < ring->ready.count; i++) {
		flight_abandon(ring, &ring->ready.items[i]);
	}
	ring->flights.count = 0;
	ring->ready.count = 0;
	ring->ready_first = 0;
	hw_assert(ring->in_flight_count == 0);
}

int hw_ring_file_register(struct hw_ring *ring, uint32_t slot, int fd)
{
	hw_assert(!ring->is_enabled);
	hw_assert(fd >= 0);
	hw_assert(slot >= ring->options.socket_slots && slot < ring->slot_count);
	hw_assert(ring->slots[slot].kind == HW_SIM_SLOT_FREE);
	hw_sim_file_bind(&ring->slots[slot], fd);
	bool is_file = ring->slots[slot].file != NULL;
	ring->slots[slot].kind = is_file ? HW_SIM_SLOT_FILE : HW_SIM_SLOT_OTHER;
	return 0;
}

int hw_ring_listener_register(struct hw_ring *ring, uint32_t slot, int fd, uint32_t *ret_listener)
{
	*ret_listener = slot;
	return hw_ring_file_register(ring, slot, fd);
}

int hw_ring_enable(struct hw_ring *ring)
{
	hw_assert(!ring->is_enabled);
	ring->is_enabled = true;
	return 0;
}

bool hw_ring_has_fixed_buffers(const struct hw_ring *ring)
{
	return ring->options.arena != NULL && hw_sim_world.options.has_fixed_buffers;
}

bool hw_ring_has_accept_many(const struct hw_ring *ring)
{
	(void)ring;
	return true;
}

uint32_t hw_ring_file_slot(const struct hw_ring *ring, uint32_t index)
{
	hw_assert(index < ring->options.file_slots);
	return ring->options.socket_slots + index;
}

uint32_t hw_ring_in_flight_count(const struct hw_ring *ring)
{
	return ring->in_flight_count;
}

uint32_t hw_ring_ready_count(const struct hw_ring *ring)
{
	return ring->ready.count - ring->ready_first;
}

bool hw_ring_is_overflowing(const struct hw_ring *ring)
{
	(void)ring;
	return false; /* the simulated queue has no end */
}

int hw_ring_fd(const struct hw_ring *ring)
{
	return ring->fd;
}

char *hw_ring_head_bytes(struct hw_ring *ring, uint16_t buffer_id)
{
	hw_assert(buffer_id < ring->options.head_buffer_count);
	return ring->heads + (uint64_t)buffer_id * HW_HEAD_BUFFER_SIZE;
}

void hw_ring_head_give(struct hw_ring *ring, uint16_t buffer_id)
{
	hw_assert(buffer_id < ring->options.head_buffer_count);
	hw_assert(ring->heads_free_count < ring->options.head_buffer_count);
	for (uint32_t i = 0; i < ring->heads_free_count; i++) {
		hw_assert(ring->heads_free[i] != buffer_id); /* given back twice */
	}
	/* It is not the giver's any more. */
	memset(hw_ring_head_bytes(ring, buffer_id), 0xA5, 64);
	hw_sim_hide(hw_ring_head_bytes(ring, buffer_id), HW_HEAD_BUFFER_SIZE);
	ring->heads_free[ring->heads_free_count++] = buffer_id;
}
