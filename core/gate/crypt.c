/* SPDX-License-Identifier: Apache-2.0
 *
 *   submit (reactor) -> mail -> arrived -> [refused at once, or] queued
 *   hook: turn_run, one a turn, so that what arrives meanwhile is looked at: compute -> answer
 *   -> mail -> reply_arrived (reactor) -> done
 */
#include "core/gate/crypt.h"

#include <errno.h>

#include "core/base/clock.h"

static void arrived(struct hw_mail *mail);
static void cut_arrived(struct hw_mail *mail);
static bool turn_run(struct hw_turn_hook *hook);
static bool refuse(struct hw_crypt *crypt, struct hw_crypt_request *request, uint64_t now_ms);
static void compute(struct hw_crypt *crypt, struct hw_crypt_request *request);
static void answer(struct hw_crypt *crypt, struct hw_crypt_request *request, int res);
static void reply_arrived(struct hw_mail *mail);

void hw_crypt_init(struct hw_crypt *crypt, struct hw_worker *worker)
{
	uint64_t seeds[2];
	hw_random_bytes(seeds, sizeof(seeds));
	crypt->worker = worker;
	crypt->first = NULL;
	crypt->last = NULL;
	crypt->queue_count = 0;
	crypt->is_cut = false;
	hw_attempts_init(&crypt->shares, seeds[0]);
	hw_attempts_init(&crypt->clients, seeds[1]);
	hw_list_init(&crypt->hook.link);
	crypt->hook.run = turn_run;
	hw_worker_hook_add(worker, &crypt->hook);
}

void hw_crypt_deinit(struct hw_crypt *crypt)
{
	if (crypt == NULL || crypt->worker == NULL) {
		return;
	}
	hw_assert(crypt->queue_count == 0);
	hw_list_remove(&crypt->hook.link);
	crypt->worker = NULL;
}

void hw_crypt_cut(struct hw_crypt *crypt, struct hw_ring *ring)
{
	crypt->cut_mail.deliver = cut_arrived;
	hw_mailbox_post(&crypt->worker->mailbox, ring, &crypt->cut_mail);
}

static void cut_arrived(struct hw_mail *mail)
{
	struct hw_crypt *crypt = hw_container_of(mail, struct hw_crypt, cut_mail);
	crypt->is_cut = true;
}

void hw_crypt_submit(struct hw_crypt *crypt, struct hw_reactor *reactor,
		     struct hw_crypt_request *request, enum hw_crypt_verb verb, hw_crypt_fn *done)
{
	hw_assert(!request->in_flight);
	hw_assert(request->password_size > 0);
	hw_assert(request->password_size <= HW_PASSWORD_SIZE_MAX);
	hw_assert(verb > HW_CRYPT_NONE && verb < HW_CRYPT_VERB_COUNT);
	request->crypt = crypt;
	request->reactor = reactor;
	request->verb = verb;
	request->done = done;
	request->in_flight = true;
	request->mail.deliver = arrived;
	hw_mailbox_post(&crypt->worker->mailbox, reactor->ring, &request->mail);
}

static void arrived(struct hw_mail *mail)
{
	struct hw_crypt_request *request = hw_container_of(mail, struct hw_crypt_request, mail);
	struct hw_crypt *crypt = request->crypt;
	if (refuse(crypt, request, hw_clock_monotonic_us() / 1000)) {
		return;
	}
	if (crypt->queue_count == HW_CRYPT_QUEUE_MAX) {
		request->retry_s = HW_CRYPT_RETRY_S;
		answer(crypt, request, -ENOBUFS);
		return;
	}
	mail->next = NULL;
	*(crypt->first == NULL ? &crypt->first : &crypt->last->next) = mail;
	crypt->last = mail;
	crypt->queue_count++;
}

static bool turn_run(struct hw_turn_hook *hook)
{
	struct hw_crypt *crypt = hw_container_of(hook, struct hw_crypt, hook);
	if (crypt->queue_count == 0) {
		return false;
	}
	struct hw_crypt_request *request =
		hw_container_of(crypt->first, struct hw_crypt_request, mail);
	crypt->first = request->mail.next;
	crypt->queue_count--;
	if (!refuse(crypt, request, hw_clock_monotonic_us() / 1000)) {
		compute(crypt, request);
	}
	return crypt->queue_count > 0;
}

static struct hw_key share_key(const struct hw_crypt_request *request)
{
	struct hw_key key;
	static_assert(sizeof(key.bytes) == HW_SHARE_ID_SIZE, "an id is a key");
	memcpy(key.bytes, request->share_id, sizeof(key.bytes));
	return key;
}

static struct hw_key client_key(const struct hw_crypt_request *request)
{
	struct hw_address client = hw_address_client(&request->client);
	return hw_key_of_address(&client);
}

/* Answer without computing, where that is to be. */
static bool refuse(struct hw_crypt *crypt, struct hw_crypt_request *request, uint64_t now_ms)
{
	if (crypt->is_cut) {
		answer(crypt, request, -ESHUTDOWN);
		return true;
	}
	if (request->verb != HW_CRYPT_CHECK) {
		return false;
	}
	struct hw_key share = share_key(request);
	struct hw_key client = client_key(request);
	uint32_t share_s = hw_attempts_wait_s(&crypt->shares, &share, now_ms);
	uint32_t client_s = hw_attempts_wait_s(&crypt->clients, &client, now_ms);
	request->retry_s = hw_max(share_s, client_s);
	if (request->retry_s == 0) {
		return false;
	}
	answer(crypt, request, -EAGAIN);
	return true;
}

static int hash(struct hw_crypt_request *request)
{
	uint8_t salt[HW_PHC_SALT_SIZE];
	struct hw_span password = {request->password, request->password_size};
	hw_random_bytes(salt, sizeof(salt));
	int size = hw_phc_make(password, salt, request->phc);
	if (size < 0) {
		return size;
	}
	request->phc_size = (uint8_t)size;
	return 0;
}

static int check(struct hw_crypt *crypt, struct hw_crypt_request *request)
{
	struct hw_span password = {request->password, request->password_size};
	int r = hw_phc_check((struct hw_span){request->phc, request->phc_size}, password);
	if (r != -EACCES) {
		return r;
	}
	uint64_t now_ms = hw_clock_monotonic_us() / 1000;
	struct hw_key share = share_key(request);
	hw_attempts_wrong(&crypt->shares, &share, now_ms);
	if (request->client.size != 0) {
		struct hw_key client = client_key(request);
		hw_attempts_wrong(&crypt->clients, &client, now_ms);
	}
	return r;
}

static void compute(struct hw_crypt *crypt, struct hw_crypt_request *request)
{
	int r = request->verb == HW_CRYPT_HASH ? hash(request) : check(crypt, request);
	answer(crypt, request, r);
}

static void answer(struct hw_crypt *crypt, struct hw_crypt_request *request, int res)
{
	explicit_bzero(request->password, sizeof(request->password));
	request->password_size = 0;
	request->res = res;
	request->mail.deliver = reply_arrived;
	hw_mailbox_post(&request->reactor->mailbox, crypt->worker->ring, &request->mail);
}

static void reply_arrived(struct hw_mail *mail)
{
	struct hw_crypt_request *request = hw_container_of(mail, struct hw_crypt_request, mail);
	hw_assert(request->in_flight);
	request->in_flight = false;
	request->done(request);
}
