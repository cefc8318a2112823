// SPDX-License-Identifier: Apache-2.0
//
// relook.ts - asks again after something changed: one question at a time, and not more often than is worth it
//
//   idle -> soon -> (timer) -> looking -> idle;  what is wanted while it looks is looked for once more afterwards

const LOOK_MS = 700; // between two looks at a list of one page
const PAGE_FILES = 100; // of a share's list, by the server
const PAGE_MS = 300; // for each page: a list of 10,000 files is read twice a minute, and not without a pause

/** How long to wait between two looks at a list of so many files. */
export const lookMs = (files: number): number => Math.max(LOOK_MS, Math.ceil(files / PAGE_FILES) * PAGE_MS);

export class Relook {
	#timer: ReturnType<typeof setTimeout> | null = null;
	#dueMs = Infinity;
	#endedMs = -Infinity; // the last look
	#looking: Promise<void> | null = null;
	#wantedMs: number | null = null; // while it looks: how long after it
	#isStopped = false;

	/** @look must not throw. */
	constructor(
		private readonly look: () => Promise<void>,
		private readonly everyMs: () => number,
	) {}

	/** With what else comes, and at least @everyMs after the look before. */
	soon(everyMs = this.everyMs()): void {
		if (this.#isStopped) return;
		if (this.#looking !== null) {
			this.#wantedMs = Math.min(everyMs, this.#wantedMs ?? everyMs);
			return;
		}
		const dueMs = Math.max(Date.now(), this.#endedMs + everyMs);
		if (dueMs >= this.#dueMs) return;
		this.#unset();
		this.#dueMs = dueMs;
		this.#timer = setTimeout(() => void this.now(), dueMs - Date.now());
	}

	/** At once; or the one that is under way: two would answer in any order. */
	now(): Promise<void> {
		this.#unset();
		if (this.#isStopped) return Promise.resolve();
		return (this.#looking ??= this.look().finally(() => this.#ended()));
	}

	stop(): void {
		this.#isStopped = true;
		this.#unset();
	}

	#ended(): void {
		const wantedMs = this.#wantedMs;
		this.#looking = this.#wantedMs = null;
		this.#endedMs = Date.now();
		if (wantedMs !== null) this.soon(wantedMs);
	}

	#unset(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
		this.#dueMs = Infinity;
	}
}
