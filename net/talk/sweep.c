/* SPDX-License-Identifier: Apache-2.0
 *
 *   start -> timer -> SWEEP -> swept -+-> more to do: SWEEP
 *              ^                      |
 *              +----------------------+
 */
#include "net/talk/sweep.h"

#include "core/base/log.h"

static void due(struct hw_timer *timer);
static void swept(struct hw_catalog_request *request);

static void timer_start(struct hw_sweep *sweep)
{
	hw_timer_start(&sweep->talks->reactor->timers, &sweep->timer, HW_SWEEP_PERIOD_MS, due);
}

void hw_sweep_start(struct hw_sweep *sweep, struct hw_talks *talks)
{
	sweep->talks = talks;
	sweep->in_flight = false;
	sweep->is_stopping = false;
	sweep->request = (struct hw_catalog_request){.file_id = 0};
	timer_start(sweep);
}

static void submit(struct hw_sweep *sweep)
{
	sweep->in_flight = true;
	hw_catalog_submit(sweep->talks->catalog, &sweep->request, HW_CATALOG_SWEEP, swept);
}

static void due(struct hw_timer *timer)
{
	submit(hw_container_of(timer, struct hw_sweep, timer));
}

static void swept(struct hw_catalog_request *request)
{
	struct hw_sweep *sweep = hw_container_of(request, struct hw_sweep, request);
	struct hw_metrics *metrics = sweep->talks->reactor->metrics;
	sweep->in_flight = false;
	if (request->res < 0) {
		HW_LOG(HW_LOG_WARN, "sweep.failed", HW_F_ERRNO("error", request->res));
	} else {
		hw_metrics_set(metrics, HW_METRIC_stored_bytes, request->stored_size);
		hw_metrics_set(metrics, HW_METRIC_reserved_bytes, request->reserved_size);
	}
	if (sweep->is_stopping) {
		sweep->stopped(sweep);
	} else if (request->res > 0) {
		submit(sweep);
	} else {
		timer_start(sweep);
	}
}

void hw_sweep_stop(struct hw_sweep *sweep, void (*stopped)(struct hw_sweep *sweep))
{
	sweep->is_stopping = true;
	sweep->stopped = stopped;
	hw_timer_stop(&sweep->talks->reactor->timers, &sweep->timer);
	if (!sweep->in_flight) {
		stopped(sweep);
	}
}
