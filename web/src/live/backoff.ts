// SPDX-License-Identifier: Apache-2.0
//
// backoff.ts - how long to wait before asking again

/**
 * Doubles with each attempt (from 0), up to @maxMs, and is spread over the upper half of that: a thousand
 * pages that lost the same server do not come back at the same moment.
 */
export function backoffMs(attempt: number, firstMs: number, maxMs: number, random: () => number = Math.random): number {
	const wholeMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
	return Math.round(wholeMs * (0.5 + random() / 2));
}
