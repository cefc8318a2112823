/* SPDX-License-Identifier: Apache-2.0
 *
 * link.h - what a link names, as the catalog is asked for it
 *
 * Room: net/talk    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_TALK_LINK_H
#define HW_NET_TALK_LINK_H

#include "core/base/span.h"
#include "core/catalog/catalog.h"

/* From the path's segments to a request's share_id and name. What cannot be one becomes one that is
 * never there, so that it is looked up, and not found, like any other: in the same time. */
void hw_link_parse(struct hw_catalog_request *request, struct hw_span id, struct hw_span name);

/* The share's part of it alone: its id or its link's own name. */
void hw_share_ref_parse(struct hw_catalog_request *request, struct hw_span id);

#endif
