// SPDX-License-Identifier: Apache-2.0
//
// pace.ts - how fast something moves, and how long it still takes: bytes over a sliding window
//
// The end of the window is now, not the last sample: what stands still becomes slower by itself, and is at 0
// when the window has passed.

import type { Pace } from './model';

const WINDOW_MS = 8_000;
const SAMPLE_MS = 200; // samples that are closer are one
const SPAN_MIN_MS = 500; // over less no speed is said: it would jump

interface Sample {
	atMs: number;
	done: number;
}

export class Pacer {
	#samples: Sample[] = [];

	/** @done: bytes so far. Less than before (a restart) begins anew. */
	add(done: number, nowMs: number): void {
		const last = this.#samples.at(-1);
		if (last !== undefined && done < last.done) this.#samples = [];
		if (last !== undefined && done === last.done) return;
		const before = this.#samples.at(-2);
		if (last !== undefined && before !== undefined && nowMs - before.atMs < SAMPLE_MS) this.#samples.pop();
		this.#samples.push({ atMs: nowMs, done });
		this.#forget(nowMs);
	}

	/** What moved before does not count: a pause, or what a resumed upload already had. */
	reset(done: number, nowMs: number): void {
		this.#samples = [{ atMs: nowMs, done }];
	}

	bytesPerSecond(nowMs: number): number {
		this.#forget(nowMs);
		const first = this.#samples[0];
		const last = this.#samples.at(-1);
		if (first === undefined || last === undefined) return 0;
		const spanMs = nowMs - first.atMs;
		return spanMs < SPAN_MIN_MS ? 0 : Math.round(((last.done - first.done) * 1000) / spanMs);
	}

	/** One sample from before the window stays: the speed is counted from its edge. */
	#forget(nowMs: number): void {
		const edgeMs = nowMs - WINDOW_MS;
		while (this.#samples.length > 1 && this.#samples[1]!.atMs <= edgeMs) this.#samples.shift();
		const first = this.#samples[0];
		if (first !== undefined && first.atMs < edgeMs) this.#samples[0] = { atMs: edgeMs, done: first.done };
	}
}

export function paceOf(size: number | null, done: number, bytesPerSecond: number): Pace {
	const left = size === null ? null : Math.max(0, size - done);
	const secondsLeft = left === 0 ? 0 : left === null || bytesPerSecond <= 0 ? null : Math.ceil(left / bytesPerSecond);
	return { size, done, bytesPerSecond, secondsLeft };
}

/** Of several together. A size that is not known makes the whole unknown. */
export function totalOf(paces: readonly Pace[], bytesPerSecond = paces.reduce((sum, pace) => sum + pace.bytesPerSecond, 0)): Pace {
	const size = paces.reduce<number | null>((sum, pace) => (sum === null || pace.size === null ? null : sum + pace.size), 0);
	const done = paces.reduce((sum, pace) => sum + pace.done, 0);
	return paceOf(size, done, bytesPerSecond);
}
