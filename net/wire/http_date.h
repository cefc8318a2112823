/* SPDX-License-Identifier: Apache-2.0
 *
 * http_date.h - dates as HTTP writes them (RFC 9110, 5.6.7), without locale or time zone files
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_HTTP_DATE_H
#define HW_NET_WIRE_HTTP_DATE_H

#include "core/base/check.h"
#include "net/wire/calendar.h"

#define HW_HTTP_DATE_SIZE 29U /* bytes of "Sun, 06 Nov 1994 08:49:37 GMT" */

/* The last second that four digits of year can say. Later ones are written as this one. */
#define HW_HTTP_DATE_MAX HW_CALENDAR_SECONDS_MAX

/* hw_http_date_write - IMF-fixdate
 * @ret_text  HW_HTTP_DATE_SIZE bytes, the caller's; not terminated */
void hw_http_date_write(uint64_t unix_seconds, char *ret_text);

#endif
