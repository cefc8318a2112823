/* SPDX-License-Identifier: Apache-2.0
 *
 * check_report.h - what a check found, for people and for machines
 *
 * Room: core/main    Thread: main    Blocks: on the stream and the catalog    Allocates: never
 */
#ifndef HW_CORE_MAIN_CHECK_REPORT_H
#define HW_CORE_MAIN_CHECK_REPORT_H

#include <stdio.h>

#include "core/main/check.h"

/* How far we are: one line, over the one before, when a second has passed. */
void hw_check_progress(struct hw_check *check, FILE *out);
/* All of it, with the files that damaged chunks belong to. Returns 0, or -errno of the catalog. */
int hw_check_report_text(struct hw_check *check, FILE *out) HW_MUST_CHECK;
/* One object, one line. Likewise. */
int hw_check_report_json(struct hw_check *check, FILE *out) HW_MUST_CHECK;

#endif
