/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gate/attempts.h"

void hw_attempts_init(struct hw_attempts *attempts, uint64_t seed)
{
	memset(attempts, 0, sizeof(*attempts));
	hw_keyed_init(&attempts->keyed, seed);
}

uint32_t hw_attempts_wait_s(const struct hw_attempts *attempts, const struct hw_key *key,
			    uint64_t now_ms)
{
	int place = hw_keyed_find(&attempts->keyed, key);
	if (place < 0 || now_ms >= attempts->attempts[place].pause_end_ms) {
		return 0;
	}
	return (uint32_t)((attempts->attempts[place].pause_end_ms - now_ms + 999) / 1000);
}

void hw_attempts_wrong(struct hw_attempts *attempts, const struct hw_key *key, uint64_t now_ms)
{
	bool is_new = false;
	int place = hw_keyed_get(&attempts->keyed, key, &is_new);
	hw_assert(place >= 0); /* none is ever held */
	struct hw_attempt *attempt = &attempts->attempts[place];
	if (is_new || now_ms >= attempt->forget_ms) {
		*attempt = (struct hw_attempt){.forget_ms = now_ms + HW_ATTEMPTS_WINDOW_MS};
	}
	attempt->wrong_count++;
	if (attempt->wrong_count < HW_ATTEMPTS_FREE) {
		return;
	}
	attempt->pause_s = attempt->pause_s == 0
				   ? HW_ATTEMPTS_PAUSE_S
				   : hw_min(2 * attempt->pause_s, HW_ATTEMPTS_PAUSE_MAX_S);
	attempt->pause_end_ms = now_ms + UINT64_C(1000) * attempt->pause_s;
	attempt->forget_ms = attempt->pause_end_ms + HW_ATTEMPTS_WINDOW_MS;
}
