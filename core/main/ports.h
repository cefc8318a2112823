/* SPDX-License-Identifier: Apache-2.0
 *
 * ports.h - where the store and the catalog meet, who do not know each other
 *
 * Room: core/main    Thread: the worker (recover: main)    Blocks: yes    Allocates: never
 */
#ifndef HW_CORE_MAIN_PORTS_H
#define HW_CORE_MAIN_PORTS_H

#include "core/catalog/catalog_sqlite.h"
#include "core/store/recover.h"
#include "core/store/segment_log.h"

struct hw_ports {
	const struct hw_files *files;
	struct hw_catalog_db *db; /* set once it is open */
};

/* How the catalog gives space back. @ports: lent until the catalog is closed. */
struct hw_reclaim_port hw_ports_reclaim(struct hw_ports *ports);
/* How a reactor tells that a segment is sealed. */
struct hw_segment_port hw_ports_segment(struct hw_ports *ports);
/* Do the catalog's extents all lie in segments that are there? Nothing is touched; @ret_recover
 * says what recovery would find. Returns 0, -EBADMSG they do not, or -errno. */
int hw_ports_look(struct hw_ports *ports, struct hw_recover *ret_recover) HW_MUST_CHECK;
/* Start-up: forget what was unfinished, give back what the catalog does not name.
 * Returns 0 or -errno; @ret_recover says what came of it. */
int hw_ports_recover(struct hw_ports *ports, struct hw_recover *ret_recover) HW_MUST_CHECK;

#endif
