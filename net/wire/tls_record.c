/* SPDX-License-Identifier: Apache-2.0
 *
 *   out:  hw_tls_seal -> (tls_aead.c) -> head | [nonce] | sealed | tag
 *   in:   hw_tls_frame_find -> hw_tls_open -> (tls_aead.c) -> inner_end -> hw_tls_judge
 *
 * A cipher is keyed once; a record only has its nonce. TLS 1.3 hides the type behind the
 * bytes it carries, so sealing feeds one byte more and opening keeps the last one to itself: what
 * was carried goes where it is wanted, and nothing is written past it.
 */
#include "net/wire/tls_record.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "net/wire/tls_keys.h"

#define EXPLICIT_SIZE   8U /* bytes of nonce that TLS 1.2 sends with AES-GCM */
#define IMPLICIT_SIZE   4U
#define AAD_SIZE_12     13U
#define VERSION_HIGH    3U
#define VERSION_LOW_12  3U
#define TYPE_SIZE       1U /* of the type that TLS 1.3 hides */
#define ALERT_WARNING   1U
#define ALERT_FATAL     2U
#define USER_CANCELED   90U
#define KEY_UPDATE      24U
#define FOREIGN_LOW_MAX 4U /* minor versions that a record's head has ever had */

uint32_t hw_tls_key_size(struct hw_tls_suite suite)
{
	return suite.cipher == HW_TLS_AES_128_GCM ? 16 : HW_TLS_KEY_SIZE_MAX;
}

uint32_t hw_tls_secret_size(struct hw_tls_suite suite)
{
	return suite.is_sha384 ? 48 : 32;
}

static bool has_explicit(struct hw_tls_suite suite)
{
	return !suite.is_13 && suite.cipher != HW_TLS_CHACHA20_POLY1305;
}

/* From the record's first byte to the sealed ones. */
static uint32_t front_size(struct hw_tls_suite suite)
{
	return HW_TLS_HEAD_SIZE + (has_explicit(suite) ? EXPLICIT_SIZE : 0);
}

uint32_t hw_tls_overhead(struct hw_tls_suite suite)
{
	return front_size(suite) + HW_TLS_TAG_SIZE + (suite.is_13 ? TYPE_SIZE : 0);
}

/* -- keys -- */

static int key_take(struct hw_tls_half *half, const uint8_t *key)
{
	return hw_tls_aead_key_set(&half->aead, (enum hw_tls_cipher)half->suite.cipher, key,
				   half->is_sealing);
}

int hw_tls_half_key(const struct hw_tls_half *half, uint8_t *ret_key)
{
	hw_assert(half->suite.is_13);
	return hw_tls_expand(half->suite, half->secret, HW_SPAN("key"), ret_key,
			     hw_tls_key_size(half->suite));
}

static int secret_take(struct hw_tls_half *half)
{
	uint8_t key[HW_TLS_KEY_SIZE_MAX];
	int r = hw_tls_half_key(half, key);
	if (r >= 0) {
		r = hw_tls_expand(half->suite, half->secret, HW_SPAN("iv"), half->iv,
				  HW_TLS_IV_SIZE);
	}
	if (r >= 0) {
		r = key_take(half, key);
	}
	OPENSSL_cleanse(key, sizeof(key));
	return r;
}

int hw_tls_half_init_13(struct hw_tls_half *half, struct hw_tls_suite suite, const uint8_t *secret,
			bool is_sealing, uint64_t sequence)
{
	hw_assert(suite.is_13);
	*half = (struct hw_tls_half){
		.suite = suite, .is_sealing = is_sealing, .sequence = sequence};
	memcpy(half->secret, secret, hw_tls_secret_size(suite));
	int r = secret_take(half);
	if (r < 0) {
		hw_tls_half_deinit(half);
	}
	return r;
}

int hw_tls_half_init_12(struct hw_tls_half *half, struct hw_tls_suite suite, const uint8_t *key,
			const uint8_t *iv, bool is_sealing, uint64_t sequence)
{
	hw_assert(!suite.is_13);
	*half = (struct hw_tls_half){
		.suite = suite, .is_sealing = is_sealing, .sequence = sequence};
	memcpy(half->iv, iv, has_explicit(suite) ? IMPLICIT_SIZE : HW_TLS_IV_SIZE);
	return key_take(half, key);
}

void hw_tls_half_deinit(struct hw_tls_half *half)
{
	hw_tls_aead_deinit(&half->aead);
	OPENSSL_cleanse(half, sizeof(*half));
}

int hw_tls_half_update(struct hw_tls_half *half)
{
	uint8_t next[HW_TLS_SECRET_SIZE_MAX];
	hw_assert(half->suite.is_13);
	int r = hw_tls_expand(half->suite, half->secret, HW_SPAN("traffic upd"), next,
			      hw_tls_secret_size(half->suite));
	if (r >= 0) {
		memcpy(half->secret, next, hw_tls_secret_size(half->suite));
		half->sequence = 0;
		r = secret_take(half);
	}
	OPENSSL_cleanse(next, sizeof(next));
	return r;
}

/* -- what both directions do -- */

static void number_write(uint8_t *bytes, uint64_t number)
{
	for (uint32_t i = 0; i < 8; i++) {
		bytes[i] = (uint8_t)(number >> (56U - 8U * i));
	}
}

/* @explicit: the eight bytes of the record that are the rest of the nonce; or NULL. */
static void nonce_make(const struct hw_tls_half *half, const uint8_t *explicit, uint8_t *ret_nonce)
{
	memcpy(ret_nonce, half->iv, HW_TLS_IV_SIZE);
	if (explicit != NULL) {
		memcpy(ret_nonce + IMPLICIT_SIZE, explicit, EXPLICIT_SIZE);
		return;
	}
	uint8_t number[8];
	number_write(number, half->sequence);
	for (uint32_t i = 0; i < 8; i++) {
		ret_nonce[IMPLICIT_SIZE + i] ^= number[i];
	}
}

/* @size: of what the record carries; with the head it is authentic, though it is not hidden. */
static bool pass_begin(struct hw_tls_half *half, struct hw_tls_pass *pass, const uint8_t *record,
		       uint32_t size)
{
	uint8_t nonce[HW_TLS_IV_SIZE];
	uint8_t aad[AAD_SIZE_12];
	nonce_make(half, has_explicit(half->suite) ? record + HW_TLS_HEAD_SIZE : NULL, nonce);
	if (half->suite.is_13) {
		return hw_tls_pass_begin(pass, &half->aead, nonce, record, HW_TLS_HEAD_SIZE);
	}
	number_write(aad, half->sequence);
	memcpy(aad + 8, record, 3);
	aad[11] = (uint8_t)(size >> 8);
	aad[12] = (uint8_t)size;
	return hw_tls_pass_begin(pass, &half->aead, nonce, aad, AAD_SIZE_12);
}

/* -- out -- */

static void head_write(uint8_t *head, enum hw_tls_type type, uint32_t size)
{
	head[0] = (uint8_t)type;
	head[1] = VERSION_HIGH;
	head[2] = VERSION_LOW_12;
	head[3] = (uint8_t)(size >> 8);
	head[4] = (uint8_t)size;
}

static bool pieces_seal(struct hw_tls_pass *pass, const struct iovec *pieces, uint32_t count,
			uint8_t *ret_to)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!hw_tls_pass_run(pass, pieces[i].iov_base, (uint32_t)pieces[i].iov_len,
				     ret_to)) {
			return false;
		}
		ret_to += pieces[i].iov_len;
	}
	return true;
}

uint32_t hw_tls_seal(struct hw_tls_half *half, enum hw_tls_type type, const struct iovec *pieces,
		     uint32_t count, uint8_t *ret_record)
{
	hw_assert(half->is_sealing);
	struct hw_tls_suite suite = half->suite;
	struct hw_tls_pass pass;
	uint64_t size = 0;
	for (uint32_t i = 0; i < count; i++) {
		size += pieces[i].iov_len;
	}
	hw_assert(size <= HW_TLS_PLAIN_SIZE_MAX);
	uint32_t record_size = (uint32_t)size + hw_tls_overhead(suite);
	uint8_t *sealed = ret_record + front_size(suite);
	uint8_t hidden = (uint8_t)type;
	head_write(ret_record, suite.is_13 ? HW_TLS_DATA : type, record_size - HW_TLS_HEAD_SIZE);
	if (has_explicit(suite)) {
		number_write(ret_record + HW_TLS_HEAD_SIZE, half->sequence);
	}
	bool is_good =
		pass_begin(half, &pass, ret_record, (uint32_t)size) &&
		pieces_seal(&pass, pieces, count, sealed) &&
		hw_tls_pass_run(&pass, &hidden, suite.is_13 ? TYPE_SIZE : 0, sealed + size) &&
		hw_tls_pass_seal_end(&pass, ret_record + record_size - HW_TLS_TAG_SIZE);
	half->sequence += is_good;
	return is_good ? record_size : 0;
}

/* -- in -- */

enum hw_tls_frame hw_tls_frame_find(const uint8_t *bytes, uint32_t size, uint32_t *ret_size)
{
	bool is_type =
		size == 0 || (bytes[0] >= HW_TLS_CHANGE_CIPHER_SPEC && bytes[0] <= HW_TLS_DATA);
	bool is_version = size < 3 || (bytes[1] == VERSION_HIGH && bytes[2] <= FOREIGN_LOW_MAX);
	if (!is_type || (size > 1 && bytes[1] != VERSION_HIGH) || !is_version) {
		return HW_TLS_FRAME_FOREIGN;
	}
	if (size < HW_TLS_HEAD_SIZE) {
		return HW_TLS_FRAME_MORE;
	}
	uint32_t record_size = HW_TLS_HEAD_SIZE + ((uint32_t)bytes[3] << 8 | bytes[4]);
	if (record_size > HW_TLS_RECORD_SIZE_MAX) {
		return HW_TLS_FRAME_TOO_LONG;
	}
	if (size < record_size) {
		return HW_TLS_FRAME_MORE;
	}
	*ret_size = record_size;
	return HW_TLS_FRAME_WHOLE;
}

uint8_t *hw_tls_open_place(struct hw_tls_suite suite, uint8_t *record)
{
	return record + front_size(suite);
}

uint32_t hw_tls_open_size(struct hw_tls_suite suite, uint32_t record_size)
{
	uint32_t least = hw_tls_overhead(suite);
	return record_size > least ? record_size - least : 0;
}

/* The type that TLS 1.3 hides: the last byte, or, behind padding, the last that is not zero. */
static bool inner_end(const uint8_t *bytes, uint8_t last, struct hw_tls_opened *opened)
{
	while (last == 0 && opened->size > 0) {
		last = bytes[--opened->size];
	}
	opened->type = last;
	return last != 0;
}

/* Authentic only when this says so. */
static bool decrypt(struct hw_tls_half *half, const uint8_t *record, uint32_t sealed_size,
		    uint8_t *ret_bytes, uint8_t *ret_last)
{
	struct hw_tls_pass pass;
	const uint8_t *sealed = record + front_size(half->suite);
	uint32_t kept_size = half->suite.is_13 ? TYPE_SIZE : 0;
	uint32_t size = sealed_size - kept_size;
	uint8_t tag[HW_TLS_TAG_SIZE]; /* opened in place, what is behind it may be written to */
	memcpy(tag, sealed + sealed_size, HW_TLS_TAG_SIZE);
	return pass_begin(half, &pass, record, sealed_size) &&
	       hw_tls_pass_run(&pass, sealed, size, ret_bytes) &&
	       hw_tls_pass_run(&pass, sealed + size, kept_size, ret_last) &&
	       hw_tls_pass_open_end(&pass, tag);
}

enum hw_tls_verdict hw_tls_open(struct hw_tls_half *half, const uint8_t *record,
				uint32_t record_size, uint8_t *ret_bytes,
				struct hw_tls_opened *ret_opened)
{
	hw_assert(!half->is_sealing);
	struct hw_tls_suite suite = half->suite;
	if (suite.is_13 && record[0] != HW_TLS_DATA) {
		return HW_TLS_UNEXPECTED;
	}
	if (record_size < hw_tls_overhead(suite)) {
		return HW_TLS_BAD_MAC;
	}
	uint32_t sealed_size = record_size - front_size(suite) - HW_TLS_TAG_SIZE;
	struct hw_tls_opened opened = {.size = sealed_size, .type = record[0]};
	uint8_t last = 0;
	if (!decrypt(half, record, sealed_size, ret_bytes, &last)) {
		return HW_TLS_BAD_MAC;
	}
	half->sequence++;
	if (suite.is_13) {
		opened.size -= TYPE_SIZE;
		if (!inner_end(ret_bytes, last, &opened)) {
			return HW_TLS_UNEXPECTED;
		}
	}
	/* With padding a record may be a byte longer than what it carries may be. */
	if (opened.size > HW_TLS_PLAIN_SIZE_MAX ||
	    sealed_size > HW_TLS_PLAIN_SIZE_MAX + (suite.is_13 ? TYPE_SIZE : 0)) {
		return HW_TLS_TOO_LONG;
	}
	*ret_opened = opened;
	return HW_TLS_OPENED;
}

enum hw_tls_alert hw_tls_verdict_alert(enum hw_tls_verdict verdict)
{
	static const uint8_t g_alerts[HW_TLS_VERDICT_COUNT] = {
		[HW_TLS_OPENED] = HW_TLS_INTERNAL_ERROR,
		[HW_TLS_BAD_MAC] = HW_TLS_BAD_RECORD_MAC,
		[HW_TLS_TOO_LONG] = HW_TLS_RECORD_OVERFLOW,
		[HW_TLS_UNEXPECTED] = HW_TLS_UNEXPECTED_MESSAGE,
	};
	return (enum hw_tls_alert)g_alerts[verdict];
}

/* -- what it means -- */

static enum hw_tls_event alert_judge(struct hw_tls_suite suite, struct hw_tls_opened opened,
				     const uint8_t *bytes)
{
	if (opened.size != HW_TLS_ALERT_SIZE) {
		return HW_TLS_EVENT_BAD;
	}
	if (bytes[1] == HW_TLS_CLOSE_NOTIFY) {
		return HW_TLS_EVENT_CLOSED;
	}
	/* TLS 1.3 knows no warnings but that one. */
	bool is_warning = bytes[0] == ALERT_WARNING && (!suite.is_13 || bytes[1] == USER_CANCELED);
	return is_warning ? HW_TLS_EVENT_NOTHING : HW_TLS_EVENT_FATAL;
}

/* A KeyUpdate is a record of its own (RFC 8446, 5.1 lets nothing follow it under the old key), and
 * nobody sends one in pieces. */
static enum hw_tls_event handshake_judge(struct hw_tls_suite suite, struct hw_tls_opened opened,
					 const uint8_t *bytes)
{
	bool is_update = suite.is_13 && opened.size == HW_TLS_KEY_UPDATE_SIZE &&
			 bytes[0] == KEY_UPDATE && bytes[1] == 0 && bytes[2] == 0 &&
			 bytes[3] == 1 && bytes[4] <= 1;
	if (!is_update) {
		return HW_TLS_EVENT_BAD;
	}
	return bytes[4] == 1 ? HW_TLS_EVENT_UPDATE_US : HW_TLS_EVENT_UPDATE;
}

enum hw_tls_event hw_tls_judge(struct hw_tls_suite suite, struct hw_tls_opened opened,
			       const uint8_t *bytes)
{
	switch (opened.type) {
	case HW_TLS_DATA:
		return opened.size > 0 ? HW_TLS_EVENT_DATA : HW_TLS_EVENT_NOTHING;
	case HW_TLS_ALERT:
		return alert_judge(suite, opened, bytes);
	case HW_TLS_HANDSHAKE:
		return handshake_judge(suite, opened, bytes);
	default:
		return HW_TLS_EVENT_BAD;
	}
}

void hw_tls_alert_write(enum hw_tls_alert alert, uint8_t *ret_bytes)
{
	ret_bytes[0] = alert == HW_TLS_CLOSE_NOTIFY ? ALERT_WARNING : ALERT_FATAL;
	ret_bytes[1] = (uint8_t)alert;
}

void hw_tls_key_update_write(uint8_t *ret_bytes)
{
	static const uint8_t message[HW_TLS_KEY_UPDATE_SIZE] = {KEY_UPDATE, 0, 0, 1, 0};
	memcpy(ret_bytes, message, sizeof(message));
}
