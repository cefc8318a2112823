// SPDX-License-Identifier: Apache-2.0
//
// clock.svelte.ts - a number that changes with each half minute, so that "in 2 hours" does not become untrue

class Clock {
	minute = $state(0);

	constructor() {
		setInterval(() => (this.minute += 1), 30_000);
	}
}

export const clock = new Clock();
