/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/scrub_client.h"

static void next_done(struct hw_catalog_request *request)
{
	struct hw_scrub_client *client = hw_container_of(request, struct hw_scrub_client, request);
	bool is_good = request->res >= 0;
	hw_scrub_next_done(&client->scrub, is_good ? 0 : request->res, request->extents,
			   is_good ? request->extent_count : 0, request->stored_size);
}

static void next(void *user, const struct hw_extent *after)
{
	struct hw_scrub_client *client = user;
	client->request.extent_count = after != NULL ? 1 : 0;
	if (after != NULL) {
		client->request.extents[0] = *after;
	}
	hw_catalog_submit(client->catalog, &client->request, HW_CATALOG_SCRUB_NEXT, next_done);
}

static void damaged_done(struct hw_catalog_request *request)
{
	struct hw_scrub_client *client = hw_container_of(request, struct hw_scrub_client, request);
	hw_scrub_damaged_done(&client->scrub, request->res);
}

static void damaged(void *user, const struct hw_extent *extent)
{
	struct hw_scrub_client *client = user;
	client->request.extent_count = 1;
	client->request.extents[0] = *extent;
	hw_catalog_submit(client->catalog, &client->request, HW_CATALOG_DAMAGED, damaged_done);
}

void hw_scrub_client_init(struct hw_scrub_client *client, struct hw_catalog *catalog,
			  const struct hw_scrub_options *options)
{
	struct hw_scrub_options with_port = *options;
	with_port.port = (struct hw_scrub_port){.user = client, .next = next, .damaged = damaged};
	client->catalog = catalog;
	hw_scrub_init(&client->scrub, &with_port);
}

void hw_scrub_client_deinit(struct hw_scrub_client *client)
{
	if (client != NULL) {
		hw_scrub_deinit(&client->scrub);
	}
}
