/* SPDX-License-Identifier: Apache-2.0 */
#include "core/gate/rates.h"

void hw_rates_init(struct hw_rates *rates, const struct hw_rate_limits *limits, uint64_t seed)
{
	memset(rates, 0, sizeof(*rates));
	rates->limits = *limits;
	hw_keyed_init(&rates->keyed, seed);
}

bool hw_rates_limit(const struct hw_rates *rates, enum hw_rate_kind kind)
{
	return rates->limits.per_minute[kind] > 0 || rates->limits.transfers_max > 0;
}

uint32_t hw_rates_begin(struct hw_rates *rates, const struct hw_key *client, enum hw_rate_kind kind,
			uint64_t now_us)
{
	bool is_new = false;
	uint32_t per_minute = rates->limits.per_minute[kind];
	uint32_t transfers_max = rates->limits.transfers_max;
	int place = hw_keyed_get(&rates->keyed, client, &is_new);
	if (place < 0) {
		return HW_RATES_RETRY_S; /* as many clients as there are places have transfers */
	}
	struct hw_rate_client *entry = &rates->clients[place];
	if (is_new) {
		*entry = (struct hw_rate_client){.transfer_count = 0};
	}
	if (transfers_max > 0 && entry->transfer_count >= transfers_max) {
		return HW_RATES_RETRY_S;
	}
	uint32_t wait_s =
		per_minute > 0 ? hw_bucket_take(&entry->buckets[kind], per_minute, now_us) : 0;
	if (wait_s == 0 && transfers_max > 0) {
		entry->transfer_count++;
		hw_keyed_hold(&rates->keyed, (uint32_t)place); /* its count must not be lost */
	}
	return wait_s;
}

void hw_rates_end(struct hw_rates *rates, const struct hw_key *client)
{
	if (rates->limits.transfers_max == 0) {
		return;
	}
	int place = hw_keyed_find(&rates->keyed, client);
	hw_assert(place >= 0); /* it was held */
	struct hw_rate_client *entry = &rates->clients[place];
	hw_assert(entry->transfer_count > 0);
	entry->transfer_count--;
	if (entry->transfer_count == 0) {
		hw_keyed_release(&rates->keyed, (uint32_t)place);
	}
}
