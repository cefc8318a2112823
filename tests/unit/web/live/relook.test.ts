// SPDX-License-Identifier: Apache-2.0
//
// Goal: however much happens, a list is asked for one question at a time, not too often, and never too early.
// Method: looks that the test ends, and a clock that it turns.

import { lookMs, Relook } from '../../../../web/src/live/relook';

const EVERY_MS = 1_000;
let looks: (() => void)[];
let relook: Relook;
const end = async () => {
	looks.at(-1)!();
	await vi.advanceTimersByTimeAsync(0);
};

beforeEach(() => {
	vi.useFakeTimers();
	looks = [];
	relook = new Relook(() => new Promise((resolve) => looks.push(resolve)), () => EVERY_MS);
});
afterEach(() => {
	relook.stop();
	vi.useRealTimers();
});

it('looks at once the first time, and then with what else came', async () => {
	relook.soon();
	await vi.advanceTimersByTimeAsync(0);
	expect(looks).toHaveLength(1);
	await end();
	for (let count = 0; count < 10; count++) relook.soon();
	await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
	expect(looks).toHaveLength(1);
	await vi.advanceTimersByTimeAsync(1);
	expect(looks).toHaveLength(2);
});

it('never looks twice at a time, and once more for what came meanwhile', async () => {
	void relook.now();
	void relook.now();
	relook.soon();
	await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
	expect(looks).toHaveLength(1);
	await end();
	await vi.advanceTimersByTimeAsync(EVERY_MS);
	expect(looks).toHaveLength(2);
	await end();
	await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
	expect(looks).toHaveLength(2);
});

it('comes earlier where that is asked', async () => {
	void relook.now();
	await end();
	relook.soon();
	relook.soon(100);
	await vi.advanceTimersByTimeAsync(100);
	expect(looks).toHaveLength(2);
});

it('is over when it is stopped', async () => {
	relook.soon();
	relook.stop();
	relook.soon();
	await relook.now();
	await vi.advanceTimersByTimeAsync(EVERY_MS);
	expect(looks).toHaveLength(0);
});

it('waits the longer the more there is to read', () => {
	expect([0, 100, 1_000, 10_000].map(lookMs)).toEqual([700, 700, 3_000, 30_000]);
});
