/* SPDX-License-Identifier: Apache-2.0
 *
 * scrub_client.h - where the scrubber and the catalog meet, who do not know each other
 *
 * Room: core/main    Thread: the scrubber's reactor (init: main)    Blocks: init only
 * Allocates: never    Owns: the scrubber, and the one request that it has at a time
 */
#ifndef HW_CORE_MAIN_SCRUB_CLIENT_H
#define HW_CORE_MAIN_SCRUB_CLIENT_H

#include "core/catalog/catalog.h"
#include "core/store/scrub.h"

struct hw_scrub_client {
	struct hw_scrub scrub; /* first: it is aligned to a page */
	struct hw_catalog_request request;
	struct hw_catalog *catalog;
};

/* @client: zeroed. @catalog: lent until deinit. @options: its port is set here. */
void hw_scrub_client_init(struct hw_scrub_client *client, struct hw_catalog *catalog,
			  const struct hw_scrub_options *options);
void hw_scrub_client_deinit(struct hw_scrub_client *client);

#endif
