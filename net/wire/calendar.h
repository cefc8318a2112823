/* SPDX-License-Identifier: Apache-2.0
 *
 * calendar.h - year, month and day of a moment in UTC, without locale or time zone files
 *
 * Room: net/wire    Thread: any, pure    Blocks: never    Allocates: never
 */
#ifndef HW_NET_WIRE_CALENDAR_H
#define HW_NET_WIRE_CALENDAR_H

#include "core/base/check.h"

#define HW_DAY_SECONDS 86400U

/* The last second that four digits of year can say. Later ones are taken for this one. */
#define HW_CALENDAR_SECONDS_MAX UINT64_C(253402300799)

struct hw_calendar {
	uint32_t year;  /* 1970..9999 */
	uint32_t month; /* 1..12 */
	uint32_t day;   /* 1..31 */
	uint32_t hour;
	uint32_t minute;
	uint32_t second; /* 0..59: Unix time has no leap seconds */
};

struct hw_calendar hw_calendar_of(uint64_t unix_seconds);

#endif
