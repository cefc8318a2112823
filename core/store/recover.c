/* SPDX-License-Identifier: Apache-2.0
 *
 * The live extents and the segments on disk are both in rising order: one merge.
 *
 *   begin  -> shard_enter(0)
 *   extent -> shards_advance -> segments_advance (unlink what has none) -> segment_enter -> punch
 *   end    -> shards_advance to the last
 *
 *   shard_enter -> ... -> segment_leave (cut) -> ... -> shard left (unlink the rest)
 */
#include "core/store/recover.h"

#include <errno.h>

#include "core/base/failpoint.h"

static int shard_enter(struct hw_recover *recover, uint32_t shard)
{
	int count = hw_files_segment_list(recover->files, shard, &recover->segments);
	if (count < 0) {
		return count;
	}
	recover->shard = shard;
	recover->count = (uint32_t)count;
	recover->index = 0;
	recover->is_inside = false;
	recover->next_segments[shard] = count == 0 ? 1 : recover->segments[count - 1] + 1;
	return 0;
}

/* The current segment has no more live extents. */
static int segment_leave(struct hw_recover *recover)
{
	if (!recover->is_inside) {
		return 0;
	}
	uint32_t segment = recover->segments[recover->index++];
	recover->is_inside = false;
	recover->kept_count++;
	int r = 0;
	if (!recover->is_check && recover->segment_size > recover->covered_offset) {
		r = hw_files_segment_cut(recover->files, recover->shard, segment,
					 recover->covered_offset);
		HW_FAILPOINT(recovery_punched);
	}
	if (r >= 0 && recover->segment_kept != NULL) {
		recover->segment_kept(recover->user, recover->shard, segment);
	}
	return r;
}

/* Leave the current segment and unlink those before number @segment, of which nothing is named. */
static int segments_advance(struct hw_recover *recover, uint32_t segment)
{
	int r = segment_leave(recover);
	while (r >= 0 && recover->index < recover->count &&
	       recover->segments[recover->index] < segment) {
		uint32_t unnamed = recover->segments[recover->index++];
		recover->unlinked_count++;
		if (!recover->is_check) {
			r = hw_files_segment_unlink(recover->files, recover->shard, unnamed);
		}
	}
	return r;
}

static void list_free(struct hw_recover *recover)
{
	hw_files_list_free(recover->segments);
	recover->segments = NULL;
	recover->count = 0;
	recover->index = 0;
}

static int shards_advance(struct hw_recover *recover, uint32_t shard)
{
	int r = 0;
	while (r >= 0 && recover->shard < shard) {
		r = segments_advance(recover, UINT32_MAX);
		list_free(recover);
		if (r >= 0) {
			r = shard_enter(recover, recover->shard + 1);
		}
	}
	return r;
}

static int segment_enter(struct hw_recover *recover, uint32_t segment)
{
	int r = segments_advance(recover, segment);
	if (r < 0) {
		return r;
	}
	if (recover->index == recover->count || recover->segments[recover->index] != segment) {
		return -EBADMSG; /* the catalog names a segment that is not there */
	}
	recover->is_inside = true;
	recover->covered_offset = 0;
	return hw_files_segment_size(recover->files, recover->shard, segment,
				     &recover->segment_size);
}

int hw_recover_begin(struct hw_recover *recover, const struct hw_files *files,
		     hw_recover_fn *segment_kept, void *user)
{
	*recover = (struct hw_recover){
		.files = files,
		.segment_kept = segment_kept,
		.user = user,
	};
	return shard_enter(recover, 0);
}

static bool is_well_formed(const struct hw_extent *extent)
{
	return extent->shard < HW_SHARD_COUNT_MAX && extent->size > 0 &&
	       extent->size <= HW_CHUNK_SIZE && extent->offset % HW_PAGE_SIZE == 0;
}

int hw_recover_extent(struct hw_recover *recover, const struct hw_extent *extent)
{
	if (!is_well_formed(extent) || extent->shard < recover->shard) {
		return -EBADMSG;
	}
	int r = shards_advance(recover, extent->shard);
	if (r >= 0 && recover->is_inside && extent->segment < recover->segments[recover->index]) {
		return -EBADMSG; /* before the current segment is cut for it */
	}
	bool is_same = recover->is_inside && recover->segments[recover->index] == extent->segment;
	if (r >= 0 && !is_same) {
		r = segment_enter(recover, extent->segment);
	}
	if (r < 0) {
		return r;
	}
	uint32_t disk_size = hw_extent_disk_size(extent->size);
	bool is_within = disk_size <= recover->segment_size &&
			 extent->offset <= recover->segment_size - disk_size;
	if (!is_within || extent->offset < recover->covered_offset) {
		return -EBADMSG;
	}
	if (!recover->is_check && extent->offset > recover->covered_offset) {
		uint64_t gap_size = extent->offset - recover->covered_offset;
		recover->punched_size += gap_size;
		r = hw_files_segment_punch(recover->files, extent->shard, extent->segment,
					   recover->covered_offset, gap_size);
		HW_FAILPOINT(recovery_punched);
	}
	recover->covered_offset = extent->offset + disk_size;
	return r;
}

int hw_recover_end(struct hw_recover *recover, bool is_complete)
{
	int r = 0;
	if (is_complete) {
		r = shards_advance(recover, HW_SHARD_COUNT_MAX - 1);
		if (r >= 0) {
			r = segments_advance(recover, UINT32_MAX);
		}
	}
	list_free(recover);
	return r;
}
