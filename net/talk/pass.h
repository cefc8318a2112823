/* SPDX-License-Identifier: Apache-2.0
 *
 * pass.h - what a receiver gets for a right password, so that it is asked for it once
 *
 * Room: net/talk    Thread: reactor    Blocks: never    Allocates: never
 * Limits: HW_PASS_LIFE_MS
 *
 * A pass is base64url(expiry || HMAC-SHA-256(the daemon's secret, share id || SHA-256(the PHC
 * string of the password) || expiry)): nothing is kept of it, a new password makes it void, and
 * so does a restart. It comes back as the cookie hawser-<first 8 characters of the id>, or in
 * Hawser-Pass.
 */
#ifndef HW_NET_TALK_PASS_H
#define HW_NET_TALK_PASS_H

#include "core/catalog/share.h"
#include "net/talk/talk.h"
#include "net/wire/base64.h"
#include "net/wire/http_writer.h"

#define HW_PASS_LIFE_MS   UINT64_C(43200000) /* 12 h: a long download on a slow line */
#define HW_PASS_SIZE      (8U + HW_HASH_SIZE)
#define HW_PASS_TEXT_SIZE HW_BASE64URL_SIZE(HW_PASS_SIZE) /* 54 */

/* @ret_text: HW_PASS_TEXT_SIZE characters, not terminated. */
void hw_pass_make(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE],
		  const struct hw_share_access *access, char *ret_text);
/* Is this text a pass for the share, and still good? In constant time. */
bool hw_pass_check(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE],
		   const struct hw_share_access *access, struct hw_span text);
/* Did the request bring one? While its head is there. */
bool hw_pass_came(const struct hw_talks *talks, const struct hw_http_conn *conn,
		  const uint8_t share_id[HW_SHARE_ID_SIZE], const struct hw_share_access *access);
/* A new one for the client: Set-Cookie and Hawser-Pass. Some 250 bytes of the reply buffer. */
void hw_pass_write(const struct hw_talks *talks, const uint8_t share_id[HW_SHARE_ID_SIZE],
		   const struct hw_share_access *access, struct hw_http_writer *writer);

#endif
