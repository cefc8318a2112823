/* SPDX-License-Identifier: Apache-2.0
 *
 * A timer lies in the wheel whose turn reaches its due time: level k has slots of 64^k ms. When
 * level 0 has gone round, the next slot of level 1 is emptied into level 0, and so on upward.
 */
#include "core/loop/timers.h"

#define SLOT_BITS 6U
#define SLOT_MASK (HW_TIMER_SLOTS - 1U)

static uint32_t slot_at(uint64_t ms, uint32_t level)
{
	return (uint32_t)(ms >> (SLOT_BITS * level)) & SLOT_MASK;
}

static uint32_t level_of(uint64_t delay_ms)
{
	uint32_t level = 0;
	while (level + 1 < HW_TIMER_LEVELS && (delay_ms >> (SLOT_BITS * (level + 1))) != 0) {
		level++;
	}
	return level;
}

static void place(struct hw_timers *timers, struct hw_timer *timer)
{
	hw_assert(timer->due_ms >= timers->now_ms);
	uint32_t level = level_of(timer->due_ms - timers->now_ms);
	uint32_t slot = slot_at(timer->due_ms, level);
	hw_list_append(&timers->slots[level][slot], &timer->link);
	timers->occupied[level] |= UINT64_C(1) << slot;
}

void hw_timers_init(struct hw_timers *timers, uint64_t now_ms)
{
	*timers = (struct hw_timers){.now_ms = now_ms};
	for (uint32_t level = 0; level < HW_TIMER_LEVELS; level++) {
		for (uint32_t slot = 0; slot < HW_TIMER_SLOTS; slot++) {
			hw_list_init(&timers->slots[level][slot]);
		}
	}
}

void hw_timer_start(struct hw_timers *timers, struct hw_timer *timer, uint64_t delay_ms,
		    hw_timer_fn *fire)
{
	hw_assert(fire != NULL);
	hw_timer_stop(timers, timer);
	timer->fire = fire;
	/* One more: the current millisecond has been served already. */
	timer->due_ms = timers->now_ms + 1 + hw_min(delay_ms, (uint64_t)HW_TIMER_DELAY_MAX_MS - 1);
	place(timers, timer);
	timers->count++;
}

void hw_timer_stop(struct hw_timers *timers, struct hw_timer *timer)
{
	if (!hw_list_is_linked(&timer->link)) {
		return;
	}
	hw_list_remove(&timer->link);
	hw_assert(timers->count > 0);
	timers->count--;
}

bool hw_timer_is_running(const struct hw_timer *timer)
{
	return hw_list_is_linked(&timer->link);
}

/* Empty the slot of @level that begins now into the finer wheels. */
static void cascade(struct hw_timers *timers, uint32_t level)
{
	uint32_t slot = slot_at(timers->now_ms, level);
	struct hw_list *from = &timers->slots[level][slot];
	struct hw_list moving;
	hw_list_init(&moving);
	while (!hw_list_is_empty(from)) {
		hw_list_append(&moving, hw_list_take_first(from));
	}
	timers->occupied[level] &= ~(UINT64_C(1) << slot);
	while (!hw_list_is_empty(&moving)) {
		struct hw_list *link = hw_list_take_first(&moving);
		place(timers, hw_container_of(link, struct hw_timer, link));
	}
}

static uint32_t fire_slot(struct hw_timers *timers)
{
	uint32_t slot = slot_at(timers->now_ms, 0);
	struct hw_list *due = &timers->slots[0][slot];
	uint32_t count = 0;
	while (!hw_list_is_empty(due)) {
		struct hw_timer *timer = hw_container_of(due->next, struct hw_timer, link);
		hw_assert(timer->due_ms == timers->now_ms);
		hw_timer_stop(timers, timer);
		timer->fire(timer);
		count++;
	}
	timers->occupied[0] &= ~(UINT64_C(1) << slot);
	return count;
}

/*
 * ms from now to the next moment at which a slot is due or must be emptied into a finer wheel. The
 * finest wheel that holds anything decides: either a slot ahead of us, or, if all it holds lies
 * behind us (that is: in its next round), the moment when it begins that round.
 */
static uint64_t step_ms(const struct hw_timers *timers)
{
	for (uint32_t level = 0; level < HW_TIMER_LEVELS && timers->count > 0; level++) {
		if (timers->occupied[level] == 0) {
			continue;
		}
		uint32_t shift = SLOT_BITS * level;
		uint32_t slot = slot_at(timers->now_ms, level);
		uint64_t ahead = slot == SLOT_MASK ? 0 : timers->occupied[level] >> (slot + 1);
		uint64_t slots =
			ahead != 0 ? (uint64_t)__builtin_ctzll(ahead) + 1 : HW_TIMER_SLOTS - slot;
		uint64_t into_slot = timers->now_ms & ((UINT64_C(1) << shift) - 1);
		return (slots << shift) - into_slot;
	}
	return UINT64_MAX;
}

/* Every wheel that has gone round takes the next slot of the coarser one. */
static void wheels_turn(struct hw_timers *timers)
{
	for (uint32_t level = 1; level < HW_TIMER_LEVELS; level++) {
		if (slot_at(timers->now_ms, level - 1) != 0) {
			return;
		}
		cascade(timers, level);
	}
}

uint32_t hw_timers_advance(struct hw_timers *timers, uint64_t now_ms)
{
	uint32_t count = 0;
	while (timers->now_ms < now_ms) {
		uint64_t step = step_ms(timers);
		if (step > now_ms - timers->now_ms) {
			timers->now_ms = now_ms;
			break;
		}
		timers->now_ms += step;
		wheels_turn(timers);
		count += fire_slot(timers);
	}
	return count;
}

uint32_t hw_timers_wait_ms(const struct hw_timers *timers, uint32_t limit_ms)
{
	uint64_t step = step_ms(timers);
	return step < limit_ms ? (uint32_t)step : limit_ms;
}
