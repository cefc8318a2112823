/* SPDX-License-Identifier: Apache-2.0
 *
 *   read -> step -+-> file reader -> read_done ------------------------------------> done
 *             ^   +-> question to the home -> answered: slab ----------------------> done
 *             |   |                             place: into the file reader's window -> step
 *             |   +-> EXTENTS -> looked -+
 *             |   +-> WATCH -> watched --+
 *             +--------------------------+
 *
 * The home's mails and the catalog's are the only ones that wake it; each step does one thing.
 */
#include "net/talk/follower.h"

#include <errno.h>

static void step(struct hw_follower *follower);
static void read_done(struct hw_file_reader *reader, struct hw_slab *slab, int res);
static void looked(struct hw_catalog_request *request);
static void answered(struct hw_follow *question);
static void leave_try(struct hw_follower *follower);

void hw_follower_init(struct hw_follower *follower, struct hw_talks *talks)
{
	hw_file_reader_init(&follower->reader, talks, read_done);
	for (uint32_t i = 0; i < HW_FOLLOWER_QUESTIONS; i++) {
		struct hw_follow *question = &follower->questions[i];
		hw_assert(!question->in_flight && question->slab == NULL);
		question->own = talks;
		question->seat = &follower->seat;
		question->done = answered;
		question->follower = follower;
		question->is_leaving = false;
	}
	follower->seat = NULL;
	follower->seat_home = NULL;
	follower->state = HW_FOLLOWER_IDLE;
	follower->is_growing = false;
	follower->is_cancelled = false;
	follower->is_leaving = false;
	follower->is_home_gone = false;
}

void hw_follower_begin(struct hw_follower *follower)
{
	hw_file_reader_begin(&follower->reader);
	follower->is_growing = follower->reader.request.file_state == HW_FILE_UNFINISHED;
	follower->is_home_gone = false;
}

bool hw_follower_is_reading(const struct hw_follower *follower)
{
	return follower->state != HW_FOLLOWER_IDLE;
}

static void end(struct hw_follower *follower, const struct hw_piece *piece, int res)
{
	follower->state = HW_FOLLOWER_IDLE;
	follower->done(follower, piece, res);
}

static void end_deliver(struct hw_mail *mail)
{
	struct hw_follower *follower = hw_container_of(mail, struct hw_follower, mail);
	end(follower, NULL, follower->is_cancelled ? -ECANCELED : follower->result);
}

/* done must not come inside a call: a mail to ourselves. */
static void end_later(struct hw_follower *follower, int res)
{
	struct hw_reactor *reactor = follower->reader.talks->reactor;
	follower->state = HW_FOLLOWER_ENDING;
	follower->result = res;
	follower->mail.deliver = end_deliver;
	hw_mailbox_post(&reactor->mailbox, reactor->ring, &follower->mail);
}

void hw_follower_read(struct hw_follower *follower, uint64_t offset)
{
	hw_assert(follower->state == HW_FOLLOWER_IDLE && !follower->is_leaving);
	follower->offset = offset;
	follower->asked_us = follower->reader.talks->reactor->now_us;
	follower->is_cancelled = false;
	follower->failed.size = 0;
	step(follower);
}

/* -- from the disk -- */

/* A short chunk may have been replaced, and a chunk that was known already dropped, while we read
 * it: then the places are asked for once more. What does not match at the same place again is
 * damage. */
static bool is_tentative(const struct hw_follower *follower)
{
	const struct hw_extent *failed = &follower->failed;
	const struct hw_extent *extent = hw_file_reader_place(&follower->reader, follower->offset);
	if (!follower->is_growing) {
		return false;
	}
	return failed->size == 0 || extent == NULL || failed->offset != extent->offset ||
	       failed->segment != extent->segment || failed->shard != extent->shard;
}

static void disk_read(struct hw_follower *follower)
{
	follower->state = HW_FOLLOWER_READING;
	follower->reader.is_tentative = is_tentative(follower);
	int r = hw_file_reader_read(&follower->reader, follower->offset);
	if (r < 0) {
		end_later(follower, r);
	}
}

static bool must_retry(struct hw_follower *follower, int res)
{
	bool is_gone = res == -EBADMSG || res == -ENOENT; /* punched, or its segment unlinked */
	if (!is_gone || !follower->reader.is_tentative) {
		return false;
	}
	follower->failed = follower->reader.chunk_reader.extent;
	return true;
}

static void look(struct hw_follower *follower, enum hw_catalog_verb verb)
{
	struct hw_catalog_request *request = &follower->reader.request;
	bool is_watch = verb == HW_CATALOG_WATCH;
	follower->state = is_watch ? HW_FOLLOWER_WATCHING : HW_FOLLOWER_LOOKING;
	hw_file_reader_window_drop(&follower->reader, follower->offset / HW_CHUNK_SIZE);
	request->file_id = follower->reader.file_id;
	hw_catalog_submit(follower->reader.talks->catalog, request, verb, looked);
}

static void read_done(struct hw_file_reader *reader, struct hw_slab *slab, int res)
{
	struct hw_follower *follower = hw_container_of(reader, struct hw_follower, reader);
	if (must_retry(follower, res)) {
		look(follower, HW_CATALOG_EXTENTS);
		return;
	}
	if (res < 0) {
		end(follower, NULL, res);
		return;
	}
	struct hw_piece piece = {.lent_file = reader->lent.file,
				 .lent_fd = reader->lent.fd,
				 .lent_offset = reader->lent.offset,
				 .size = reader->lent.size};
	if (slab != NULL) {
		piece = (struct hw_piece){
			.slab = slab, .offset = (uint32_t)res, .size = slab->size - (uint32_t)res};
	}
	end(follower, &piece, 0);
}

/* -- from the catalog -- */

/* Why who watches does not go on watching; 0: it does. */
static int watch_judge(struct hw_follower *follower)
{
	uint64_t waited_us = follower->reader.talks->reactor->now_us - follower->asked_us;
	if (!follower->is_wanted(follower)) {
		return -ESHUTDOWN;
	}
	return waited_us > HW_FOLLOWER_PATIENCE_MS * UINT64_C(1000) ? -ETIMEDOUT : 0;
}

static void looked(struct hw_catalog_request *request)
{
	struct hw_follower *follower = hw_container_of(request, struct hw_follower, reader.request);
	bool was_watch = follower->state == HW_FOLLOWER_WATCHING;
	if (follower->is_cancelled) {
		end(follower, NULL, -ECANCELED);
		return;
	}
	if (request->res < 0) {
		request->extent_count = 0;
		end(follower, NULL, request->res);
		return;
	}
	follower->is_growing = request->file_state == HW_FILE_UNFINISHED;
	int verdict = was_watch ? watch_judge(follower) : 0;
	if (verdict < 0) {
		end(follower, NULL, verdict);
		return;
	}
	if (was_watch || request->home == HW_HOME_NONE) {
		follower->is_home_gone = false; /* it may be asked again: it is another upload */
	}
	step(follower);
}

/* -- from the home -- */

static struct hw_follow *question_free(struct hw_follower *follower)
{
	for (uint32_t i = 0; i < HW_FOLLOWER_QUESTIONS; i++) {
		struct hw_follow *question = &follower->questions[i];
		if (!question->in_flight && question->slab == NULL) {
			return question;
		}
	}
	return NULL;
}

/* The seat is on its way back: whoever asked now would get one that nobody gives up. */
static bool is_seat_leaving(const struct hw_follower *follower)
{
	for (uint32_t i = 0; i < HW_FOLLOWER_QUESTIONS; i++) {
		if (follower->questions[i].is_leaving) {
			return true;
		}
	}
	return false;
}

static void ask(struct hw_follower *follower)
{
	struct hw_talks *talks = follower->reader.talks;
	uint16_t index = follower->reader.request.home;
	hw_assert(index < talks->options.peer_count);
	struct hw_talks *home = talks->options.peers[index];
	struct hw_follow *question = question_free(follower);
	bool is_moving = follower->seat_home != NULL && follower->seat_home != home;
	if (question == NULL || is_moving || is_seat_leaving(follower)) {
		follower->state = HW_FOLLOWER_WAITING;
		leave_try(follower);
		return;
	}
	follower->seat_home = home;
	follower->state = HW_FOLLOWER_ASKING;
	question->home = home;
	question->file_id = follower->reader.file_id;
	question->offset = follower->offset;
	question->is_asking = true;
	hw_follow_ask(question);
}

static void slab_came(struct hw_follower *follower, struct hw_follow *question)
{
	uint32_t offset = (uint32_t)(follower->offset - question->slab_offset);
	hw_assert(offset < question->slab->size);
	struct hw_piece piece = {.slab = question->slab,
				 .follow = question,
				 .offset = offset,
				 .size = question->slab->size - offset};
	if (follower->is_cancelled) {
		hw_follower_release(follower, &piece);
		end(follower, NULL, -ECANCELED);
		return;
	}
	end(follower, &piece, 0);
}

static void place_came(struct hw_follower *follower, const struct hw_follow *question)
{
	hw_file_reader_window_set(&follower->reader, question->chunk_index, &question->extent);
	disk_read(follower);
}

static void judge(struct hw_follower *follower, struct hw_follow *question)
{
	if (question->answer != HW_FOLLOW_SLAB && follower->is_cancelled) {
		end(follower, NULL, -ECANCELED);
		return;
	}
	switch (question->answer) {
	case HW_FOLLOW_SLAB:
		slab_came(follower, question);
		break;
	case HW_FOLLOW_EXTENT:
		place_came(follower, question);
		break;
	case HW_FOLLOW_END:
		end(follower, NULL, -ENODATA);
		break;
	case HW_FOLLOW_LATE:
		end(follower, NULL, -ESTALE);
		break;
	case HW_FOLLOW_NAMED:
		look(follower, HW_CATALOG_EXTENTS);
		break;
	default:
		follower->is_home_gone = true;
		look(follower, HW_CATALOG_EXTENTS);
	}
}

/* A question came back: with an answer, or only because it took a slab home or the seat. */
static void answered(struct hw_follow *question)
{
	struct hw_follower *follower = question->follower;
	bool was_asking = question->is_asking;
	question->is_asking = false;
	if (question->is_leaving) {
		question->is_leaving = false;
		follower->seat_home = NULL;
	}
	if (was_asking) {
		hw_assert(follower->state == HW_FOLLOWER_ASKING);
		judge(follower, question);
		return;
	}
	leave_try(follower);
	if (follower->state == HW_FOLLOWER_WAITING) {
		step(follower);
	}
}

/* -- the seat -- */

static bool are_all_back(const struct hw_follower *follower)
{
	for (uint32_t i = 0; i < HW_FOLLOWER_QUESTIONS; i++) {
		const struct hw_follow *question = &follower->questions[i];
		if (question->in_flight || question->slab != NULL) {
			return false;
		}
	}
	return true;
}

static bool is_elsewhere(const struct hw_follower *follower)
{
	uint16_t home = follower->reader.request.home;
	return follower->state == HW_FOLLOWER_WAITING && home != HW_HOME_NONE &&
	       follower->reader.talks->options.peers[home] != follower->seat_home;
}

/* The seat is given up for good, or because the upload has moved, when no slab of that home is
 * out; or at once, because a question that waits there is not wanted any more. */
static void leave_try(struct hw_follower *follower)
{
	struct hw_follow *question = question_free(follower);
	bool is_dismissing = follower->is_cancelled && follower->state == HW_FOLLOWER_ASKING;
	bool is_over = follower->is_leaving || is_elsewhere(follower);
	if (follower->seat_home != NULL && question != NULL &&
	    (is_dismissing || (is_over && are_all_back(follower)))) {
		question->home = follower->seat_home;
		question->is_asking = false;
		question->is_leaving = true;
		hw_follow_ask(question);
		return;
	}
	if (follower->is_leaving && follower->seat_home == NULL && are_all_back(follower)) {
		follower->is_leaving = false;
		follower->left(follower);
	}
}

void hw_follower_release(struct hw_follower *follower, struct hw_piece *piece)
{
	struct hw_follow *question = hw_move(&piece->follow);
	struct hw_slab *slab = hw_move(&piece->slab);
	(void)follower;
	piece->size = 0;
	if (question == NULL) {
		hw_slab_unref(slab);
		return;
	}
	hw_assert(question->slab == slab && !question->is_asking);
	hw_follow_ask(question); /* it takes the slab home */
}

bool hw_follower_cancel(struct hw_follower *follower)
{
	switch (follower->state) {
	case HW_FOLLOWER_IDLE:
		hw_file_reader_cancel(&follower->reader); /* an open chunk is closed */
		return false;
	case HW_FOLLOWER_READING:
		hw_file_reader_cancel(&follower->reader);
		if (!hw_file_reader_is_reading(&follower->reader)) {
			follower->state = HW_FOLLOWER_IDLE;
			return false;
		}
		return true;
	case HW_FOLLOWER_WAITING:
		follower->state = HW_FOLLOWER_IDLE;
		return false;
	default:
		follower->is_cancelled = true;
		leave_try(follower);
		return true;
	}
}

void hw_follower_leave(struct hw_follower *follower)
{
	hw_assert(follower->state == HW_FOLLOWER_IDLE && !follower->is_leaving);
	follower->is_leaving = true;
	leave_try(follower);
}

/* -- the step -- */

/* What the catalog said last decides where the byte comes from. */
static void step(struct hw_follower *follower)
{
	const struct hw_catalog_request *request = &follower->reader.request;
	bool is_asked = request->home != HW_HOME_NONE && !follower->is_home_gone;
	bool is_before_first = follower->offset < request->first_offset;
	if (follower->offset < request->file_size && !is_before_first) {
		disk_read(follower);
	} else if (is_before_first && !is_asked) {
		end_later(follower, -ESTALE);
	} else if (request->file_state == HW_FILE_SEALED) {
		end_later(follower, -ENODATA);
	} else if (request->file_state == HW_FILE_TOMBSTONED) {
		end_later(follower, -EIDRM);
	} else if (is_asked) {
		ask(follower);
	} else {
		look(follower, HW_CATALOG_WATCH);
	}
}
