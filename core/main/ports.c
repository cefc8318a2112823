/* SPDX-License-Identifier: Apache-2.0 */
#include "core/main/ports.h"

#include <errno.h>

#include "core/base/failpoint.h"
#include "core/base/log.h"
#include "core/store/verified.h"

static int punch(void *context, const struct hw_extent *extent, bool was_read)
{
	const struct hw_ports *ports = context;
	/* Smaller ones are not sent that way. */
	bool was_lent = was_read && extent->size >= HW_VERIFIED_SIZE_MIN;
	if (was_lent && hw_files_is_on_its_way(ports->files, extent->shard, extent->segment,
					       extent->offset, hw_extent_disk_size(extent->size))) {
		return -EBUSY;
	}
	return hw_files_segment_punch(ports->files, extent->shard, extent->segment, extent->offset,
				      hw_extent_disk_size(extent->size));
}

static int segment_unlink(void *context, uint32_t shard, uint32_t segment)
{
	const struct hw_ports *ports = context;
	return hw_files_segment_unlink(ports->files, shard, segment);
}

struct hw_reclaim_port hw_ports_reclaim(struct hw_ports *ports)
{
	return (struct hw_reclaim_port){
		.context = ports, .punch = punch, .segment_unlink = segment_unlink};
}

static void sealed(void *user, uint32_t shard, uint32_t segment)
{
	struct hw_ports *ports = user;
	int r = hw_catalog_db_segment_known(ports->db, shard, segment);
	if (r < 0) { /* it stays until the next start, which finds it */
		HW_LOG(HW_LOG_WARN, "segment.not_listed", HW_F_ERRNO("error", r),
		       HW_F_U64("shard", shard), HW_F_U64("segment", segment));
	}
}

struct hw_segment_port hw_ports_segment(struct hw_ports *ports)
{
	return (struct hw_segment_port){.user = ports, .sealed = sealed};
}

static int extent_recover(void *context, const struct hw_extent *extent)
{
	return hw_recover_extent(context, extent);
}

int hw_ports_look(struct hw_ports *ports, struct hw_recover *ret_recover)
{
	int r = hw_recover_begin(ret_recover, ports->files, NULL, NULL);
	if (r < 0) {
		return r;
	}
	ret_recover->is_check = true;
	r = hw_catalog_db_extents_each(ports->db, extent_recover, ret_recover);
	int end = hw_recover_end(ret_recover, r >= 0);
	return r < 0 ? r : end;
}

int hw_ports_recover(struct hw_ports *ports, struct hw_recover *ret_recover)
{
	HW_FAILPOINT(recovery_opened);
	struct hw_recover looked;
	int r = hw_ports_look(ports, &looked);
	if (r >= 0) {
		r = hw_catalog_db_recover(ports->db);
	}
	if (r >= 0) {
		r = hw_recover_begin(ret_recover, ports->files, sealed, ports);
	}
	if (r < 0) {
		return r;
	}
	r = hw_catalog_db_extents_each(ports->db, extent_recover, ret_recover);
	int end = hw_recover_end(ret_recover, r >= 0);
	return r < 0 ? r : end;
}
