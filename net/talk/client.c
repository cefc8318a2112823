/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/client.h"

#include "net/wire/base64.h"
#include "net/wire/forwarded.h"
#include "net/wire/uri.h"

struct hw_address hw_client_of(const struct hw_talks *talks, const struct hw_http_conn *conn)
{
	const struct hw_networks *trusted = talks->options.trusted_proxies;
	struct hw_address peer = hw_address_of(conn->peer, conn->peer_size);
	if (trusted == NULL || !hw_networks_have(trusted, &peer)) {
		return peer;
	}
	struct hw_forwarded forwarded = {.count = 0};
	struct hw_span value;
	uint32_t index = 0;
	struct hw_span name =
		talks->options.has_forwarded ? HW_SPAN("Forwarded") : HW_SPAN("X-Forwarded-For");
	while (hw_http_request_field_next(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
					  name, &index, &value)) {
		if (talks->options.has_forwarded) {
			hw_forwarded_add(&forwarded, value);
		} else {
			hw_forwarded_add_for(&forwarded, value);
		}
	}
	return hw_forwarded_client(&forwarded, trusted, &peer);
}

bool hw_client_id_of(const struct hw_http_conn *conn, uint8_t ret_id[HW_CLIENT_ID_SIZE])
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span path;
	struct hw_span query;
	struct hw_span text;
	if (!hw_http_request_field(request, bytes, HW_SPAN("Hawser-Client"), &text)) {
		hw_uri_split(hw_http_request_target(request, bytes), &path, &query);
		if (!hw_uri_query_find(query, HW_SPAN("client"), &text)) {
			return false;
		}
	}
	return hw_base64url_decode(text, ret_id, HW_CLIENT_ID_SIZE) >= 0;
}
