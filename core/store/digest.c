/* SPDX-License-Identifier: Apache-2.0
 *
 *   submit -> jobs -> (end of the turn) jobs_run -> batch_take -> batch_hash -> batch_done
 */
#include "core/store/digest.h"

#define TURN_BYTES_MAX (16U * HW_SLAB_SIZE) /* 4 MiB: some 2 ms with SHA-NI, then others' turn */

/* Jobs that are hashed together, in the order they came: as many as their whole blocks fit into the
 * widest kernel's lanes. */
struct batch {
	struct hw_digest_job *jobs[HW_SLAB_BLOCKS];
	const uint8_t *blocks[HW_SLAB_BLOCKS];
	struct hw_hash *hashes[HW_SLAB_BLOCKS];
	uint32_t job_count;
	uint32_t block_count;
	uint32_t bytes_size;
};

static bool jobs_run(struct hw_turn_hook *hook);
static void batch_take(struct batch *batch, struct hw_list *jobs);
static void batch_add(struct batch *batch, struct hw_digest_job *job);
static void batch_hash(const struct batch *batch);
static void batch_done(const struct batch *batch);

void hw_digest_init(struct hw_digest *digest, struct hw_reactor *reactor)
{
	*digest = (struct hw_digest){.hook.run = jobs_run};
	hw_list_init(&digest->jobs);
	hw_reactor_hook_add(reactor, &digest->hook);
}

void hw_digest_submit(struct hw_digest *digest, struct hw_digest_job *job, hw_digest_fn *done)
{
	hw_assert(job->size > 0 && job->size <= HW_SLAB_SIZE);
	job->done = done;
	hw_list_append(&digest->jobs, &job->link);
}

static bool jobs_run(struct hw_turn_hook *hook)
{
	struct hw_digest *digest = hw_container_of(hook, struct hw_digest, hook);
	uint32_t bytes_size = 0;
	while (bytes_size < TURN_BYTES_MAX && !hw_list_is_empty(&digest->jobs)) {
		struct batch batch = {.job_count = 0};
		batch_take(&batch, &digest->jobs);
		batch_hash(&batch);
		bytes_size += batch.bytes_size;
		batch_done(&batch);
	}
	return !hw_list_is_empty(&digest->jobs);
}

static void batch_take(struct batch *batch, struct hw_list *jobs)
{
	while (batch->job_count < HW_SLAB_BLOCKS && !hw_list_is_empty(jobs)) {
		struct hw_digest_job *job = hw_container_of(jobs->next, struct hw_digest_job, link);
		if (batch->block_count + job->size / HW_BLOCK_SIZE > HW_SLAB_BLOCKS) {
			return; /* the first of the next batch: nobody overtakes it */
		}
		hw_list_remove(&job->link);
		batch_add(batch, job);
	}
}

static void batch_add(struct batch *batch, struct hw_digest_job *job)
{
	for (uint32_t i = 0; i < job->size / HW_BLOCK_SIZE; i++) {
		batch->blocks[batch->block_count] = job->bytes + (uint64_t)i * HW_BLOCK_SIZE;
		batch->hashes[batch->block_count] = &job->ret_hashes[i];
		batch->block_count++;
	}
	batch->jobs[batch->job_count] = job;
	batch->job_count++;
	batch->bytes_size += job->size;
}

static void batch_hash(const struct batch *batch)
{
	hw_sha256_gather(batch->blocks, HW_BLOCK_SIZE, batch->block_count, batch->hashes);
	for (uint32_t i = 0; i < batch->job_count; i++) {
		const struct hw_digest_job *job = batch->jobs[i];
		uint32_t full_count = job->size / HW_BLOCK_SIZE;
		uint32_t rest_size = job->size % HW_BLOCK_SIZE;
		if (rest_size > 0) {
			hw_sha256(job->bytes + (uint64_t)full_count * HW_BLOCK_SIZE, rest_size,
				  &job->ret_hashes[full_count]);
		}
	}
}

/* From here on a job is its owner's again, who may submit it anew: it is not looked at twice. */
static void batch_done(const struct batch *batch)
{
	for (uint32_t i = 0; i < batch->job_count; i++) {
		batch->jobs[i]->done(batch->jobs[i]);
	}
}
