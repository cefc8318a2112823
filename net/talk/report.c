/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin, progress, end -> news -+-> letter_post -> (the room's reactor) letter_deliver
 *                            ^    |     (nobody there: none)     |
 *                            |    +-> too soon: tick             v
 *                            +------ letter_back <- (the talk's reactor)
 *
 * From begin to the end a timer ticks: for news that came too soon, for what does not move, and for
 * who came after the last letter.
 */
#include "net/talk/report.h"

#include <string.h>

#include "core/base/clock.h"
#include "net/talk/talk.h"
#include "net/wire/http_writer.h"
#include "simd/sha256.h"

#define RATE_SMOOTHING 3U /* the newest interval counts for a third */

static void tick(struct hw_timer *timer);
static void news(struct hw_report *report);
static void letter_post(struct hw_report *report);
static void letter_deliver(struct hw_mail *mail);
static void letter_back(struct hw_mail *mail);

static struct hw_reactor *reactor_of(const struct hw_report *report)
{
	return report->talks->reactor;
}

void hw_report_begin(struct hw_report *report, struct hw_talks *talks,
		     const struct hw_report_options *options)
{
	hw_assert(options->name.size <= HW_NAME_SIZE_MAX);
	hw_assert(hw_report_is_idle(report));
	*report = (struct hw_report){
		.talks = talks,
		.home = hw_room_home_of(talks->options.room_homes, talks->options.room_home_count,
					options->share_id),
		.letter = {.is_down = options->is_down, .name_size = (uint16_t)options->name.size},
		.next = {.state = options->offset > 0 ? HW_TRANSFER_UPLOADING : HW_TRANSFER_WAITING,
			 .moved_size = options->offset,
			 .size = options->size},
		.moved_us = talks->reactor->now_us,
		.told_size = options->offset,
	};
	memcpy(report->letter.share_id, options->share_id, HW_SHARE_ID_SIZE);
	memcpy(report->letter.name, options->name.bytes, options->name.size);
	if (options->client_id != NULL) {
		memcpy(report->letter.client_id, options->client_id, HW_CLIENT_ID_SIZE);
	}
	if (options->upload_id != NULL) {
		struct hw_hash hash; /* its id is the right to go on with it: it is not told */
		hw_sha256(options->upload_id, HW_UPLOAD_ID_SIZE, &hash);
		memcpy(report->letter.transfer_id, hash.bytes, sizeof(report->letter.transfer_id));
		report->has_id = true;
	}
	hw_timer_start(&talks->reactor->timers, &report->timer, HW_REPORT_QUIET_MS, tick);
	hw_list_append(&talks->open_reports, &report->link);
	news(report);
}

void hw_report_progress(struct hw_report *report, uint64_t moved_size, const char *stalled)
{
	if (report->home == NULL || report->has_ended) {
		return;
	}
	bool is_same = report->next.moved_size == moved_size && report->next.stalled == stalled;
	if (report->next.moved_size != moved_size) {
		report->moved_us = reactor_of(report)->now_us;
	}
	report->next.moved_size = moved_size;
	report->next.stalled = stalled;
	report->waits_for = stalled;
	if (!is_same || report->next.state == HW_TRANSFER_WAITING) {
		report->next.state =
			hw_transfer_state_next(report->next.state, HW_TRANSFER_UPLOADING);
		news(report);
	}
}

void hw_report_wait(struct hw_report *report, const char *stalled)
{
	report->waits_for = stalled;
}

void hw_report_size_set(struct hw_report *report, uint64_t size)
{
	if (report->home != NULL && !report->has_ended && report->next.size != size) {
		report->next.size = size;
		news(report);
	}
}

static void end(struct hw_report *report, enum hw_transfer_state state, const char *stalled)
{
	if (report->home == NULL || report->has_ended) {
		return;
	}
	report->has_ended = true;
	report->next.state = hw_transfer_state_next(report->next.state, state);
	report->next.stalled = stalled;
	hw_timer_stop(&reactor_of(report)->timers, &report->timer);
	hw_list_remove(&report->link);
	news(report);
}

void hw_report_end(struct hw_report *report, enum hw_transfer_state state)
{
	end(report, state, NULL);
}

void hw_report_pause(struct hw_report *report, const char *stalled)
{
	end(report, report->next.state, stalled);
}

bool hw_report_is_idle(const struct hw_report *report)
{
	return !report->in_flight && !report->has_news;
}

void hw_report_join(struct hw_report *report, hw_report_fn *done)
{
	hw_assert(report->has_ended && !hw_report_is_idle(report));
	report->done = done;
}

/* -- letters -- */

/* Who is waited for is said once, and unsaid by the next byte. */
static void stall_look(struct hw_report *report)
{
	uint64_t quiet_us = reactor_of(report)->now_us - report->moved_us;
	if (report->waits_for != NULL && report->waits_for != report->next.stalled &&
	    quiet_us >= HW_REPORT_STALL_MS * UINT64_C(1000)) {
		report->next.stalled = report->waits_for;
		report->has_news = true;
	}
}

static void tick(struct hw_timer *timer)
{
	struct hw_report *report = hw_container_of(timer, struct hw_report, timer);
	hw_assert(!report->has_ended);
	hw_timer_start(&reactor_of(report)->timers, &report->timer, HW_REPORT_QUIET_MS, tick);
	stall_look(report);
	if (!report->in_flight && (report->has_news || !report->is_heard)) {
		report->has_news = true;
		letter_post(report);
	}
}

/* When the next letter may go. What has ended, or was never told, does not wait. */
static uint64_t delay_ms(const struct hw_report *report)
{
	uint64_t interval_ms = report->is_heard ? HW_REPORT_INTERVAL_MS : HW_REPORT_QUIET_MS;
	uint64_t passed_ms = (reactor_of(report)->now_us - report->told_us) / 1000;
	bool is_urgent = report->told_us == 0 || report->has_ended;
	return is_urgent || passed_ms >= interval_ms ? 0 : interval_ms - passed_ms;
}

static void news(struct hw_report *report)
{
	struct hw_reactor *reactor = reactor_of(report);
	report->has_news = true;
	if (report->in_flight) {
		return; /* letter_back looks again */
	}
	uint64_t wait_ms = delay_ms(report);
	if (wait_ms == 0) {
		letter_post(report);
	} else if (report->timer.due_ms > reactor->now_us / 1000 + wait_ms) {
		hw_timer_start(&reactor->timers, &report->timer, wait_ms, tick);
	}
}

static void rate_update(struct hw_report *report)
{
	uint64_t now_us = reactor_of(report)->now_us;
	uint64_t passed_us = now_us - report->told_us;
	if (report->told_us != 0 && passed_us > 0 && report->next.moved_size >= report->told_size) {
		uint64_t moved_size = report->next.moved_size - report->told_size;
		uint64_t rate = (uint64_t)((double)moved_size * 1e6 / (double)passed_us);
		bool is_first = report->rate == 0;
		report->rate =
			is_first ? rate
				 : (report->rate * (RATE_SMOOTHING - 1) + rate) / RATE_SMOOTHING;
	}
	report->told_us = hw_max(now_us, 1U);
	report->told_size = report->next.moved_size;
}

/* Does anybody follow any share that is at home there? A number that its reactor counts for
 * everybody to read: one that comes this very moment hears from the next tick. */
static bool is_anybody(const struct hw_room_home *home)
{
	return hw_metrics_read(home->rooms->reactor->metrics, HW_METRIC_rooms_open) > 0;
}

bool hw_report_is_heard(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE])
{
	return is_anybody(hw_room_home_of(talks->options.room_homes, talks->options.room_home_count,
					  share_id));
}

static void letter_post(struct hw_report *report)
{
	hw_assert(!report->in_flight && report->has_news);
	rate_update(report);
	report->has_news = false;
	if (!is_anybody(report->home)) {
		report->is_heard = false;
		return;
	}
	if (!report->has_id) {
		hw_random_bytes(report->letter.transfer_id, sizeof(report->letter.transfer_id));
		report->has_id = true;
	}
	report->letter.state = report->next.state;
	report->letter.stalled = report->next.stalled;
	report->letter.moved_size = report->next.moved_size;
	report->letter.size = report->next.size;
	report->letter.rate = report->rate;
	report->in_flight = true;
	report->mail.deliver = letter_deliver;
	hw_mailbox_post(report->home->mailbox, reactor_of(report)->ring, &report->mail);
}

/* On the room's reactor. */
static void letter_deliver(struct hw_mail *mail)
{
	struct hw_report *report = hw_container_of(mail, struct hw_report, mail);
	struct hw_rooms *rooms = report->home->rooms;
	report->is_heard = hw_room_transfer_tell(rooms, &report->letter);
	report->mail.deliver = letter_back;
	hw_mailbox_post(&reactor_of(report)->mailbox, rooms->reactor->ring, &report->mail);
}

static void letter_back(struct hw_mail *mail)
{
	struct hw_report *report = hw_container_of(mail, struct hw_report, mail);
	report->in_flight = false;
	if (report->has_news) {
		news(report);
	}
	if (hw_report_is_idle(report)) {
		hw_report_fn *done = hw_move(&report->done);
		if (done != NULL) {
			done(report);
		}
	}
}

/* -- notices -- */

/* On the talk's reactor. */
static void notice_back(struct hw_mail *mail)
{
	struct hw_notice *notice = hw_container_of(mail, struct hw_notice, mail);
	notice->done(notice);
}

/* On the room's reactor. */
static void notice_deliver(struct hw_mail *mail)
{
	static const struct {
		struct hw_span type;
		const char *members;
	} texts[HW_NOTICE_KIND_COUNT] = {
		[HW_NOTICE_SHARE_CHANGED] = {{"share", 5}, "\"state\":\"changed\""},
		[HW_NOTICE_SHARE_ENDED] = {{"share", 5}, "\"state\":\"ended\""},
		[HW_NOTICE_FILE_ADDED] = {{"file", 4}, "\"state\":\"added\",\"name\":"},
		[HW_NOTICE_FILE_REMOVED] = {{"file", 4}, "\"state\":\"removed\",\"name\":"},
	};
	struct hw_notice *notice = hw_container_of(mail, struct hw_notice, mail);
	struct hw_rooms *rooms = notice->home->rooms;
	char bytes[64 + 6 * HW_NAME_SIZE_MAX];
	struct hw_http_writer json;
	hw_http_writer_init(&json, bytes, sizeof(bytes));
	hw_http_writer_text(&json, texts[notice->kind].members);
	if (notice->kind >= HW_NOTICE_FILE_ADDED) {
		struct hw_span name = {notice->name, notice->name_size};
		hw_http_writer_json_string(&json, name);
	}
	hw_assert(!json.is_overflowed);
	(void)hw_room_share_tell(rooms, notice->share_id, texts[notice->kind].type,
				 hw_http_writer_span(&json)); /* nobody there is fine */
	notice->mail.deliver = notice_back;
	hw_mailbox_post(&notice->talks->reactor->mailbox, rooms->reactor->ring, &notice->mail);
}

bool hw_notice_tell(struct hw_notice *notice, struct hw_talks *talks,
		    const uint8_t share_id[HW_SHARE_ID_SIZE], enum hw_notice_kind kind,
		    struct hw_span name, hw_notice_fn *done)
{
	hw_assert(name.size <= HW_NAME_SIZE_MAX && kind < HW_NOTICE_KIND_COUNT);
	notice->talks = talks;
	notice->home = hw_room_home_of(talks->options.room_homes, talks->options.room_home_count,
				       share_id);
	if (!is_anybody(notice->home)) {
		return false;
	}
	notice->done = done;
	notice->kind = kind;
	notice->name_size = (uint16_t)name.size;
	memcpy(notice->share_id, share_id, HW_SHARE_ID_SIZE);
	if (name.size > 0) {
		memcpy(notice->name, name.bytes, name.size);
	}
	notice->mail.deliver = notice_deliver;
	hw_mailbox_post(notice->home->mailbox, talks->reactor->ring, &notice->mail);
	return true;
}
