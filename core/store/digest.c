/* SPDX-License-Identifier: Apache-2.0
 *
 *   submit -> jobs -> (end of the turn) jobs_run -> hash -> done
 */
#include "core/store/digest.h"

#define TURN_BYTES_MAX (16U * HW_SLAB_SIZE) /* 4 MiB: some 2 ms with SHA-NI, then others' turn */

static bool jobs_run(struct hw_turn_hook *hook);

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

static void hash(const struct hw_digest_job *job)
{
	uint32_t full_count = job->size / HW_BLOCK_SIZE;
	uint32_t rest_size = job->size % HW_BLOCK_SIZE;
	if (full_count > 0) {
		hw_sha256_batch(job->bytes, HW_BLOCK_SIZE, HW_BLOCK_SIZE, full_count,
				job->ret_hashes);
	}
	if (rest_size > 0) {
		hw_sha256(job->bytes + (uint64_t)full_count * HW_BLOCK_SIZE, rest_size,
			  &job->ret_hashes[full_count]);
	}
}

static bool jobs_run(struct hw_turn_hook *hook)
{
	struct hw_digest *digest = hw_container_of(hook, struct hw_digest, hook);
	uint32_t bytes_size = 0;
	while (bytes_size < TURN_BYTES_MAX && !hw_list_is_empty(&digest->jobs)) {
		struct hw_list *link = hw_list_take_first(&digest->jobs);
		struct hw_digest_job *job = hw_container_of(link, struct hw_digest_job, link);
		bytes_size += job->size;
		hash(job);
		job->done(job);
	}
	return !hw_list_is_empty(&digest->jobs);
}
