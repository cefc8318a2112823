/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/bearer.h"

#include <string.h>

#include "net/wire/base64.h"
#include "simd/sha256.h"

bool hw_bearer_hash(const struct hw_http_conn *conn, uint8_t ret_hash[HW_HASH_SIZE])
{
	struct hw_span value;
	if (!hw_http_request_field(hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
				   HW_SPAN("Authorization"), &value)) {
		return false;
	}
	struct hw_span scheme = HW_SPAN("Bearer ");
	if (value.size <= scheme.size ||
	    !hw_span_equal_nocase((struct hw_span){value.bytes, scheme.size}, scheme)) {
		return false;
	}
	uint8_t token[HW_TOKEN_SIZE] = {0};
	struct hw_span text = hw_span_skip(value, scheme.size);
	int r = hw_base64url_decode(text, token, HW_TOKEN_SIZE);
	struct hw_hash hash;
	hw_sha256(token, r < 0 ? 0 : HW_TOKEN_SIZE, &hash);
	memcpy(ret_hash, hash.bytes, HW_HASH_SIZE);
	return true;
}
