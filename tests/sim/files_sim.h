/* SPDX-License-Identifier: Apache-2.0
 *
 * files_sim.h - the simulated disk behind core/store/files.h: segments that live until hw_sim_end()
 *
 * Room: tests/sim    Thread: one    Blocks: never    Allocates: yes, it is a test
 * Owns: the directory; the contents are file_sim.c's
 *
 * A call takes up to delay_us_max of virtual time (its thread blocks) and fails with -EIO by
 * disk_error_percent. hw_files_close and hw_files_open leave the disk as it is. A power loss:
 *
 *	hw_sim_ring_abandon(each ring);  hw_ring_deinit(each ring);  free what the owners held;
 *	hw_files_close(&files);  hw_sim_disk_crash(seed);  hw_files_open(&files, ...) ...
 */
#ifndef HW_TESTS_SIM_FILES_SIM_H
#define HW_TESTS_SIM_FILES_SIM_H

#include "core/store/files.h"

/* Bytes of the whole disk; 1 TiB at first. */
void hw_sim_disk_size_set(uint64_t size);
/* Bytes that segments have allocated and neither punched nor cut. */
uint64_t hw_sim_disk_used_size(void);
/* Power loss for all segments; an unlinked one that no later sync covered may be there again. */
void hw_sim_disk_crash(uint64_t seed);
uint32_t hw_sim_disk_segment_count(uint32_t shard);
/* A descriptor of the segment for the hw_sim_file_ calls, the caller's; -ENOENT. */
int hw_sim_disk_segment_fd(uint32_t shard, uint32_t segment) HW_MUST_CHECK;

#endif
