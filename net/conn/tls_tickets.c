/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn/tls_tickets.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

static void derive(const uint8_t *seed, const char *label, uint8_t *ret_bytes, uint32_t size)
{
	uint8_t block[EVP_MAX_MD_SIZE];
	unsigned int block_size = 0;
	const void *made = HMAC(EVP_sha256(), seed, (int)HW_TLS_SEED_SIZE, (const uint8_t *)label,
				strlen(label), block, &block_size);
	hw_assert(made != NULL && block_size >= size); /* it needs a few hundred bytes */
	memcpy(ret_bytes, block, size);
	OPENSSL_cleanse(block, sizeof(block));
}

/* One period on: what the seed was cannot be found out any more. */
static void step(struct hw_tls_tickets *tickets)
{
	uint8_t next[HW_TLS_SEED_SIZE];
	tickets->before = tickets->now;
	derive(tickets->seed, "name", tickets->now.name, HW_TLS_TICKET_NAME_SIZE);
	derive(tickets->seed, "cipher", tickets->now.cipher, HW_TLS_TICKET_KEY_SIZE);
	derive(tickets->seed, "mac", tickets->now.mac, HW_TLS_TICKET_KEY_SIZE);
	derive(tickets->seed, "next", next, HW_TLS_SEED_SIZE);
	memcpy(tickets->seed, next, HW_TLS_SEED_SIZE);
	OPENSSL_cleanse(next, sizeof(next));
}

void hw_tls_tickets_init(struct hw_tls_tickets *tickets, const uint8_t *seed, uint64_t now_us)
{
	*tickets = (struct hw_tls_tickets){.begun_us = now_us};
	memcpy(tickets->seed, seed, HW_TLS_SEED_SIZE);
	step(tickets);
}

void hw_tls_tickets_deinit(struct hw_tls_tickets *tickets)
{
	OPENSSL_cleanse(tickets, sizeof(*tickets));
}

void hw_tls_tickets_turn(struct hw_tls_tickets *tickets, uint64_t now_us)
{
	/* As many rounds as periods have passed since the last look. */
	while (now_us >= tickets->begun_us + HW_TLS_TICKET_PERIOD_US) {
		step(tickets);
		tickets->has_before = true;
		tickets->begun_us += HW_TLS_TICKET_PERIOD_US;
	}
}

const struct hw_tls_ticket_key *hw_tls_tickets_find(const struct hw_tls_tickets *tickets,
						    const uint8_t *name)
{
	if (memcmp(name, tickets->now.name, HW_TLS_TICKET_NAME_SIZE) == 0) {
		return &tickets->now;
	}
	bool is_before = tickets->has_before &&
			 memcmp(name, tickets->before.name, HW_TLS_TICKET_NAME_SIZE) == 0;
	return is_before ? &tickets->before : NULL;
}
