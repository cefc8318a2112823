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
	65528U /* bytes; some 30 KiB are needed, whatever the number of threads */

/* A text on its way; from the pool of pages. */
struct hw_page {
	struct hw_http_conn *conn;
	struct hw_pool *pool;
	char text[HW_PAGE_TEXT_SIZE_MAX];
};

void hw_page_usage(struct hw_talks *talks, struct hw_http_conn *conn);
/* 200 when uploads and downloads can be served, 503 with the reason when not. */
void hw_page_health(struct hw_talks *talks, struct hw_http_conn *conn);
/* Prometheus's text format. */
void hw_page_metrics(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
