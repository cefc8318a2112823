// SPDX-License-Identifier: Apache-2.0
//
// Goal: a speed is that of the last seconds, falls to 0 by itself, and never counts what was there before.
// Method: samples at times that the test makes.

import { Pacer, paceOf, totalOf } from '../../../../web/src/transfer/pace';

function steady(pacer: Pacer, fromMs: number, toMs: number, perSecond: number, start = 0): void {
	for (let atMs = fromMs; atMs <= toMs; atMs += 250) pacer.add(start + ((atMs - fromMs) * perSecond) / 1000, atMs);
}

describe('a speed', () => {
	it('is what moved in a second', () => {
		const pacer = new Pacer();
		steady(pacer, 0, 20_000, 1000);
		expect(pacer.bytesPerSecond(20_000)).toBeCloseTo(1000, -1);
	});

	it('follows a change within the window', () => {
		const pacer = new Pacer();
		steady(pacer, 0, 20_000, 1000);
		steady(pacer, 20_250, 30_000, 5000, 20_000);
		expect(pacer.bytesPerSecond(30_000)).toBeCloseTo(5000, -2);
	});

	it('falls while nothing comes, and is 0 after the window', () => {
		const pacer = new Pacer();
		steady(pacer, 0, 10_000, 1000);
		const at = [10_000, 12_000, 14_000, 17_000, 18_000, 60_000].map((ms) => pacer.bytesPerSecond(ms));
		for (let index = 1; index < at.length; index++) expect(at[index]!).toBeLessThanOrEqual(at[index - 1]!);
		expect(at.at(-1)).toBe(0);
	});

	it('does not count what a resumed transfer had', () => {
		const pacer = new Pacer();
		pacer.reset(1_000_000, 0);
		pacer.add(1_001_000, 1000);
		expect(pacer.bytesPerSecond(1000)).toBe(1000);
	});

	it('begins anew when the bytes go back', () => {
		const pacer = new Pacer();
		steady(pacer, 0, 5000, 1000);
		pacer.add(0, 5250);
		pacer.add(100, 6250);
		expect(pacer.bytesPerSecond(6250)).toBe(100);
	});

	it('is not said without a span', () => {
		const pacer = new Pacer();
		expect(pacer.bytesPerSecond(0)).toBe(0);
		pacer.add(10_000_000, 0);
		expect(pacer.bytesPerSecond(100)).toBe(0);
	});

	it('keeps few samples however often it is told', () => {
		const pacer = new Pacer();
		for (let ms = 0; ms < 100_000; ms++) pacer.add(ms, ms);
		expect((JSON.stringify(pacer), pacer.bytesPerSecond(99_999))).toBeCloseTo(1000, -2);
	});
});

describe('the time left', () => {
	it('is what is left at that speed, rounded up', () => {
		expect(paceOf(1000, 250, 100)).toEqual({ size: 1000, done: 250, bytesPerSecond: 100, secondsLeft: 8 });
	});
	it.each([
		[null, 5, 100, null],
		[1000, 5, 0, null],
		[1000, 1000, 0, 0],
		[0, 0, 0, 0],
	])('of %s bytes, %s done, at %s is %s', (size, done, speed, left) => {
		expect(paceOf(size, done, speed).secondsLeft).toBe(left);
	});
	it('of several is of their sum; one without a size makes it unknown', () => {
		expect(totalOf([paceOf(100, 50, 5), paceOf(300, 100, 20)])).toEqual({ size: 400, done: 150, bytesPerSecond: 25, secondsLeft: 10 });
		expect(totalOf([paceOf(100, 50, 5), paceOf(null, 100, 20)])).toEqual({ size: null, done: 150, bytesPerSecond: 25, secondsLeft: null });
		expect(totalOf([])).toEqual({ size: 0, done: 0, bytesPerSecond: 0, secondsLeft: 0 });
	});
});
