/* SPDX-License-Identifier: Apache-2.0
 *
 * pages.h - the daemon about itself: how to use it, its health, its metrics
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_PAGES_H
#define HW_NET_TALK_PAGES_H

#include "net/talk/talk.h"

#define HW_PAGE_TEXT_SIZE_MAX                                                                      \
	65536U /* bytes; /metrics needs some 30 KiB whatever the number of threads, JSON 40 */

/* A text on its way; from the pool of pages. */
struct hw_page {
	struct hw_mail mail; /* metrics_json.c sends it round the reactors */
	struct hw_talks *talks;
	struct hw_http_conn *conn;
	struct hw_http_writer writer; /* into text */
	uint32_t visited_count;       /* reactors */
	bool is_cut;
	char text[HW_PAGE_TEXT_SIZE_MAX];
};

/* An empty page for this request; NULL: there is none, and the client was told so. */
struct hw_page *hw_page_take(struct hw_talks *talks, struct hw_http_conn *conn);
/* Send what was written. Takes page and request over. @type: the media type, a literal. */
void hw_page_send(struct hw_page *page, const char *type);

void hw_page_usage(struct hw_talks *talks, struct hw_http_conn *conn);
/* 200 when uploads and downloads can be served, 503 with the reason when not. */
void hw_page_health(struct hw_talks *talks, struct hw_http_conn *conn);
/* Prometheus's text format. */
void hw_page_metrics(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
