/* SPDX-License-Identifier: Apache-2.0
 *
 * prepare.h - what the daemon and the check do alike before they touch what is stored
 *
 * Room: core/main    Thread: main, before the others    Blocks: yes    Allocates: never
 *
 * Each says on the log what went wrong, and returns 0 or -errno.
 */
#ifndef HW_CORE_MAIN_PREPARE_H
#define HW_CORE_MAIN_PREPARE_H

#include "core/base/config.h"
#include "core/store/files.h"

#define HW_CATALOG_NAME "catalog.db"

/* Choose the hash kernels. */
int hw_prepare_simd(const struct hw_config *config) HW_MUST_CHECK;
/* Become user=, if root named one; the data directory is made for it when it is not there. */
int hw_prepare_user(const struct hw_config *config) HW_MUST_CHECK;
/* Open the data directory and take its lock. */
int hw_prepare_files(const struct hw_config *config, struct hw_files *ret_files) HW_MUST_CHECK;
/* Without its catalog every segment would be taken for free space: -ENOENT. */
int hw_prepare_catalog(const struct hw_files *files) HW_MUST_CHECK;

#endif
