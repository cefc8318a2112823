// SPDX-License-Identifier: Apache-2.0
//
// clock.ts - timers that a test turns, while Blobs and promises go by the real loop

import { vi } from 'vitest';

export function fakeClock(): void {
	vi.setConfig({ testTimeout: 30_000 }); // hours are turned by in there, on machines that have other things to do
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
}

const STEP_MS = 100;
const REAL_EVERY = 8; // steps, after which other threads (crypto.subtle) get real time
const realTimeout = globalThis.setTimeout;

/** Turns the clock until it is so, or @forMs have passed. */
export async function until(isIt: () => boolean, forMs = 1_200_000): Promise<void> {
	for (let step = 0; step * STEP_MS < forMs && !isIt(); step++) {
		await vi.advanceTimersByTimeAsync(STEP_MS);
		for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
		if (step % REAL_EVERY === 0) await new Promise((resolve) => realTimeout(resolve, 1));
	}
}

export const pass = (ms: number): Promise<void> => until(() => false, ms);
