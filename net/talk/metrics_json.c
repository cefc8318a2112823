/* SPDX-License-Identifier: Apache-2.0
 *
 *   begin -> figures, reactors, history -+-> (operators) visit on each reactor -> home -+-> send
 *                                        +----------------------------------------------+
 */
#include "net/talk/metrics_json.h"

#include <sys/resource.h>

#include "core/base/clock.h"
#include "net/talk/may.h"
#include "net/talk/pages.h"
#include "net/talk/reply.h"
#include "net/talk/report.h"
#include "net/wire/base32.h"
#include "simd/kernels.h"

#define END_SIZE         40U /* bytes that stay free for the end */
#define CLUSTER_SIZE_MAX 512U
#define ADDRESS_SIZE_MAX 300U
#define SHARE_TEXT_SIZE  (HW_BASE32_SIZE(HW_SHARE_ID_SIZE))

static void visit(struct hw_mail *mail);
static void home(struct hw_mail *mail);

/* -- pieces -- */

/* "name":number - with a comma before it, but for the first of its object. */
static void number_add(struct hw_http_writer *json, const char *name, uint64_t number)
{
	bool is_first = json->size == 0 || json->bytes[json->size - 1] == '{';
	hw_http_writer_text(json, is_first ? "\"" : ",\"");
	hw_http_writer_text(json, name);
	hw_http_writer_text(json, "\":");
	hw_http_writer_number(json, number);
}

static void text_add(struct hw_http_writer *json, const char *name, const char *text)
{
	bool is_first = json->size == 0 || json->bytes[json->size - 1] == '{';
	hw_http_writer_text(json, is_first ? "\"" : ",\"");
	hw_http_writer_text(json, name);
	hw_http_writer_text(json, "\":");
	hw_http_writer_json_string(json, hw_span_of(text));
}

/* Thousandths, as JSON's numbers have them. */
static void thousandths_write(struct hw_http_writer *json, uint64_t thousandths)
{
	uint64_t rest = thousandths % 1000;
	hw_http_writer_number(json, thousandths / 1000);
	hw_http_writer_text(json, rest < 10 ? ".00" : (rest < 100 ? ".0" : "."));
	hw_http_writer_number(json, rest);
}

static uint64_t sum(const struct hw_talks *talks, enum hw_metric metric)
{
	return hw_metrics_sum(talks->options.all_metrics, talks->options.metrics_count, metric);
}

static void store_add(struct hw_http_writer *json, const struct hw_talks *talks)
{
	hw_http_writer_text(json, ",\"store\":{");
	number_add(json, "stored_bytes", sum(talks, HW_METRIC_stored_bytes));
	number_add(json, "reserved_bytes", sum(talks, HW_METRIC_reserved_bytes));
	number_add(json, "free_bytes", hw_segment_log_free_size(&talks->store->log));
	if (talks->options.quota_size > 0) {
		number_add(json, "quota", talks->options.quota_size);
	} else {
		hw_http_writer_text(json, ",\"quota\":null");
	}
	hw_http_writer_text(json, "}");
}

/* The most that the process ever had in memory; what it has now only a file in /proc tells. */
static uint64_t resident_peak(void)
{
	struct rusage usage = {0};
	int r = getrusage(RUSAGE_SELF, &usage);
	hw_assert(r == 0);
	return (uint64_t)usage.ru_maxrss * 1024;
}

static void about_add(struct hw_http_writer *json, const struct hw_talks *talks)
{
	uint64_t now_ms = talks->reactor->wall_ms;
	uint64_t up_ms = now_ms - hw_min(now_ms, talks->options.started_ms);
	text_add(json, "version", HW_VERSION);
	text_add(json, "node", talks->options.node_id);
	number_add(json, "time_ms", now_ms);
	number_add(json, "uptime_s", up_ms / 1000);
	text_add(json, "hash_kernel", hw_simd_kernel_name());
	hw_http_writer_text(json, ",\"cpu_seconds\":");
	thousandths_write(json, hw_clock_process_cpu_us() / 1000);
	hw_http_writer_text(json, ",\"memory\":{");
	number_add(json, "budget", talks->options.memory_size);
	number_add(json, "resident_peak", resident_peak());
	hw_http_writer_text(json, "}");
	store_add(json, talks);
}

static void reactors_add(struct hw_http_writer *json, const struct hw_talks *talks)
{
	hw_http_writer_text(json, ",\"reactors\":[");
	for (uint32_t i = 0; i < talks->options.peer_count; i++) {
		const struct hw_metrics *metrics = talks->options.all_metrics[i];
		uint64_t slabs = hw_metrics_read(metrics, HW_METRIC_slabs);
		hw_http_writer_text(json, i == 0 ? "{" : ",{");
		number_add(json, "index", i);
		number_add(json, "slabs", slabs);
		number_add(json, "slabs_in_use", hw_metrics_read(metrics, HW_METRIC_slabs_in_use));
		number_add(json, "memory", slabs * HW_SLAB_SIZE);
		number_add(json, "connections",
			   hw_metrics_read(metrics, HW_METRIC_connections_open));
		number_add(json, "uploads", hw_metrics_read(metrics, HW_METRIC_uploads_open));
		number_add(json, "downloads", hw_metrics_read(metrics, HW_METRIC_downloads_open));
		hw_http_writer_text(json, "}");
	}
	hw_http_writer_text(json, "]");
}

static void totals_add(struct hw_http_writer *json, const struct hw_talks *talks)
{
	struct hw_history_sample now =
		hw_history_now(talks->options.all_metrics, talks->options.metrics_count);
	hw_http_writer_text(json, ",\"totals\":{");
	number_add(json, "received_bytes", now.values[HW_HISTORY_RECEIVED]);
	number_add(json, "sent_bytes", now.values[HW_HISTORY_SENT]);
	number_add(json, "requests", now.values[HW_HISTORY_REQUESTS]);
	number_add(json, "errors", now.values[HW_HISTORY_ERRORS]);
	number_add(json, "connections", now.values[HW_HISTORY_CONNECTIONS]);
	number_add(json, "uploads", sum(talks, HW_METRIC_uploads_open));
	number_add(json, "downloads", sum(talks, HW_METRIC_downloads_open));
	number_add(json, "uploads_completed", sum(talks, HW_METRIC_uploads_completed));
	number_add(json, "downloads_completed", sum(talks, HW_METRIC_downloads_completed));
	number_add(json, "transfers_confirmed", sum(talks, HW_METRIC_transfers_confirmed));
	hw_http_writer_text(json, "}");
}

static void column_add(struct hw_http_writer *json, const struct hw_history *history,
		       const char *name, enum hw_history_column column, uint64_t divisor)
{
	hw_http_writer_text(json, ",\"");
	hw_http_writer_text(json, name);
	hw_http_writer_text(json, "\":[");
	for (uint32_t i = 0; i < hw_history_count(history); i++) {
		hw_http_writer_text(json, i == 0 ? "" : ",");
		hw_http_writer_number(json, hw_history_step(history, i)->values[column] / divisor);
	}
	hw_http_writer_text(json, "]");
}

static void history_add(struct hw_http_writer *json, const struct hw_history *history)
{
	hw_http_writer_text(json, ",\"history\":{");
	number_add(json, "step_ms", HW_HISTORY_STEP_MS);
	number_add(json, "end_ms", history->end_ms);
	column_add(json, history, "received_bytes", HW_HISTORY_RECEIVED, 1);
	column_add(json, history, "sent_bytes", HW_HISTORY_SENT, 1);
	column_add(json, history, "requests", HW_HISTORY_REQUESTS, 1);
	column_add(json, history, "errors", HW_HISTORY_ERRORS, 1);
	column_add(json, history, "cpu_ms", HW_HISTORY_CPU_US, 1000);
	column_add(json, history, "connections", HW_HISTORY_CONNECTIONS, 1);
	hw_http_writer_text(json, "}");
}

/* -- what is moving -- */

static void transfer_write(struct hw_http_writer *json, const struct hw_report *report)
{
	const struct hw_room_letter *letter = &report->letter;
	struct hw_span name = {letter->name, letter->name_size};
	char share[SHARE_TEXT_SIZE + 1];
	hw_base32_encode(letter->share_id, HW_SHARE_ID_SIZE, share);
	share[SHARE_TEXT_SIZE] = '\0';
	hw_http_writer_text(json, json->bytes[json->size - 1] == '[' ? "{" : ",{");
	text_add(json, "share", share);
	hw_http_writer_text(json, ",\"file\":");
	hw_http_writer_json_string(json, name);
	text_add(json, "direction", letter->is_down ? "down" : "up");
	number_add(json, "bytes", report->next.moved_size);
	if (report->next.size != UINT64_MAX) {
		number_add(json, "size", report->next.size);
	} else {
		hw_http_writer_text(json, ",\"size\":null");
	}
	number_add(json, "bytes_per_s", report->next.stalled == NULL ? report->rate : 0);
	if (report->next.stalled != NULL) {
		text_add(json, "stalled", report->next.stalled);
	} else {
		hw_http_writer_text(json, ",\"stalled\":null");
	}
	hw_http_writer_text(json, "}");
}

/* On the reactor that the page has come to: what that one moves. */
static void transfers_add(struct hw_page *page, struct hw_talks *here)
{
	struct hw_http_writer *json = &page->writer;
	struct hw_list *head = &here->open_reports;
	for (struct hw_list *link = head->next; link != head; link = link->next) {
		uint32_t size = json->size;
		transfer_write(json, hw_container_of(link, struct hw_report, link));
		if (json->is_overflowed || json->size > json->capacity - END_SIZE) {
			hw_http_writer_cut(json, size);
			page->is_cut = true;
			return;
		}
	}
}

static void page_post(struct hw_page *page, const struct hw_talks *here)
{
	const struct hw_talk_options *options = &here->options;
	bool is_last = page->visited_count == options->peer_count;
	const struct hw_talks *next = is_last ? page->talks : options->peers[page->visited_count];
	page->mail.deliver = is_last ? home : visit;
	hw_mailbox_post(&next->reactor->mailbox, here->reactor->ring, &page->mail);
}

static void visit(struct hw_mail *mail)
{
	struct hw_page *page = hw_container_of(mail, struct hw_page, mail);
	struct hw_talks *here = page->talks->options.peers[page->visited_count];
	transfers_add(page, here);
	page->visited_count++;
	page_post(page, here);
}

static void home(struct hw_mail *mail)
{
	struct hw_page *page = hw_container_of(mail, struct hw_page, mail);
	hw_http_writer_text(&page->writer, "]");
	if (page->is_cut) {
		hw_http_writer_text(&page->writer, ",\"transfers_cut\":true");
	}
	hw_http_writer_text(&page->writer, "}\n");
	hw_page_send(page, "application/json");
}

void hw_metrics_json_begin(struct hw_talks *talks, struct hw_http_conn *conn)
{
	uint8_t hash[HW_HASH_SIZE];
	bool is_operator = hw_may_operate(talks, conn);
	if (!is_operator && hw_may_bearer(conn, hash)) { /* who wants to know more hears that */
		hw_reply_error(conn, 403, "Only an operator's token shows all transfers.");
		return;
	}
	struct hw_page *page = hw_page_take(talks, conn);
	if (page == NULL) {
		return;
	}
	struct hw_http_writer *json = &page->writer;
	hw_http_writer_text(json, "{");
	about_add(json, talks);
	reactors_add(json, talks);
	totals_add(json, talks);
	history_add(json, &talks->history);
	hw_assert(!json->is_overflowed);
	if (is_operator) {
		hw_http_writer_text(json, ",\"transfers\":[");
		page_post(page, talks);
		return;
	}
	hw_http_writer_text(json, "}\n");
	hw_page_send(page, "application/json");
}

/* -- the cluster -- */

/* Thousandths of its cores that the last step used. */
static uint64_t load_of(const struct hw_talks *talks)
{
	uint32_t count = hw_history_count(&talks->history);
	if (count == 0) {
		return 0;
	}
	uint64_t used_us = hw_history_step(&talks->history, count - 1)->values[HW_HISTORY_CPU_US];
	uint64_t whole_us = (uint64_t)HW_HISTORY_STEP_MS * 1000 * talks->options.peer_count;
	return hw_min(used_us * 1000 / whole_us, UINT64_C(1000));
}

void hw_cluster_json_reply(struct hw_talks *talks, struct hw_http_conn *conn)
{
	char bytes[CLUSTER_SIZE_MAX];
	char address[ADDRESS_SIZE_MAX];
	struct hw_http_writer json;
	struct hw_http_writer origin;
	hw_http_writer_init(&origin, address, sizeof(address));
	hw_reply_write_origin(conn, &origin, talks->options.public_url);
	hw_assert(!origin.is_overflowed);
	hw_http_writer_init(&json, bytes, sizeof(bytes));
	hw_http_writer_text(&json, "{");
	text_add(&json, "self", talks->options.node_id);
	text_add(&json, "leader", talks->options.node_id);
	number_add(&json, "epoch", 0);
	text_add(&json, "mode", "standalone");
	hw_http_writer_text(&json, ",\"nodes\":[{");
	text_add(&json, "id", talks->options.node_id);
	hw_http_writer_text(&json, ",\"address\":");
	hw_http_writer_json_string(&json, hw_http_writer_span(&origin));
	text_add(&json, "role", "leader");
	text_add(&json, "health", conn->server->is_draining ? "stopping" : "up");
	text_add(&json, "version", HW_VERSION);
	hw_http_writer_text(&json, ",\"load\":");
	thousandths_write(&json, load_of(talks));
	hw_http_writer_text(&json, "}]}\n");
	hw_assert(!json.is_overflowed);
	hw_reply_json(conn, 200, hw_http_writer_span(&json));
}
