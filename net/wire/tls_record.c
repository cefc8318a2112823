/* SPDX-License-Identifier: Apache-2.0
 *
 *   out:  hw_tls_seal -> nonce_set, aad -> EVP -> head | [nonce] | sealed | tag
 *   in:   hw_tls_frame_find -> hw_tls_open -> nonce_set, aad -> EVP -> inner_end -> hw_tls_judge
 *
 * A cipher's state is keyed once; a record only sets its nonce. TLS 1.3 hides the type behind the
 * bytes it carries, so sealing feeds one byte more and opening keeps the last one to itself: what
 * was carried goes where it is wanted, and nothing is written past it.
 */
#include "net/wire/tls_record.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

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

static const EVP_CIPHER *evp_of(enum hw_tls_cipher cipher)
{
	switch (cipher) {
	case HW_TLS_AES_128_GCM:
		return EVP_aes_128_gcm();
	case HW_TLS_AES_256_GCM:
		return EVP_aes_256_gcm();
	case HW_TLS_CHACHA20_POLY1305:
		return EVP_chacha20_poly1305();
	default:
		hw_assert(cipher == HW_TLS_AES_128_GCM); /* there is no other */
		return NULL;
	}
}

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

static int cipher_init(struct hw_tls_half *half, const uint8_t *key)
{
	const EVP_CIPHER *evp = evp_of((enum hw_tls_cipher)half->suite.cipher);
	if (half->cipher == NULL) {
		half->cipher = EVP_CIPHER_CTX_new();
	}
	if (half->cipher == NULL ||
	    EVP_CipherInit_ex(half->cipher, evp, NULL, key, NULL, half->is_sealing) != 1) {
		hw_tls_half_deinit(half);
		return -ENOMEM;
	}
	return 0;
}

static int secret_take(struct hw_tls_half *half)
{
	uint8_t key[HW_TLS_KEY_SIZE_MAX];
	struct hw_tls_suite suite = half->suite;
	int r = hw_tls_expand(suite, half->secret, HW_SPAN("key"), key, hw_tls_key_size(suite));
	if (r >= 0) {
		r = hw_tls_expand(suite, half->secret, HW_SPAN("iv"), half->iv, HW_TLS_IV_SIZE);
	}
	if (r >= 0) {
		r = cipher_init(half, key);
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
	return cipher_init(half, key);
}

void hw_tls_half_deinit(struct hw_tls_half *half)
{
	EVP_CIPHER_CTX_free(half->cipher); /* wipes the key; NULL is fine */
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
static bool nonce_set(const struct hw_tls_half *half, const uint8_t *explicit)
{
	uint8_t nonce[HW_TLS_IV_SIZE];
	memcpy(nonce, half->iv, HW_TLS_IV_SIZE);
	if (explicit != NULL) {
		memcpy(nonce + IMPLICIT_SIZE, explicit, EXPLICIT_SIZE);
	} else {
		uint8_t number[8];
		number_write(number, half->sequence);
		for (uint32_t i = 0; i < 8; i++) {
			nonce[IMPLICIT_SIZE + i] ^= number[i];
		}
	}
	return EVP_CipherInit_ex(half->cipher, NULL, NULL, NULL, nonce, -1) == 1;
}

/* What is sealed with the bytes, though it is not hidden. @size: of what the record carries. */
static bool aad_add(const struct hw_tls_half *half, const uint8_t *head, uint32_t size)
{
	uint8_t aad[AAD_SIZE_12];
	int count = 0;
	if (half->suite.is_13) {
		return EVP_CipherUpdate(half->cipher, NULL, &count, head, HW_TLS_HEAD_SIZE) == 1;
	}
	number_write(aad, half->sequence);
	memcpy(aad + 8, head, 3);
	aad[11] = (uint8_t)(size >> 8);
	aad[12] = (uint8_t)size;
	return EVP_CipherUpdate(half->cipher, NULL, &count, aad, AAD_SIZE_12) == 1;
}

static bool run(const struct hw_tls_half *half, const void *from, uint32_t size, uint8_t *ret_to)
{
	int count = 0;
	return size == 0 || (EVP_CipherUpdate(half->cipher, ret_to, &count, from, (int)size) == 1 &&
			     count == (int)size);
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

static bool pieces_seal(const struct hw_tls_half *half, const struct iovec *pieces, uint32_t count,
			uint8_t *ret_to)
{
	for (uint32_t i = 0; i < count; i++) {
		if (!run(half, pieces[i].iov_base, (uint32_t)pieces[i].iov_len, ret_to)) {
			return false;
		}
		ret_to += pieces[i].iov_len;
	}
	return true;
}

uint32_t hw_tls_seal(struct hw_tls_half *half, enum hw_tls_type type, const struct iovec *pieces,
		     uint32_t count, uint8_t *ret_record)
{
	hw_assert(half->is_sealing && half->cipher != NULL);
	struct hw_tls_suite suite = half->suite;
	uint64_t size = 0;
	for (uint32_t i = 0; i < count; i++) {
		size += pieces[i].iov_len;
	}
	hw_assert(size <= HW_TLS_PLAIN_SIZE_MAX);
	uint32_t record_size = (uint32_t)size + hw_tls_overhead(suite);
	uint8_t *explicit = has_explicit(suite) ? ret_record + HW_TLS_HEAD_SIZE : NULL;
	uint8_t *sealed = ret_record + front_size(suite);
	uint8_t hidden = (uint8_t)type;
	int last = 0;
	head_write(ret_record, suite.is_13 ? HW_TLS_DATA : type, record_size - HW_TLS_HEAD_SIZE);
	if (explicit != NULL) {
		number_write(explicit, half->sequence);
	}
	bool is_good = nonce_set(half, explicit) && aad_add(half, ret_record, (uint32_t)size) &&
		       pieces_seal(half, pieces, count, sealed) &&
		       run(half, &hidden, suite.is_13 ? TYPE_SIZE : 0, sealed + size) &&
		       EVP_CipherFinal_ex(half->cipher, sealed, &last) == 1;
	uint8_t *tag = ret_record + record_size - HW_TLS_TAG_SIZE;
	if (!is_good ||
	    EVP_CIPHER_CTX_ctrl(half->cipher, EVP_CTRL_AEAD_GET_TAG, HW_TLS_TAG_SIZE, tag) != 1) {
		return 0;
	}
	half->sequence++;
	return record_size;
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
static bool decrypt(const struct hw_tls_half *half, const uint8_t *record, uint32_t sealed_size,
		    uint8_t *ret_bytes, uint8_t *ret_last)
{
	const uint8_t *sealed = record + front_size(half->suite);
	const uint8_t *explicit = has_explicit(half->suite) ? record + HW_TLS_HEAD_SIZE : NULL;
	uint32_t kept_size = half->suite.is_13 ? TYPE_SIZE : 0;
	uint32_t size = sealed_size - kept_size;
	uint8_t tag[HW_TLS_TAG_SIZE];
	uint8_t none[HW_TLS_TAG_SIZE];
	int last = 0;
	memcpy(tag, sealed + sealed_size, HW_TLS_TAG_SIZE);
	return nonce_set(half, explicit) && aad_add(half, record, sealed_size) &&
	       EVP_CIPHER_CTX_ctrl(half->cipher, EVP_CTRL_AEAD_SET_TAG, HW_TLS_TAG_SIZE, tag) ==
		       1 &&
	       run(half, sealed, size, ret_bytes) &&
	       run(half, sealed + size, kept_size, ret_last) &&
	       EVP_CipherFinal_ex(half->cipher, none, &last) == 1;
}

enum hw_tls_verdict hw_tls_open(struct hw_tls_half *half, const uint8_t *record,
				uint32_t record_size, uint8_t *ret_bytes,
				struct hw_tls_opened *ret_opened)
{
	hw_assert(!half->is_sealing && half->cipher != NULL);
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
