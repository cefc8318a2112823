// SPDX-License-Identifier: Apache-2.0
//
// store.ts - a value that is followed, by Svelte's contract, without Svelte

import type { Readable } from '../transfer/model';

export class Store<T> implements Readable<T> {
	#value: T;
	readonly #followers = new Set<(value: T) => void>();

	constructor(value: T) {
		this.#value = value;
	}

	get value(): T {
		return this.#value;
	}

	set(value: T): void {
		if (value === this.#value) return;
		this.#value = value;
		for (const follower of [...this.#followers]) follower(value);
	}

	subscribe(run: (value: T) => void): () => void {
		// The same function may be given twice, and each is its own subscription.
		const follower = (value: T) => run(value);
		this.#followers.add(follower);
		run(this.#value);
		return () => void this.#followers.delete(follower);
	}
}

/**
 * Runs @work after a burst of calls, and not more often than every @everyMs: events of many files come
 * by the hundred, and a page is drawn a few times a second.
 */
export class Gathered {
	#timer: ReturnType<typeof setTimeout> | null = null;
	#lastMs = -Infinity;

	constructor(
		private readonly work: () => void,
		private readonly everyMs: number,
	) {}

	/** Later, with what else comes. */
	soon(): void {
		if (this.#timer !== null) return;
		const dueMs = Math.max(0, this.#lastMs + this.everyMs - Date.now());
		this.#timer = setTimeout(() => this.now(), Math.min(dueMs, this.everyMs));
	}

	now(): void {
		this.stop();
		this.#lastMs = Date.now();
		this.work();
	}

	stop(): void {
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = null;
	}
}
