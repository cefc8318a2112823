/* SPDX-License-Identifier: Apache-2.0
 *
 * Goal: after OpenSSL's handshake our record layer goes on where OpenSSL was, in both versions and
 * all suites: what it seals OpenSSL opens, and the other way round; with padding, other record
 * sizes, new keys; what was tampered with is refused. Tickets resume, names choose certificates.
 *
 * Method: OpenSSL's client in memory against a handshake of ours; both directions carry bytes of
 * many sizes afterwards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/conn/tls_handshake.h"
#include "simd/kernels.h"
#include "tests/unit/conn/tls_client.h"

#define RECORDS_MAX (4U << 20)

struct suite_row {
	const char *suites;
	int version;
	bool is_rsa;
};

static const struct suite_row g_suites[] = {
	{"TLS_AES_256_GCM_SHA384", TLS1_3_VERSION, false},
	{"TLS_AES_128_GCM_SHA256", TLS1_3_VERSION, false},
	{"TLS_CHACHA20_POLY1305_SHA256", TLS1_3_VERSION, false},
	{"ECDHE-ECDSA-AES256-GCM-SHA384", TLS1_2_VERSION, false},
	{"ECDHE-ECDSA-AES128-GCM-SHA256", TLS1_2_VERSION, false},
	{"ECDHE-ECDSA-CHACHA20-POLY1305", TLS1_2_VERSION, false},
	{"ECDHE-RSA-AES256-GCM-SHA384", TLS1_2_VERSION, true},
	{"ECDHE-RSA-AES128-GCM-SHA256", TLS1_2_VERSION, true},
	{"ECDHE-RSA-CHACHA20-POLY1305", TLS1_2_VERSION, true},
};

struct pair {
	struct hw_tls_half in;
	struct hw_tls_half out;
	struct tls_client client;
	struct hw_tls_handshake server;
	struct hw_tls_contexts contexts;
	uint8_t *left; /* of the client's, behind the handshake */
	uint32_t left_size;
	bool is_resumed;
};

static struct hw_tls_tickets g_tickets;
static const uint8_t g_seed[HW_TLS_SEED_SIZE] = {1, 2, 3};

/* Whole records of the client's, one by one. Returns what the last one led to; what is behind the
 * handshake is left. */
static enum hw_tls_feed client_feed(struct pair *pair)
{
	uint32_t size = 0;
	uint8_t *bytes = tls_client_take(&pair->client, &size);
	enum hw_tls_feed feed = HW_TLS_FEED_MORE;
	uint32_t at = 0;
	while (at < size && feed == HW_TLS_FEED_MORE) {
		uint32_t record_size = 0;
		assert_int_equal(hw_tls_frame_find(bytes + at, size - at, &record_size),
				 HW_TLS_FRAME_WHOLE);
		feed = hw_tls_handshake_feed(&pair->server, &pair->contexts, bytes + at,
					     record_size);
		at += record_size;
	}
	pair->left_size = size - at;
	pair->left = malloc(pair->left_size + 1);
	assert_non_null(pair->left);
	memcpy(pair->left, bytes + at, pair->left_size);
	free(bytes);
	return feed;
}

/* Returns false when they do not agree. */
static bool agree(struct pair *pair)
{
	enum hw_tls_feed feed = HW_TLS_FEED_MORE;
	bool is_over = false;
	for (uint32_t i = 0; i < 10 && !is_over; i++) {
		int r = SSL_do_handshake(pair->client.ssl);
		if (r != 1 && SSL_get_error(pair->client.ssl, r) != SSL_ERROR_WANT_READ) {
			return false;
		}
		free(pair->left);
		feed = client_feed(pair);
		struct hw_span output = hw_tls_handshake_output(&pair->server);
		tls_client_give(&pair->client, output.bytes, output.size);
		hw_tls_handshake_output_taken(&pair->server);
		is_over = feed != HW_TLS_FEED_MORE;
	}
	if (feed != HW_TLS_FEED_DONE) {
		return false;
	}
	assert_int_equal(SSL_do_handshake(pair->client.ssl), 1);
	assert_int_equal(hw_tls_handshake_keys(&pair->server, &pair->in, &pair->out), 0);
	pair->is_resumed = hw_tls_handshake_is_resumed(&pair->server);
	hw_tls_handshake_end(&pair->server);
	return true;
}

static void pair_open(struct pair *pair, const struct tls_client_options *options, bool is_rsa)
{
	*pair = (struct pair){0};
	const char *reason = NULL;
	struct hw_span pem = tls_client_pem("one.example", is_rsa);
	assert_int_equal(hw_tls_contexts_add(&pair->contexts, pem, pem, &reason), 0);
	tls_client_open(&pair->client, options);
	assert_int_equal(hw_tls_handshake_begin(&pair->server, &pair->contexts, &g_tickets), 0);
}

static void pair_close(struct pair *pair)
{
	free(pair->left);
	hw_tls_half_deinit(&pair->in);
	hw_tls_half_deinit(&pair->out);
	hw_tls_handshake_end(&pair->server);
	hw_tls_contexts_deinit(&pair->contexts);
	tls_client_close(&pair->client);
}

static void fill(uint8_t *bytes, uint32_t size, uint32_t seed)
{
	for (uint32_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(i * 7 + i / 251 + seed);
	}
}

/* Ours to theirs: @size bytes in records of at most @step. */
static void say(struct pair *pair, uint32_t size, uint32_t step)
{
	uint8_t *bytes = malloc(size + 1);
	uint8_t *back = malloc(size + 1);
	uint8_t record[HW_TLS_RECORD_SIZE_MAX];
	assert_non_null(bytes);
	assert_non_null(back);
	fill(bytes, size, step);
	for (uint32_t at = 0; at < size;) {
		uint32_t count = hw_min(step, size - at);
		uint32_t first = count / 3;
		struct iovec pieces[2] = {{bytes + at, first}, {bytes + at + first, count - first}};
		uint32_t record_size = hw_tls_seal(&pair->out, HW_TLS_DATA, pieces, 2, record);
		assert_int_equal(record_size, count + hw_tls_overhead(pair->out.suite));
		tls_client_give(&pair->client, record, record_size);
		at += count;
	}
	uint32_t got = 0;
	while (got < size) {
		int r = SSL_read(pair->client.ssl, back + got, (int)(size - got));
		assert_true(r > 0);
		got += (uint32_t)r;
	}
	assert_memory_equal(bytes, back, size);
	free(bytes);
	free(back);
}

/* One record of theirs, into a place of its exact size, or in its own. */
static struct hw_tls_opened open_one(struct pair *pair, uint8_t *record, uint32_t size,
				     bool is_in_place, uint8_t *ret_bytes)
{
	struct hw_tls_opened opened = {0};
	uint32_t most = hw_tls_open_size(pair->in.suite, size);
	uint8_t *own = malloc(most + 1);
	assert_non_null(own);
	uint8_t *place = is_in_place ? hw_tls_open_place(pair->in.suite, record) : own;
	assert_int_equal(hw_tls_open(&pair->in, record, size, place, &opened), HW_TLS_OPENED);
	assert_true(opened.size <= most);
	memcpy(ret_bytes, place, opened.size);
	free(own);
	return opened;
}

/* Theirs to ours. */
static void hear(struct pair *pair, uint32_t size, bool is_in_place)
{
	uint8_t *bytes = malloc(size + 1);
	uint8_t *back = malloc(size + HW_TLS_PLAIN_SIZE_MAX);
	uint32_t sealed_size = 0;
	assert_non_null(bytes);
	assert_non_null(back);
	fill(bytes, size, size);
	assert_int_equal(SSL_write(pair->client.ssl, bytes, (int)size), (int)size);
	uint8_t *sealed = tls_client_take(&pair->client, &sealed_size);
	uint32_t got = 0;
	for (uint32_t at = 0; at < sealed_size;) {
		uint32_t record_size = 0;
		assert_int_equal(hw_tls_frame_find(sealed + at, sealed_size - at, &record_size),
				 HW_TLS_FRAME_WHOLE);
		struct hw_tls_opened opened =
			open_one(pair, sealed + at, record_size, is_in_place, back + got);
		assert_int_equal(hw_tls_judge(pair->in.suite, opened, back + got),
				 HW_TLS_EVENT_DATA);
		got += opened.size;
		at += record_size;
	}
	assert_int_equal(got, size);
	assert_memory_equal(bytes, back, size);
	free(sealed);
	free(bytes);
	free(back);
}

static void both_talk(struct pair *pair)
{
	static const uint32_t sizes[] = {1, 2, 15, 16, 17, 1000, 16383, 16384, 16385, 300000};
	for (uint32_t i = 0; i < hw_count_of(sizes); i++) {
		hear(pair, sizes[i], i % 2 == 0);
		say(pair, sizes[i], HW_TLS_PLAIN_SIZE_MAX);
	}
	say(pair, 5000, 13);
}

static void every_suite_goes_on(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_suites); i++) {
		struct pair pair;
		struct tls_client_options options = {.version = g_suites[i].version,
						     .suites = g_suites[i].suites};
		pair_open(&pair, &options, g_suites[i].is_rsa);
		assert_true(agree(&pair));
		assert_false(pair.is_resumed);
		both_talk(&pair);
		pair_close(&pair);
	}
}

static void other_records_are_read(void **state)
{
	static const uint32_t paddings[] = {0, 100, 4096, 16384};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(paddings); i++) {
		struct pair pair;
		struct tls_client_options options = {.version = TLS1_3_VERSION,
						     .padding = paddings[i],
						     .fragment_size = 512 + 4096 * i};
		pair_open(&pair, &options, false);
		assert_true(agree(&pair));
		both_talk(&pair);
		pair_close(&pair);
	}
}

/* Bytes that come right behind the client's last message are still sealed, and ours. */
static void early_words_are_kept(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		struct pair pair;
		struct tls_client_options options = {.version = version};
		uint8_t back[64];
		pair_open(&pair, &options, false);
		(void)SSL_do_handshake(pair.client.ssl);
		assert_int_equal(client_feed(&pair), HW_TLS_FEED_MORE);
		struct hw_span output = hw_tls_handshake_output(&pair.server);
		tls_client_give(&pair.client, output.bytes, output.size);
		hw_tls_handshake_output_taken(&pair.server);
		(void)SSL_do_handshake(pair.client.ssl);
		if (version == TLS1_3_VERSION) { /* its Finished and its request in one go */
			assert_int_equal(SSL_write(pair.client.ssl, "hello", 5), 5);
		}
		free(pair.left);
		assert_int_equal(client_feed(&pair), HW_TLS_FEED_DONE);
		assert_int_equal(hw_tls_handshake_keys(&pair.server, &pair.in, &pair.out), 0);
		if (version == TLS1_3_VERSION) {
			struct hw_tls_opened opened =
				open_one(&pair, pair.left, pair.left_size, true, back);
			assert_int_equal(opened.size, 5);
			assert_memory_equal(back, "hello", 5);
		} else {
			assert_int_equal(pair.left_size, 0);
		}
		pair_close(&pair);
	}
}

/* -- new keys */

static void update_us(struct pair *pair, uint8_t *record, uint32_t size, enum hw_tls_event event)
{
	uint8_t bytes[64];
	struct hw_tls_opened opened = open_one(pair, record, size, false, bytes);
	assert_int_equal(hw_tls_judge(pair->in.suite, opened, bytes), event);
	assert_int_equal(hw_tls_half_update(&pair->in), 0);
}

static void keys_are_renewed(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3; i++) { /* the suites of TLS 1.3 */
		struct pair pair;
		struct tls_client_options options = {.version = TLS1_3_VERSION,
						     .suites = g_suites[i].suites};
		uint8_t message[HW_TLS_KEY_UPDATE_SIZE];
		uint8_t record[128];
		uint32_t size = 0;
		pair_open(&pair, &options, false);
		assert_true(agree(&pair));
		for (int kind = SSL_KEY_UPDATE_NOT_REQUESTED; kind <= SSL_KEY_UPDATE_REQUESTED;
		     kind++) {
			assert_int_equal(SSL_key_update(pair.client.ssl, kind), 1);
			assert_int_equal(SSL_do_handshake(pair.client.ssl), 1);
			uint8_t *update = tls_client_take(&pair.client, &size);
			update_us(&pair, update, size,
				  kind == SSL_KEY_UPDATE_REQUESTED ? HW_TLS_EVENT_UPDATE_US
								   : HW_TLS_EVENT_UPDATE);
			free(update);
			hear(&pair, 40000, false);
		}
		struct iovec piece = {message, sizeof(message)};
		hw_tls_key_update_write(message);
		size = hw_tls_seal(&pair.out, HW_TLS_HANDSHAKE, &piece, 1, record);
		tls_client_give(&pair.client, record, size);
		assert_int_equal(hw_tls_half_update(&pair.out), 0);
		both_talk(&pair);
		pair_close(&pair);
	}
}

/* -- endings */

static void endings_are_understood(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(g_suites); i++) {
		struct pair pair;
		struct tls_client_options options = {.version = g_suites[i].version,
						     .suites = g_suites[i].suites};
		uint8_t bytes[64];
		uint8_t record[128];
		uint32_t size = 0;
		pair_open(&pair, &options, g_suites[i].is_rsa);
		assert_true(agree(&pair));
		(void)SSL_shutdown(pair.client.ssl);
		uint8_t *alert = tls_client_take(&pair.client, &size);
		struct hw_tls_opened opened = open_one(&pair, alert, size, false, bytes);
		assert_int_equal(hw_tls_judge(pair.in.suite, opened, bytes), HW_TLS_EVENT_CLOSED);
		free(alert);
		struct iovec piece = {bytes, HW_TLS_ALERT_SIZE};
		hw_tls_alert_write(HW_TLS_CLOSE_NOTIFY, bytes);
		size = hw_tls_seal(&pair.out, HW_TLS_ALERT, &piece, 1, record);
		tls_client_give(&pair.client, record, size);
		assert_int_equal(SSL_read(pair.client.ssl, bytes, 1), 0);
		assert_int_equal(SSL_get_shutdown(pair.client.ssl) & SSL_RECEIVED_SHUTDOWN,
				 SSL_RECEIVED_SHUTDOWN);
		pair_close(&pair);
	}
}

/* -- who is spoken for */

static void names_choose(void **state)
{
	static const char *const hosts[] = {"one.example", "*.two.example", "three.example"};
	static const struct {
		const char *asked;
		const char *shown;
	} rows[] = {
		{"one.example", "one.example"},
		{"a.two.example", "b.two.example"},
		{"three.example", "three.example"},
		{"four.example", "one.example"},
		{NULL, "one.example"},
		{"THREE.example", "three.example"},
	};
	(void)state;
	for (uint32_t i = 0; i < 2 * hw_count_of(rows); i++) {
		struct pair pair = {0};
		const char *asked = rows[i / 2].asked;
		struct tls_client_options options = {
			.host = asked, .version = i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION};
		tls_client_contexts(&pair.contexts, hosts, hw_count_of(hosts));
		tls_client_open(&pair.client, &options);
		assert_int_equal(hw_tls_handshake_begin(&pair.server, &pair.contexts, &g_tickets),
				 0);
		assert_true(agree(&pair));
		assert_true(tls_client_saw(&pair.client, rows[i / 2].shown));
		pair_close(&pair);
	}
}

static void protocols_are_agreed_on(void **state)
{
	static const struct {
		const char *offered;
		bool is_good;
	} rows[] = {{"\x08http/1.1", true}, {"\x02h2\x08http/1.1", true}, {"\x02h2", false}};
	(void)state;
	for (uint32_t i = 0; i < hw_count_of(rows); i++) {
		struct pair pair;
		struct tls_client_options options = {.protocols = rows[i].offered};
		const uint8_t *chosen = NULL;
		unsigned int size = 0;
		pair_open(&pair, &options, false);
		assert_int_equal(agree(&pair), rows[i].is_good);
		SSL_get0_alpn_selected(pair.client.ssl, &chosen, &size);
		assert_int_equal(size, rows[i].is_good ? 8 : 0);
		pair_close(&pair);
	}
}

/* -- tickets */

/* A session of a handshake; the caller's. */
static SSL_SESSION *session_get(int version)
{
	struct pair pair;
	struct tls_client_options options = {.version = version};
	pair_open(&pair, &options, false);
	assert_true(agree(&pair));
	both_talk(&pair); /* reads the tickets, too */
	SSL_SESSION *session = pair.client.session;
	assert_non_null(session);
	assert_int_equal(SSL_SESSION_up_ref(session), 1);
	pair_close(&pair);
	return session;
}

static bool resumes(int version, SSL_SESSION *session)
{
	struct pair pair;
	SSL_SESSION *copy = SSL_SESSION_dup(session); /* OpenSSL uses one only once */
	struct tls_client_options options = {.version = version, .session = copy};
	pair_open(&pair, &options, false);
	assert_true(agree(&pair));
	both_talk(&pair);
	bool is_resumed = pair.is_resumed;
	pair_close(&pair);
	SSL_SESSION_free(copy);
	return is_resumed;
}

static void tickets_resume_for_two_periods(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
		hw_tls_tickets_init(&g_tickets, g_seed, 0);
		SSL_SESSION *session = session_get(version);
		assert_true(resumes(version, session));
		hw_tls_tickets_turn(&g_tickets, HW_TLS_TICKET_PERIOD_US);
		assert_true(resumes(version, session));
		hw_tls_tickets_turn(&g_tickets, 2 * HW_TLS_TICKET_PERIOD_US);
		assert_false(resumes(version, session));
		SSL_SESSION_free(session);
		session = session_get(version);
		const uint8_t other[HW_TLS_SEED_SIZE] = {9};
		hw_tls_tickets_init(&g_tickets, other, 0);
		assert_false(resumes(version, session));
		SSL_SESSION_free(session);
	}
	hw_tls_tickets_init(&g_tickets, g_seed, 0);
}

/* -- what is wrong */

static void rubbish_fails(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		struct pair pair;
		struct tls_client_options options = {0};
		uint32_t size = 0;
		pair_open(&pair, &options, false);
		(void)SSL_do_handshake(pair.client.ssl);
		uint8_t *hello = tls_client_take(&pair.client, &size);
		uint32_t at = i % size;
		if (at < 3 || at > 4) { /* the length is framing's */
			hello[at] ^= (uint8_t)(1U << i % 8);
			/* Whatever it says: no crash, and never done. */
			assert_int_not_equal(
				hw_tls_handshake_feed(&pair.server, &pair.contexts, hello, size),
				HW_TLS_FEED_DONE);
		}
		free(hello);
		pair_close(&pair);
	}
}

/* A hello that says it is 100,000 bytes long is not waited for. */
static void endless_hellos_fail(void **state)
{
	static uint8_t record[16384 + 5] = {0x16, 3, 1, 0x40, 0, 1, 1, 0x86, 0xa0, 3, 3};
	enum hw_tls_feed feed = HW_TLS_FEED_MORE;
	uint32_t count = 0;
	struct pair pair;
	struct tls_client_options options = {0};
	(void)state;
	pair_open(&pair, &options, false);
	while (feed == HW_TLS_FEED_MORE) {
		feed = hw_tls_handshake_feed(&pair.server, &pair.contexts, record, sizeof(record));
		count++;
	}
	assert_int_equal(feed, HW_TLS_FEED_FAILED);
	assert_true(count <= 2);
	pair_close(&pair);
}

static void older_versions_are_refused(void **state)
{
	(void)state;
	struct pair pair;
	struct tls_client_options options = {.version = TLS1_1_VERSION};
	pair_open(&pair, &options, false);
	SSL_CTX_set_security_level(pair.client.context, 0);
	SSL_set_security_level(pair.client.ssl, 0);
	assert_false(agree(&pair));
	pair_close(&pair);
}

static int setup(void **state)
{
	(void)state;
	hw_tls_tickets_init(&g_tickets, g_seed, 0);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_goes_on),
		cmocka_unit_test(other_records_are_read),
		cmocka_unit_test(early_words_are_kept),
		cmocka_unit_test(keys_are_renewed),
		cmocka_unit_test(endings_are_understood),
		cmocka_unit_test(names_choose),
		cmocka_unit_test(protocols_are_agreed_on),
		cmocka_unit_test(tickets_resume_for_two_periods),
		cmocka_unit_test(rubbish_fails),
		cmocka_unit_test(endless_hellos_fail),
		cmocka_unit_test(older_versions_are_refused),
	};
	/* OpenSSL's AES, then ours where there is one. */
	int failed = hw_simd_init(HW_SIMD_SCALAR);
	failed += cmocka_run_group_tests(tests, setup, NULL);
	failed += hw_simd_init(HW_SIMD_AUTO);
	return failed + cmocka_run_group_tests(tests, setup, NULL);
}
