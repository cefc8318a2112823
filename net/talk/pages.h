/* SPDX-License-Identifier: Apache-2.0
 *
 * pages.h - the daemon about itself: how to use it, its health, its metrics
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_PAGES_H
#define HW_NET_TALK_PAGES_H

#include "net/talk/talk.h"

void hw_page_usage(struct hw_talks *talks, struct hw_http_conn *conn);
/* 200 when uploads and downloads can be served, 503 with the reason when not. */
void hw_page_health(struct hw_talks *talks, struct hw_http_conn *conn);
/* Prometheus's text format, out of a slab. */
void hw_page_metrics(struct hw_talks *talks, struct hw_http_conn *conn);

#endif
