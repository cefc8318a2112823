// SPDX-License-Identifier: Apache-2.0
//
// Goal: a store keeps Svelte's contract; a burst of changes is one picture.
// Method: calls counted.

import { backoffMs } from '../../../../web/src/live/backoff';
import { Gathered, Store } from '../../../../web/src/live/store';

describe('a store', () => {
	it('says its value at once, then each change, until it is left', () => {
		const store = new Store(1);
		const heard: number[] = [];
		const leave = store.subscribe((value) => heard.push(value));
		store.set(2);
		store.set(2);
		leave();
		store.set(3);
		expect(heard).toEqual([1, 2]);
	});
	it('lets somebody leave while it speaks', () => {
		const store = new Store(0);
		const leave = store.subscribe((value) => value === 1 && leave());
		const heard: number[] = [];
		store.subscribe((value) => heard.push(value));
		store.set(1);
		expect(heard).toEqual([0, 1]);
	});
});

describe('gathered work', () => {
	beforeEach(() => void vi.useFakeTimers());
	afterEach(() => void vi.useRealTimers());
	it('is done once for many calls, and not too often', () => {
		const work = vi.fn();
		const gathered = new Gathered(work, 200);
		for (let call = 0; call < 100; call++) gathered.soon();
		vi.advanceTimersByTime(1);
		expect(work).toHaveBeenCalledTimes(1);
		for (let ms = 0; ms < 1000; ms += 10) {
			gathered.soon();
			vi.advanceTimersByTime(10);
		}
		expect(work.mock.calls.length).toBeGreaterThan(4);
		expect(work.mock.calls.length).toBeLessThanOrEqual(7);
	});
	it('is not done after stop()', () => {
		const work = vi.fn();
		const gathered = new Gathered(work, 200);
		gathered.soon();
		gathered.stop();
		vi.advanceTimersByTime(1000);
		expect(work).not.toHaveBeenCalled();
	});
});

describe('a backoff', () => {
	it('doubles, is spread over its upper half, and ends', () => {
		expect(backoffMs(0, 100, 1000, () => 1)).toBe(100);
		expect(backoffMs(2, 100, 1000, () => 1)).toBe(400);
		expect(backoffMs(2, 100, 1000, () => 0)).toBe(200);
		expect(backoffMs(1_000_000, 100, 1000, () => 1)).toBe(1000);
	});
});
