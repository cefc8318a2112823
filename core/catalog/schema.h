/* SPDX-License-Identifier: Apache-2.0
 *
 * schema.h - the migrations of schema/, in order, as text
 *
 * Room: core/catalog    Thread: any    Blocks: never    Allocates: never
 *
 * hw_schema_migrations[n] leads from version n to n + 1 (PRAGMA user_version).
 */
#ifndef HW_CORE_CATALOG_SCHEMA_H
#define HW_CORE_CATALOG_SCHEMA_H

#include <stdint.h>

extern const uint32_t hw_schema_version;
extern const char *const hw_schema_migrations[];

#endif
