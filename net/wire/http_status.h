/* SPDX-License-Identifier: Apache-2.0
 *
 * http_status.h - the one table from a status to its phrase
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_HTTP_STATUS_H
#define HW_NET_WIRE_HTTP_STATUS_H

#include "core/base/check.h"

/* The phrase of a status, "Not Found"; static; NULL when the table has none. */
const char *hw_http_status_phrase(uint32_t status);

#endif
