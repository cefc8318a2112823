/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that is gone on with may end in a short chunk. Its blocks are read back, checked, and
 * become the beginning of the chunk that takes its place:
 *
 *   load_begin -> chunk_opened -> load_next -> load_slab -> read_done -> append --+-> (all) receive
 *                                    ^         (or in line)                       |
 *                                    +--------------------------------------------+
 */
#include <errno.h>

#include "net/talk/intake_steps.h"

static void chunk_opened(struct hw_chunk_reader *reader, int res);
static void read_done(struct hw_chunk_reader *reader, int res);

void hw_intake_load_begin(struct hw_intake *intake)
{
	hw_assert(intake->short_chunk.size > 0 && !intake->is_chunk_open);
	hw_intake_set_state(intake, HW_INTAKE_LOADING);
	intake->received_size -= intake->short_chunk.size;
	intake->collected_size -= intake->short_chunk.size;
	intake->reader.opened = chunk_opened;
	intake->reader.read_done = read_done;
	intake->is_reading = true;
	hw_chunk_reader_open(&intake->reader, intake->talks->store, &intake->short_chunk);
}

static void chunk_opened(struct hw_chunk_reader *reader, int res)
{
	struct hw_intake *intake = hw_container_of(reader, struct hw_intake, reader);
	intake->is_reading = false;
	if (intake->state == HW_INTAKE_FAILING) {
		if (res >= 0) {
			hw_chunk_reader_close(reader);
		}
		hw_intake_join(intake);
		return;
	}
	if (res < 0) {
		hw_intake_fail(intake, res);
		return;
	}
	hw_intake_load_next(intake);
}

void hw_intake_load_next(struct hw_intake *intake)
{
	if (intake->is_reading || hw_list_is_linked(&intake->slab_waiter.link) ||
	    !hw_intake_has_room(intake)) {
		return;
	}
	struct hw_slab *slab = hw_slab_take(&intake->talks->reactor->slabs);
	if (slab == NULL) {
		hw_metrics_add(intake->talks->reactor->metrics, HW_METRIC_slab_waits, 1);
		hw_slab_wait(&intake->talks->reactor->slabs, &intake->slab_waiter);
		return;
	}
	hw_intake_load_slab(intake, slab);
}

void hw_intake_load_slab(struct hw_intake *intake, struct hw_slab *slab)
{
	intake->slab = slab;
	intake->is_reading = true;
	hw_chunk_reader_read(&intake->reader, slab, intake->loaded_size / HW_BLOCK_SIZE);
}

static void read_done(struct hw_chunk_reader *reader, int res)
{
	struct hw_intake *intake = hw_container_of(reader, struct hw_intake, reader);
	struct hw_slab *slab = hw_move(&intake->slab);
	intake->is_reading = false;
	if (intake->state == HW_INTAKE_FAILING || res < 0) {
		hw_slab_unref(slab);
		if (intake->state == HW_INTAKE_FAILING) {
			hw_chunk_reader_close(reader);
			hw_intake_join(intake);
		} else {
			hw_intake_fail(intake, res);
		}
		return;
	}
	intake->loaded_size += (uint32_t)res;
	if (!hw_intake_append(intake, slab)) {
		return;
	}
	if (intake->loaded_size < intake->short_chunk.size) {
		hw_intake_load_next(intake);
		return;
	}
	hw_chunk_reader_close(reader);
	intake->short_chunk.size = 0;
	intake->request.is_replacing = true;
	hw_intake_set_state(intake, HW_INTAKE_RECEIVING);
	hw_intake_loaded(intake);
}
