/* SPDX-License-Identifier: Apache-2.0
 *
 * portal_files.h - the portal that was built into this binary
 *
 * Room: core/main    Thread: any    Blocks: never    Allocates: never
 *
 * Its definition is made by web/embed.mjs; only hawserd itself is linked with it, where
 * HW_HAS_PORTAL is 1 (cmake -DHW_PORTAL=ON, the default).
 */
#ifndef HW_CORE_MAIN_PORTAL_FILES_H
#define HW_CORE_MAIN_PORTAL_FILES_H

#include "net/talk/portal.h"

extern const struct hw_portal hw_portal_files;

#endif
