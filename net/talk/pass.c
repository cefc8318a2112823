/* SPDX-License-Identifier: Apache-2.0 */
#include "net/talk/pass.h"

#include "net/wire/base32.h"
#include "net/wire/cookie.h"
#include "simd/hmac.h"

#define COOKIE_ID_SIZE 8U /* characters of the id: enough to tell the shares of one browser apart */
#define COOKIE_PREFIX  "hawser-"
#define COOKIE_SIZE    (sizeof(COOKIE_PREFIX) - 1 + COOKIE_ID_SIZE)

static void expiry_write(uint64_t expiry_ms, uint8_t *ret_bytes)
{
	for (uint32_t i = 0; i < 8; i++) {
		ret_bytes[i] = (uint8_t)(expiry_ms >> (56 - 8 * i));
	}
}

static uint64_t expiry_read(const uint8_t *bytes)
{
	uint64_t expiry_ms = 0;
	for (uint32_t i = 0; i < 8; i++) {
		expiry_ms = expiry_ms << 8 | bytes[i];
	}
	return expiry_ms;
}

static void mac_make(const struct hw_talks *talks, const uint8_t *share_id,
		     const struct hw_share_access *access, const uint8_t *expiry,
		     struct hw_hash *ret_mac)
{
	struct hw_hmac hmac;
	struct hw_hash password;
	hw_sha256(access->password, access->password_size, &password);
	hw_hmac_init(&hmac, talks->options.pass_secret, sizeof(talks->options.pass_secret));
	hw_hmac_update(&hmac, share_id, HW_SHARE_ID_SIZE);
	hw_hmac_update(&hmac, password.bytes, HW_HASH_SIZE);
	hw_hmac_update(&hmac, expiry, 8);
	hw_hmac_final(&hmac, ret_mac);
}

void hw_pass_make(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE],
		  const struct hw_share_access *access, char *ret_text)
{
	uint8_t pass[HW_PASS_SIZE];
	struct hw_hash mac;
	expiry_write(talks->reactor->wall_ms + HW_PASS_LIFE_MS, pass);
	mac_make(talks, share_id, access, pass, &mac);
	memcpy(pass + 8, mac.bytes, HW_HASH_SIZE);
	hw_base64url_encode(pass, HW_PASS_SIZE, ret_text);
}

bool hw_pass_check(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE],
		   const struct hw_share_access *access, struct hw_span text)
{
	uint8_t pass[HW_PASS_SIZE];
	struct hw_hash given;
	struct hw_hash mac;
	if (hw_base64url_decode(text, pass, HW_PASS_SIZE) < 0) {
		return false;
	}
	memcpy(given.bytes, pass + 8, HW_HASH_SIZE);
	mac_make(talks, share_id, access, pass, &mac);
	return hw_hash_equal(&given, &mac) && expiry_read(pass) > talks->reactor->wall_ms;
}

static void cookie_name(const uint8_t *share_id, char ret_name[COOKIE_SIZE])
{
	char id[HW_SHARE_ID_TEXT_SIZE];
	hw_base32_encode(share_id, HW_SHARE_ID_SIZE, id);
	memcpy(ret_name, COOKIE_PREFIX, sizeof(COOKIE_PREFIX) - 1);
	memcpy(ret_name + sizeof(COOKIE_PREFIX) - 1, id, COOKIE_ID_SIZE);
}

/* Each of that name, good or not: old ones may stand before the new one. */
static bool cookie_came(const struct hw_talks *talks, const struct hw_http_conn *conn,
			const uint8_t *share_id, const struct hw_share_access *access)
{
	char name[COOKIE_SIZE];
	struct hw_cookies cookies;
	struct hw_span value;
	cookie_name(share_id, name);
	hw_cookies_init(&cookies, hw_http_conn_request(conn), hw_http_conn_head_bytes(conn),
			(struct hw_span){name, sizeof(name)});
	while (hw_cookies_next(&cookies, &value)) {
		if (hw_pass_check(talks, share_id, access, value)) {
			return true;
		}
	}
	return false;
}

bool hw_pass_came(const struct hw_talks *talks, const struct hw_http_conn *conn,
		  const uint8_t share_id[HW_SHARE_ID_SIZE], const struct hw_share_access *access)
{
	const struct hw_http_request *request = hw_http_conn_request(conn);
	const char *bytes = hw_http_conn_head_bytes(conn);
	struct hw_span value;
	if (hw_http_request_field(request, bytes, HW_SPAN("Hawser-Pass"), &value) &&
	    hw_pass_check(talks, share_id, access, value)) {
		return true;
	}
	return cookie_came(talks, conn, share_id, access);
}

void hw_pass_write(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE],
		   const struct hw_share_access *access, struct hw_http_writer *writer)
{
	char name[COOKIE_SIZE];
	char text[HW_PASS_TEXT_SIZE];
	const char *public_url = talks->options.public_url;
	cookie_name(share_id, name);
	hw_pass_make(talks, share_id, access, text);
	struct hw_cookie cookie = {
		.name = {name, sizeof(name)},
		.value = {text, sizeof(text)},
		.path = HW_SPAN("/"),
		.max_age_s = (uint32_t)(HW_PASS_LIFE_MS / 1000),
		.is_secure = hw_span_starts_with(hw_span_of(public_url), HW_SPAN("https:")),
	};
	hw_cookie_write(writer, &cookie);
	hw_http_writer_field(writer, HW_SPAN("Hawser-Pass"), (struct hw_span){text, sizeof(text)});
}
