/* SPDX-License-Identifier: Apache-2.0
 *
 * attempts.h - how often somebody may guess
 *
 * Room: core/gate    Thread: its owner's    Blocks: never    Allocates: never
 * Owns: a table of those who guessed wrong, by share or by client
 * Limits: HW_KEYED_CAPACITY of them; who guessed longest ago is forgotten first
 *
 * HW_ATTEMPTS_FREE wrong guesses in HW_ATTEMPTS_WINDOW_MS; then one after each pause, and the pause
 * doubles. When nothing wrong came for a window, all is forgotten. Right ones do not count.
 */
#ifndef HW_CORE_GATE_ATTEMPTS_H
#define HW_CORE_GATE_ATTEMPTS_H

#include "core/gate/keyed.h"

#define HW_ATTEMPTS_FREE        10U     /* people mistype; 10 of 10^6 passwords is no attack */
#define HW_ATTEMPTS_WINDOW_MS   900000U /* 15 minutes */
#define HW_ATTEMPTS_PAUSE_S     60U     /* the first; 14 guesses in the first 15 minutes at most */
#define HW_ATTEMPTS_PAUSE_MAX_S 86400U  /* a day: longer would only punish who owns the share */

struct hw_attempt {
	uint64_t forget_ms; /* then it is as if nothing had been */
	uint64_t pause_end_ms;
	uint32_t pause_s; /* the last one; 0: none yet */
	uint32_t wrong_count;
};

/* All zero but the seed of keyed. */
struct hw_attempts {
	struct hw_keyed keyed;
	struct hw_attempt attempts[HW_KEYED_CAPACITY];
};

void hw_attempts_init(struct hw_attempts *attempts, uint64_t seed);
/* Returns 0 a guess may be made now, else the seconds until then. */
uint32_t hw_attempts_wait_s(const struct hw_attempts *attempts, const struct hw_key *key,
			    uint64_t now_ms);
/* A guess was wrong. */
void hw_attempts_wrong(struct hw_attempts *attempts, const struct hw_key *key, uint64_t now_ms);

#endif
