/* SPDX-License-Identifier: Apache-2.0
 *
 *   step -> answers_judge (one verdict for each verb) -> say_next -> text_write -> peer
 */
#include "tests/unit/talk/talk_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/wire/base32.h"
#include "net/wire/http_status.h"

#define PAD_SIZE 9000U

static uint8_t g_content[TALK_CONTENT_SIZE];

/* -- contents */

void talk_content_init(void)
{
	struct hw_prng prng;
	hw_prng_init(&prng, 4711);
	hw_prng_fill(&prng, g_content, sizeof(g_content));
}

uint8_t talk_content_at(uint64_t shift, uint64_t offset)
{
	return g_content[(shift + offset) % TALK_CONTENT_SIZE];
}

void talk_content_copy(void *ret_bytes, uint64_t size, uint64_t shift, uint64_t offset)
{
	uint8_t *at = ret_bytes;
	while (size > 0) {
		uint64_t place = (shift + offset) % TALK_CONTENT_SIZE;
		uint64_t step = hw_min(size, TALK_CONTENT_SIZE - place);
		memcpy(at, g_content + place, step);
		at += step;
		offset += step;
		size -= step;
	}
}

bool talk_content_equal(const void *bytes, uint64_t size, uint64_t shift, uint64_t offset)
{
	const uint8_t *at = bytes;
	while (size > 0) {
		uint64_t place = (shift + offset) % TALK_CONTENT_SIZE;
		uint64_t step = hw_min(size, TALK_CONTENT_SIZE - place);
		if (memcmp(at, g_content + place, step) != 0) {
			return false;
		}
		at += step;
		offset += step;
		size -= step;
	}
	return true;
}

/* -- the text of a request */

struct text {
	char *bytes;
	uint64_t size;
	uint64_t capacity;
};

static char *text_room(struct text *text, uint64_t size)
{
	if (text->size + size > text->capacity) {
		text->capacity = (text->size + size) * 2;
		text->bytes = realloc(text->bytes, text->capacity);
		hw_assert(text->bytes != NULL);
	}
	text->size += size;
	return text->bytes + text->size - size;
}

static void text_add(struct text *text, const char *more)
{
	uint64_t size = strlen(more);
	memcpy(text_room(text, size), more, size);
}

/* @before, the number in decimal, @after. */
static void text_number(struct text *text, const char *before, uint64_t number, const char *after)
{
	char line[32];
	(void)snprintf(line, sizeof(line), "%llu", (unsigned long long)number); /* fits */
	text_add(text, before);
	text_add(text, line);
	text_add(text, after);
}

static void text_content(struct text *text, uint64_t size, uint64_t shift, uint64_t offset)
{
	talk_content_copy(text_room(text, size), size, shift, offset);
}

static void text_chunked(struct talk_client *client, struct text *text,
			 const struct talk_exchange *exchange)
{
	struct hw_prng *prng = &client->prng;
	static const uint64_t sizes[] = {1, 7, 300, 20000, 262144, 3000000};
	uint64_t most = sizes[hw_prng_below(prng, hw_count_of(sizes))];
	most = hw_max(most, exchange->size / 2000); /* not millions of chunks */
	uint64_t offset = 0;
	while (offset < exchange->size) {
		uint64_t size = hw_prng_between(prng, 1, hw_min(most, exchange->size - offset));
		char line[32];
		(void)snprintf(line, sizeof(line), "%llx", (unsigned long long)size); /* fits */
		text_add(text, line);
		text_add(text, hw_prng_chance(prng, 10) ? ";name=\"a b\"\r\n" : "\r\n");
		text_content(text, size, exchange->shift, offset);
		text_add(text, "\r\n");
		offset += size;
	}
	if (exchange->is_broken) {
		text_add(text, "xyz\r\n");
		return;
	}
	text_add(text, hw_prng_chance(prng, 20) ? "0\r\nSum: 1\r\n\r\n" : "0\r\n\r\n");
}

static void text_put(struct talk_client *client, struct text *text, struct talk_exchange *exchange)
{
	text_number(text, "PUT /file%20", client->written_count, ".bin HTTP/1.1\r\nHost: here\r\n");
	if (exchange->is_padded) {
		text_add(text, "X-Pad: ");
		memset(text_room(text, PAD_SIZE), 'p', PAD_SIZE);
		text_add(text, "\r\n");
	}
	if (exchange->is_expecting) {
		text_add(text, "Expect: 100-continue\r\n");
	}
	if (exchange->is_chunked) {
		text_add(text, "Transfer-Encoding: chunked\r\n\r\n");
	} else {
		text_number(text, "Content-Length: ", exchange->size, "\r\n\r\n");
	}
	exchange->body_offset = text->size;
	if (exchange->is_chunked) {
		text_chunked(client, text, exchange);
	} else {
		text_content(text, exchange->size, exchange->shift, 0);
	}
}

static void text_get(struct talk_client *client, struct text *text, struct talk_exchange *exchange)
{
	const struct talk_share *share = &client->model->shares[exchange->share];
	text_add(text, exchange->verb == TALK_HEAD ? "HEAD " : "GET ");
	text_add(text, share->path);
	text_add(text, " HTTP/1.1\r\nHost: here\r\n");
	if (exchange->verb == TALK_MATCH) {
		text_add(text, "If-None-Match: \"");
		text_add(text, share->root);
		text_add(text, "\"\r\n");
	} else if (exchange->verb == TALK_RANGE) {
		text_number(text, "Range: bytes=", exchange->first, "-");
		text_number(text, "", exchange->last, "\r\n");
	} else if (exchange->verb == TALK_RANGES) {
		text_number(text, "Range: bytes=", exchange->first, "-");
		text_number(text, "", exchange->last, ", -1\r\n");
	}
	text_add(text, "\r\n");
}

static void text_delete(struct talk_client *client, struct text *text,
			const struct talk_exchange *exchange)
{
	struct talk_share *share = &client->model->shares[exchange->share];
	text_add(text, "DELETE ");
	text_add(text, share->path);
	text_add(text, " HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer ");
	text_add(text, share->token);
	text_add(text, "\r\n\r\n");
	share->is_delete_sent = true;
}

static void text_write(struct talk_client *client, struct text *text,
		       struct talk_exchange *exchange)
{
	static const char *const pages[] = {"/", "/health", "/metrics"};
	static const char *const nothings[] = {
		"GET /s/aaaaaaaaaaaaaaaaaaaaaaaaaa/x HTTP/1.1\r\nHost: here\r\n\r\n",
		"POST /s/aaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: here\r\n\r\n",
		"DELETE /s/aaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: here\r\n\r\n",
		"GET /a/b/c/d/e HTTP/1.1\r\nHost: here\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n",
	};
	static const char *const garbage[] = {
		"\x16\x03\x01\x02",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
		"PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
	};
	switch (exchange->verb) {
	case TALK_PUT:
		text_put(client, text, exchange);
		break;
	case TALK_DELETE:
		text_delete(client, text, exchange);
		break;
	case TALK_PAGE:
		text_add(text, "GET ");
		text_add(text, pages[hw_prng_below(&client->prng, hw_count_of(pages))]);
		text_add(text, " HTTP/1.1\r\nHost: here\r\n\r\n");
		break;
	case TALK_NOTHING:
		text_add(text, nothings[hw_prng_below(&client->prng, hw_count_of(nothings))]);
		break;
	case TALK_GARBAGE:
		text_add(text, garbage[hw_prng_below(&client->prng, hw_count_of(garbage))]);
		text_add(text, "\r\n\r\n\r\n\r\n\r\n\r\n");
		break;
	default:
		text_get(client, text, exchange);
		break;
	}
}

/* -- saying it */

static bool is_of_share(enum talk_verb verb)
{
	return verb == TALK_GET || verb == TALK_HEAD || verb == TALK_RANGE || verb == TALK_RANGES ||
	       verb == TALK_MATCH || verb == TALK_DELETE;
}

/* Which share, and which bytes of it: known only when the request is written. */
static void aim(struct talk_client *client, struct talk_exchange *exchange)
{
	const struct talk_model *model = client->model;
	if (!is_of_share(exchange->verb)) {
		return;
	}
	if (model->share_count == 0) {
		exchange->verb = TALK_PAGE;
		return;
	}
	exchange->share = (uint32_t)hw_prng_below(&client->prng, model->share_count);
	const struct talk_share *share = &model->shares[exchange->share];
	exchange->must_be_gone = share->is_deleted;
	exchange->must_be_there = model->is_strict && !share->is_delete_sent;
	uint64_t span = hw_prng_chance(&client->prng, 50) ? 3 : share->size + 10;
	exchange->first = hw_prng_below(&client->prng, share->size + 2);
	exchange->last = exchange->first + hw_prng_below(&client->prng, span);
}

static void say(struct talk_client *client)
{
	struct talk_exchange *exchange = &client->exchanges[client->written_count];
	struct text text = {0};
	aim(client, exchange);
	text_write(client, &text, exchange);
	client->written_count++;
	uint64_t size = hw_min(text.size, exchange->sent_limit);
	if (size < text.size) {
		client->is_stuck = true;
	} else if (exchange->verb == TALK_PUT && exchange->is_expecting) {
		client->body_waiting_size = text.size - exchange->body_offset;
		client->body_waiting = malloc(client->body_waiting_size + 1);
		hw_assert(client->body_waiting != NULL);
		memcpy(client->body_waiting, text.bytes + exchange->body_offset,
		       client->body_waiting_size);
		size = exchange->body_offset;
	}
	hw_sim_peer_write(client->peer, text.bytes, size);
	free(text.bytes);
}

static void body_say(struct talk_client *client)
{
	if (client->body_waiting != NULL) {
		hw_sim_peer_write(client->peer, client->body_waiting, client->body_waiting_size);
		free(hw_move(&client->body_waiting));
	}
}

static void say_next(struct talk_client *client)
{
	while (client->written_count < client->exchange_count && !client->is_stuck &&
	       client->body_waiting == NULL &&
	       client->written_count - client->answered_count < client->ahead_max) {
		say(client);
	}
}

/* -- judging answers */

/* What is being judged, to be said when it is wrong. */
static struct {
	const struct talk_exchange *exchange;
	struct hw_span got;
} g_judged;

static void judge_failed(const char *condition, int line)
{
	const struct talk_exchange *exchange = g_judged.exchange;
	if (exchange != NULL) {
		(void)fprintf(
			stderr,
			"verb %d share %u size %llu chunked %d range %llu-%llu answer:\n%.*s\n",
			(int)exchange->verb, exchange->share, (unsigned long long)exchange->size,
			exchange->is_chunked, (unsigned long long)exchange->first,
			(unsigned long long)exchange->last, (int)hw_min(g_judged.got.size, 1000U),
			g_judged.got.bytes);
	}
	hw_assert_fail(condition, __FILE__, line);
}

#define judge(condition) ((condition) ? (void)0 : judge_failed(#condition, __LINE__))

struct answer {
	struct hw_span whole; /* from its first byte on, perhaps with others behind it */
	struct hw_span body;
	uint32_t status;
	bool is_complete;
};

static bool has_body(const struct talk_exchange *exchange, uint32_t status)
{
	return exchange->verb != TALK_HEAD && status >= 200 && status != 204 && status != 304;
}

static struct answer answer_of(const struct talk_exchange *exchange, struct hw_span got)
{
	struct answer answer = {.whole = got};
	g_judged.exchange = exchange;
	g_judged.got = got;
	if (got.size == 0 || memmem(got.bytes, got.size, "\r\n\r\n", 4) == NULL) {
		return answer;
	}
	answer.status = talk_answer_status(got);
	judge(answer.status >= 100 && answer.status < 600);
	answer.body = talk_answer_body(got);
	uint32_t size = 0;
	if (has_body(exchange, answer.status)) {
		struct hw_span length = talk_answer_field(got, "Content-Length");
		judge(length.size > 0);
		size = (uint32_t)strtoul(length.bytes, NULL, 10);
	}
	answer.is_complete = answer.body.size >= size;
	answer.body.size = hw_min(answer.body.size, size);
	answer.whole.size = (uint32_t)(answer.body.bytes - got.bytes) + answer.body.size;
	return answer;
}

static void text_of(struct hw_span span, char *ret_text, uint32_t capacity)
{
	judge(span.size > 0 && span.size < capacity);
	memcpy(ret_text, span.bytes, span.size);
	ret_text[span.size] = '\0';
}

static void judge_created(struct talk_client *client, const struct talk_exchange *exchange,
			  const struct answer *answer)
{
	struct talk_model *model = client->model;
	struct hw_span link = talk_answer_field(answer->whole, "Location");
	judge(!exchange->is_broken);
	judge(link.size + 1 == answer->body.size);
	judge(memcmp(link.bytes, answer->body.bytes, link.size) == 0);
	judge(hw_span_starts_with(link, HW_SPAN("http://here/s/")));
	if (model->share_count == TALK_SHARES_MAX) {
		return;
	}
	struct talk_share *share = &model->shares[model->share_count++];
	memset(share, 0, sizeof(*share));
	share->size = exchange->size;
	share->shift = exchange->shift;
	text_of(hw_span_skip(link, 11), share->path, sizeof(share->path));
	text_of(talk_answer_field(answer->whole, "Hawser-Owner-Token"), share->token,
		sizeof(share->token));
	text_of(talk_answer_field(answer->whole, "Hawser-Root"), share->root, sizeof(share->root));
	struct hw_span id = {share->path + 3, HW_SHARE_ID_TEXT_SIZE};
	judge(hw_base32_decode(id, share->share_id, HW_SHARE_ID_SIZE) == 0);
}

static void judge_parts(const struct talk_exchange *exchange, const struct talk_share *share,
			const struct answer *answer)
{
	uint64_t last = hw_min(exchange->last, share->size - 1);
	uint64_t ranges[2][2] = {{exchange->first, last}, {share->size - 1, share->size - 1}};
	struct hw_span type = talk_answer_field(answer->whole, "Content-Type");
	struct hw_span boundary = hw_span_skip(type, sizeof("multipart/byteranges; boundary=") - 1);
	struct hw_span rest = answer->body;
	char head[256];
	for (uint32_t i = 0; i < 2; i++) {
		int size = snprintf(
			head, sizeof(head),
			"\r\n--%.*s\r\nContent-Type: application/octet-stream\r\n"
			"Content-Range: bytes %llu-%llu/%llu\r\n\r\n",
			(int)boundary.size, boundary.bytes, (unsigned long long)ranges[i][0],
			(unsigned long long)ranges[i][1], (unsigned long long)share->size);
		judge(hw_span_starts_with(rest, (struct hw_span){head, (uint32_t)size}));
		rest = hw_span_skip(rest, (uint32_t)size);
		uint32_t part_size = (uint32_t)(ranges[i][1] - ranges[i][0] + 1);
		judge(rest.size >= part_size);
		judge(talk_content_equal(rest.bytes, part_size, share->shift, ranges[i][0]));
		rest = hw_span_skip(rest, part_size);
	}
	int size = snprintf(head, sizeof(head), "\r\n--%.*s--\r\n", (int)boundary.size,
			    boundary.bytes);
	judge(hw_span_equal(rest, (struct hw_span){head, (uint32_t)size}));
}

static void judge_part(const struct talk_exchange *exchange, const struct talk_share *share,
		       const struct answer *answer)
{
	struct hw_span type = talk_answer_field(answer->whole, "Content-Type");
	if (hw_span_starts_with(type, HW_SPAN("multipart/"))) {
		judge(exchange->verb == TALK_RANGES);
		judge_parts(exchange, share, answer);
		return;
	}
	uint64_t first = exchange->first;
	uint64_t last = hw_min(exchange->last, share->size - 1);
	if (exchange->verb == TALK_RANGES) { /* the first one is unsatisfiable, or they met */
		unsigned long long told_first = 0;
		unsigned long long told_last = 0;
		struct hw_span range = talk_answer_field(answer->whole, "Content-Range");
		judge(sscanf(range.bytes, "bytes %llu-%llu/", &told_first, &told_last) == 2);
		judge(told_last == share->size - 1);
		first = told_first;
		last = told_last;
	}
	judge(answer->body.size == last - first + 1);
	judge(talk_content_equal(answer->body.bytes, answer->body.size, share->shift, first));
}

static void judge_get(const struct talk_client *client, const struct talk_exchange *exchange,
		      const struct answer *answer)
{
	const struct talk_share *share = &client->model->shares[exchange->share];
	bool is_range = exchange->verb == TALK_RANGE || exchange->verb == TALK_RANGES;
	judge(answer->status >= 400 || !exchange->must_be_gone);
	judge(answer->status < 400 || answer->status == 416 || !exchange->must_be_there ||
	      share->is_delete_sent);
	if (answer->status < 300) {
		struct hw_span length = talk_answer_field(answer->whole, "Content-Length");
		struct hw_span etag = talk_answer_field(answer->whole, "ETag");
		judge(etag.size == 66 && memcmp(etag.bytes + 1, share->root, 64) == 0);
		judge(exchange->verb == TALK_RANGE || exchange->verb == TALK_RANGES ||
		      talk_number(length) == share->size);
	}
	switch (answer->status) {
	case 200:
		judge(!is_range || share->size == 0);
		judge(answer->body.size == (exchange->verb == TALK_HEAD ? 0 : share->size));
		judge(talk_content_equal(answer->body.bytes, answer->body.size, share->shift, 0));
		break;
	case 206:
		judge(is_range && share->size > 0);
		judge_part(exchange, share, answer);
		break;
	case 304:
		judge(exchange->verb == TALK_MATCH);
		break;
	case 416:
		judge(is_range && exchange->first >= share->size);
		break;
	case 404:
		judge(share->is_delete_sent);
		break;
	default:
		judge(answer->status >= 500 || answer->status == 408);
		break;
	}
}

static void judge_put(struct talk_client *client, const struct talk_exchange *exchange,
		      const struct answer *answer)
{
	bool is_too_large = exchange->size > client->world->talks.options.file_size_max;
	switch (answer->status) {
	case 201:
		judge(!is_too_large);
		judge_created(client, exchange, answer);
		break;
	case 400:
		judge(exchange->is_broken);
		break;
	case 413:
		judge(is_too_large);
		break;
	default:
		judge(answer->status == 408 || answer->status == 431 || answer->status >= 500);
		judge(!client->model->is_strict);
		break;
	}
}

static void judge_answer(struct talk_client *client, const struct talk_exchange *exchange,
			 const struct answer *answer)
{
	client->model->answer_counts[answer->status]++;
	switch (exchange->verb) {
	case TALK_PUT:
		judge_put(client, exchange, answer);
		break;
	case TALK_DELETE:
		if (answer->status == 204) {
			judge(!exchange->must_be_gone);
			client->model->shares[exchange->share].is_deleted = true;
		} else {
			/* 409 is how an injected -EINVAL is understood: several files. */
			judge(answer->status == 404 || answer->status == 408 ||
			      (answer->status == 409 && !client->model->is_strict) ||
			      answer->status >= 500);
			judge(answer->status != 404 ||
			      client->model->shares[exchange->share].is_delete_sent);
		}
		break;
	case TALK_PAGE:
		judge(answer->status == 200 || answer->status == 408 || answer->status == 503);
		judge(answer->status == 200 || !client->model->is_strict);
		break;
	case TALK_NOTHING:
		judge(answer->status == 204 || answer->status >= 400);
		break;
	case TALK_GARBAGE:
		judge(answer->status >= 400);
		break;
	default:
		judge_get(client, exchange, answer);
		break;
	}
}

static bool is_gone(const struct talk_client *client)
{
	return hw_sim_peer_has_end(client->peer) || hw_sim_peer_is_closed(client->peer) ||
	       hw_sim_peer_is_reset(client->peer);
}

static void answers_judge(struct talk_client *client)
{
	while (client->answered_count < client->written_count) {
		const struct talk_exchange *exchange = &client->exchanges[client->answered_count];
		struct hw_span got = hw_sim_peer_got(client->peer);
		if (got.size <= client->read_offset) {
			return;
		}
		got = hw_span_skip(got, (uint32_t)client->read_offset);
		struct answer answer = answer_of(exchange, got);
		if (answer.status == 100) {
			judge(exchange->is_expecting);
			client->read_offset += sizeof("HTTP/1.1 100 Continue\r\n\r\n") - 1;
			body_say(client);
			continue;
		}
		if (answer.status == 0 || !answer.is_complete) {
			return;
		}
		judge_answer(client, exchange, &answer);
		client->read_offset += answer.whole.size;
		client->answered_count++;
		if (client->body_waiting != NULL &&
		    client->answered_count == client->written_count) {
			free(hw_move(&client->body_waiting)); /* it is not wanted any more */
			/* What followed a refusal would be taken for the body. */
			client->is_stuck = answer.status != 201;
		}
	}
	/* Nobody is told what he did not ask; a 408 may be said to who has not finished asking. */
	struct hw_span got = hw_sim_peer_got(client->peer);
	if (got.size > client->read_offset) {
		got = hw_span_skip(got, (uint32_t)client->read_offset);
		judge(!hw_span_starts_with(got, HW_SPAN("HTTP/1.1 2")));
	}
}

/* -- life */

void talk_client_begin(struct talk_client *client, struct talk_world *world,
		       struct talk_model *model, uint64_t seed)
{
	client->world = world;
	client->model = model;
	hw_prng_init(&client->prng, seed ^ UINT64_C(0xc11e));
	client->peer = hw_sim_connect(world->reactor.ring, world->listener);
	client->ahead_max = hw_max(client->ahead_max, 1U);
	if (client->unhold_us > 0) {
		hw_sim_peer_hold(client->peer, true);
	}
}

static void doom_step(struct talk_client *client, uint64_t now_us)
{
	if (client->unhold_us > 0 && now_us >= client->unhold_us) {
		client->unhold_us = 0;
		hw_sim_peer_hold(client->peer, false);
	}
	if (client->is_doomed || now_us < client->doom_us) {
		return;
	}
	if (client->doom == TALK_DOOM_RESET || client->doom == TALK_DOOM_FIN) {
		client->is_doomed = true;
		client->is_stuck = true;
		free(hw_move(&client->body_waiting));
		if (client->doom == TALK_DOOM_RESET) {
			hw_sim_peer_reset(client->peer);
		} else {
			hw_sim_peer_shutdown(client->peer);
		}
	}
}

void talk_client_step(struct talk_client *client)
{
	uint64_t now_us = hw_clock_monotonic_us();
	if (client->is_over) {
		return;
	}
	answers_judge(client);
	bool is_unheard =
		client->world->server.is_draining && !hw_sim_peer_is_accepted(client->peer);
	if (is_gone(client) || is_unheard) {
		client->is_over = true;
		free(hw_move(&client->body_waiting));
		judge(!client->model->is_strict ||
		      client->answered_count == client->exchange_count);
		return;
	}
	if (now_us < client->next_us) {
		return;
	}
	doom_step(client, now_us);
	say_next(client);
	bool is_all_said = client->answered_count == client->exchange_count && !client->is_stuck;
	if (is_all_said && client->doom != TALK_DOOM_STAY && !client->is_doomed) {
		client->is_doomed = true;
		hw_sim_peer_shutdown(client->peer);
	}
}

void talk_client_end(struct talk_client *client)
{
	free(hw_move(&client->body_waiting));
}

static bool is_over(void *user)
{
	struct talk_client *client = user;
	talk_client_step(client);
	return client->is_over;
}

uint32_t talk_share_make(struct talk_world *world, struct talk_model *model, uint64_t size,
			 uint64_t shift)
{
	struct talk_client client = {.exchange_count = 1};
	client.exchanges[0] = (struct talk_exchange){
		.verb = TALK_PUT, .size = size, .shift = shift, .sent_limit = UINT64_MAX};
	uint32_t index = model->share_count;
	talk_client_begin(&client, world, model, 1);
	int r = talk_world_run(world, is_over, &client);
	judge(r == 0 && model->share_count == index + 1);
	talk_client_end(&client);
	return index;
}

/* -- the model */

static void file_check(const struct talk_world *world, const struct talk_share *share,
		       uint64_t file_id)
{
	static uint8_t bytes[HW_CHUNK_SIZE];
	struct hw_extent extent;
	uint64_t offset = 0;
	for (uint32_t i = 0; hw_catalog_sim_extent(&world->catalog, file_id, i, &extent); i++) {
		int fd = hw_sim_disk_segment_fd(extent.shard, extent.segment);
		judge(fd >= 0);
		judge(hw_sim_file_peek(fd, bytes, extent.size, extent.offset) == extent.size);
		judge(talk_content_equal(bytes, extent.size, share->shift, offset));
		offset += extent.size;
		(void)close(fd); /* an empty memfd */
	}
	judge(offset == share->size);
}

void talk_model_check(const struct talk_model *model, const struct talk_world *world)
{
	g_judged.exchange = NULL;
	for (uint32_t i = 0; i < model->share_count; i++) {
		const struct talk_share *share = &model->shares[i];
		uint64_t file_id = 0;
		uint64_t file_size = 0;
		bool is_there =
			hw_catalog_sim_find(&world->catalog, share->share_id, &file_id, &file_size);
		judge(is_there || share->is_delete_sent);
		judge(!is_there || !share->is_deleted);
		if (is_there) {
			judge(file_size == share->size);
			file_check(world, share, file_id);
		}
	}
}
