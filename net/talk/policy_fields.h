/* SPDX-License-Identifier: Apache-2.0
 *
 * policy_fields.h - what a PUT wishes of its share: header fields, or parameters of its query
 *
 * Room: net/talk    Thread: any, pure    Blocks: never    Allocates: never
 * Limits: as share_wish.h
 *
 *   Hawser-Expires    ?expires=     a duration, or never
 *   Hawser-Downloads  ?downloads=   1 to 4294967295
 *   Hawser-Message    ?message=
 *   Hawser-Link       ?link=        its own name
 *   Hawser-Password                 not in an address: those are kept in logs and histories
 *
 * What is misspelled is refused, as in share_wish.h.
 */
#ifndef HW_NET_TALK_POLICY_FIELDS_H
#define HW_NET_TALK_POLICY_FIELDS_H

#include "net/wire/http_request.h"
#include "net/wire/share_wish.h"

/* @bytes         of the request's head
 * @ret_wish      the caller's, who wipes it for the password's sake; of meaning only with 0
 * @ret_sentence  HW_SHARE_WISH_SENTENCE_MAX bytes, the caller's; written with a status
 * Returns 0, or the status of the refusal. */
uint32_t hw_policy_fields_read(const struct hw_http_request *request, const char *bytes,
			       struct hw_share_wish *ret_wish, char *ret_sentence) HW_MUST_CHECK;

#endif
