/* SPDX-License-Identifier: Apache-2.0 */
#include "core/store/fills.h"

static_assert((HW_FILL_COUNT & (HW_FILL_COUNT - 1)) == 0, "a power of two");

static uint32_t place_of(const struct hw_extent *extent, uint64_t granule)
{
	uint64_t mixed = granule ^ (uint64_t)extent->segment << 24 ^ (uint64_t)extent->shard << 48;
	mixed *= UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32) % HW_FILL_COUNT;
}

/* Of the extent's last byte: what lies behind the granule is not the extent's. */
static uint64_t last_granule(const struct hw_extent *extent)
{
	return (extent->offset + hw_extent_disk_size(extent->size) - 1) / HW_FILL_GRANULE;
}

uint64_t hw_fills_reach(const struct hw_fills *fills, const struct hw_extent *extent)
{
	return hw_extent_disk_size(extent->size) + fills->ahead_size + HW_FILL_SLACK;
}

static void note_from(struct hw_fills *fills, const struct hw_extent *extent, uint64_t first)
{
	uint64_t end = extent->offset + hw_fills_reach(fills, extent);
	for (uint64_t i = first; i <= (end - 1) / HW_FILL_GRANULE; i++) {
		atomic_fetch_add_explicit(&fills->counts[place_of(extent, i)], 1,
					  memory_order_seq_cst);
	}
}

/* From the extent's own last granule on: another reactor that has compared it hears of it, and
 * what lies before it is read by nobody. */
void hw_fills_note(struct hw_fills *fills, const struct hw_extent *extent)
{
	note_from(fills, extent, last_granule(extent));
}

void hw_fills_note_behind(struct hw_fills *fills, const struct hw_extent *extent)
{
	note_from(fills, extent, last_granule(extent) + 1);
}

uint32_t hw_fills_of(const struct hw_fills *fills, const struct hw_extent *extent)
{
	uint32_t sum = 0;
	for (uint64_t i = extent->offset / HW_FILL_GRANULE; i <= last_granule(extent); i++) {
		sum += atomic_load_explicit(&fills->counts[place_of(extent, i)],
					    memory_order_seq_cst);
	}
	return sum;
}
