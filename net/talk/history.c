/* SPDX-License-Identifier: Apache-2.0
 *
 *   start -> timer -> step -> timer ...
 */
#include "net/talk/history.h"

#include "core/base/clock.h"

static void step(struct hw_timer *timer);

/* Answers of one class of status, over all methods: every fifth row. */
static uint64_t requests_of(const struct hw_metrics *const *all, uint32_t count,
			    enum hw_metric first)
{
	uint64_t sum = 0;
	uint32_t classes = HW_METRIC_requests_get_1xx - HW_METRIC_requests_other_1xx;
	for (uint32_t i = 0; i < HW_METRICS_METHOD_COUNT; i++) {
		sum += hw_metrics_sum(all, count, (enum hw_metric)(first + i * classes));
	}
	return sum;
}

struct hw_history_sample hw_history_now(const struct hw_metrics *const *all, uint32_t count)
{
	struct hw_history_sample now = {0};
	uint64_t *values = now.values;
	values[HW_HISTORY_RECEIVED] = hw_metrics_sum(all, count, HW_METRIC_bytes_received);
	values[HW_HISTORY_SENT] = hw_metrics_sum(all, count, HW_METRIC_bytes_sent);
	for (uint32_t i = HW_METRIC_requests_other_1xx; i <= HW_METRIC_requests_other_5xx; i++) {
		values[HW_HISTORY_REQUESTS] += requests_of(all, count, (enum hw_metric)i);
	}
	values[HW_HISTORY_ERRORS] = requests_of(all, count, HW_METRIC_requests_other_5xx);
	values[HW_HISTORY_CPU_US] = hw_clock_process_cpu_us();
	values[HW_HISTORY_CONNECTIONS] = hw_metrics_sum(all, count, HW_METRIC_connections_open);
	return now;
}

static void timer_start(struct hw_history *history)
{
	hw_timer_start(&history->reactor->timers, &history->timer, HW_HISTORY_STEP_MS, step);
}

void hw_history_start(struct hw_history *history, struct hw_reactor *reactor,
		      const struct hw_metrics *const *all_metrics, uint32_t metrics_count)
{
	history->reactor = reactor;
	history->all_metrics = all_metrics;
	history->metrics_count = metrics_count;
	history->step_count = 0;
	history->last = hw_history_now(all_metrics, metrics_count);
	timer_start(history);
}

void hw_history_stop(struct hw_history *history)
{
	if (history->reactor != NULL) {
		hw_timer_stop(&history->reactor->timers, &history->timer);
		history->reactor = NULL;
	}
}

static void step(struct hw_timer *timer)
{
	struct hw_history *history = hw_container_of(timer, struct hw_history, timer);
	struct hw_history_sample now = hw_history_now(history->all_metrics, history->metrics_count);
	struct hw_history_sample *newest = &history->steps[history->step_count % HW_HISTORY_STEPS];
	for (uint32_t i = 0; i < HW_HISTORY_CONNECTIONS; i++) {
		newest->values[i] = now.values[i] - history->last.values[i];
	}
	newest->values[HW_HISTORY_CONNECTIONS] = now.values[HW_HISTORY_CONNECTIONS];
	history->last = now;
	history->step_count++;
	history->end_ms = history->reactor->wall_ms;
	timer_start(history);
}

uint32_t hw_history_count(const struct hw_history *history)
{
	return (uint32_t)hw_min(history->step_count, (uint64_t)HW_HISTORY_STEPS);
}

const struct hw_history_sample *hw_history_step(const struct hw_history *history, uint32_t index)
{
	uint32_t count = hw_history_count(history);
	hw_assert(index < count);
	return &history->steps[(history->step_count - count + index) % HW_HISTORY_STEPS];
}
