// SPDX-License-Identifier: Apache-2.0
//
// clock.ts - timers that a test turns, while Blobs and promises go by the real loop

import { vi } from 'vitest';

export function fakeClock(): void {
	vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
}

/** Turns the clock until it is so, or @forMs have passed. */
export async function until(isIt: () => boolean, forMs = 600_000): Promise<void> {
	for (let ms = 0; ms < forMs && !isIt(); ms += 100) {
		await vi.advanceTimersByTimeAsync(100);
		for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
	}
}

export const pass = (ms: number): Promise<void> => until(() => false, ms);
