// SPDX-License-Identifier: Apache-2.0
//
// Goal: requests find the size that their way lets through, and do not try again what was refused.
// Method: proxies as functions of the size; random answers with a seed for the limits.

import { chunkSizeBegin, chunkSizeGood, chunkSizeTooLarge, chunkSizeTooSlow, isSmallest, SIZE_FIRST, SIZE_MAX, SIZE_MIN } from '../../../../web/src/transfer/chunk_size';
import { pick, seeded } from '../fake/random';

const MIB = 1 << 20;

describe('the size of a request', () => {
	it('doubles while it goes well and quickly, up to its limit', () => {
		let chunk = chunkSizeBegin();
		expect(chunk.size).toBe(SIZE_FIRST);
		for (let step = 0; step < 12; step++) chunk = chunkSizeGood(chunk, chunk.size, 500);
		expect(chunk.size).toBe(SIZE_MAX);
	});

	it('stays when a request took long, or was short', () => {
		const chunk = chunkSizeBegin();
		expect(chunkSizeGood(chunk, chunk.size, 60_000)).toBe(chunk);
		expect(chunkSizeGood(chunk, chunk.size - 1, 10)).toBe(chunk);
	});

	it.each([1 * MIB, 1 * MIB - 1, 100 * 1000, 10 * MIB, 100 * MIB])('under a proxy that refuses more than %i it fits, and is refused no more', (limit) => {
		let chunk = chunkSizeBegin();
		const sizes: number[] = [];
		let refusals = 0;
		for (let step = 0; step < 50; step++) {
			sizes.push(chunk.size);
			if (chunk.size > limit) {
				refusals++;
				chunk = chunkSizeTooLarge(chunk, chunk.size);
			} else {
				chunk = chunkSizeGood(chunk, chunk.size, 10);
			}
		}
		expect(refusals).toBeLessThanOrEqual(6);
		expect(sizes.slice(10).every((size) => size <= limit)).toBe(true);
		expect(sizes.at(-1)).toBeGreaterThanOrEqual(Math.max(SIZE_MIN, limit / 4));
	});

	it('begins below what another upload learned', () => {
		expect(chunkSizeBegin(1 * MIB).size).toBeLessThan(1 * MIB);
		expect(chunkSizeBegin(64 * MIB).size).toBe(SIZE_FIRST);
		for (const nonsense of [NaN, -5, 0, 0.5, Infinity]) expect(chunkSizeBegin(nonsense)).toEqual(chunkSizeBegin());
	});

	it('halves for what is too slow, and grows again, more and more carefully', () => {
		let chunk = chunkSizeTooSlow(chunkSizeBegin(), SIZE_FIRST);
		expect(chunk.size).toBe(SIZE_FIRST / 2);
		const needed = () => {
			let count = 0;
			for (const size = chunk.size; chunk.size === size && count < 1000; count++) chunk = chunkSizeGood(chunk, chunk.size, 10);
			return count;
		};
		const first = needed();
		chunk = chunkSizeTooSlow(chunk, chunk.size);
		expect(needed()).toBeGreaterThan(first);
	});

	it('ends at its smallest', () => {
		let chunk = chunkSizeBegin();
		for (let step = 0; step < 20; step++) chunk = chunkSizeTooSlow(chunk, chunk.size);
		expect(chunk.size).toBe(SIZE_MIN);
		expect(isSmallest(chunk)).toBe(true);
		for (let step = 0; step < 20; step++) chunk = chunkSizeTooLarge(chunk, chunk.size);
		expect(chunk.size).toBe(SIZE_MIN);
	});

	it('keeps its limits over random answers', () => {
		for (let seed = 0; seed < 100; seed++) {
			const random = seeded(seed);
			let chunk = chunkSizeBegin(pick(random, [null, 3 * MIB, 77_777]));
			let refused = Infinity;
			for (let step = 0; step < 60; step++) {
				const answer = random();
				if (answer < 0.6) chunk = chunkSizeGood(chunk, chunk.size, random() * 20_000);
				else if (answer < 0.8) chunk = chunkSizeTooSlow(chunk, chunk.size);
				else {
					refused = Math.min(refused, chunk.size);
					chunk = chunkSizeTooLarge(chunk, chunk.size);
				}
				expect(chunk.size, `seed ${seed}`).toBeGreaterThanOrEqual(SIZE_MIN);
				expect(chunk.size, `seed ${seed}`).toBeLessThanOrEqual(SIZE_MAX);
				if (refused > SIZE_MIN) expect(chunk.size, `seed ${seed}`).toBeLessThan(refused);
			}
		}
	});
});
