// SPDX-License-Identifier: Apache-2.0
//
// announce.svelte.ts - what a screen reader is told besides what it reads: milestones, not every percent

class Announcer {
	text = $state('');

	/** Said once; the same sentence again is said again. */
	say(text: string): void {
		this.text = text === this.text ? `${text}\u200b` : text;
	}
}

export const announcer = new Announcer();

/** Calls `reach` with 25, 50, 75 as each is passed; a start beyond one (after a reload) does not count. */
export class Milestones {
	#last: number | null = null;

	at(fraction: number, reach: (percent: number) => void): void {
		const quarter = Math.floor(fraction * 4);
		if (this.#last !== null && quarter > this.#last && quarter < 4) {
			reach(quarter * 25);
		}
		this.#last = quarter;
	}
}
