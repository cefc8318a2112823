// SPDX-License-Identifier: Apache-2.0
//
// transfers.ts - the transfers of a room: by id, and by the name of their file
//
// One of these belongs to a room for its whole life and is changed in place: a share may have 10,000 files, and each
// of them several events. The transfers themselves are never changed, but replaced.
//
// Those that have ended are kept for as long as somebody counts them, up to a limit; then the ones that ended first
// are forgotten. What is heard of such a one again is taken for new, and ended.

import type { TransferState } from '../api/types';

export interface Transfer {
	readonly id: string;
	readonly file: string;
	readonly direction: 'up' | 'down';
	readonly state: TransferState;
	readonly bytes: number;
	readonly size: number | null;
	readonly bytesPerSecond: number;
	readonly stalled: string | null;
	readonly client: string | null;
}

export const ENDED_MAX = {
	up: 10_000, // as many as a share may have files: what has arrived is in the share's list, too
	down: 40_000, // the largest share, taken by four; some 200 bytes each
};

export const isMoving = (state: TransferState): boolean => state === 'waiting' || state === 'uploading';

export class Transfers {
	readonly #all = new Map<string, Transfer>(); // in the order in which they were first heard of
	readonly #ids = new Map<string, Set<string>>(); // file: its transfers
	readonly #ended = { up: new Set<string>(), down: new Set<string>() }; // in the order in which they ended
	#downloadsEnded = 0;

	/** How many ever ended, forgotten ones included. */
	get downloadsEnded(): number {
		return this.#downloadsEnded;
	}

	get(id: string): Transfer | undefined {
		return this.#all.get(id);
	}

	values(): Iterable<Transfer> {
		return this.#all.values();
	}

	ofFile(file: string): Transfer[] {
		return [...(this.#ids.get(file) ?? [])].map((id) => this.#all.get(id)!);
	}

	set(transfer: Transfer): void {
		const { id, file, direction, state } = transfer;
		this.#all.set(id, transfer);
		const ids = this.#ids.get(file);
		if (ids === undefined) this.#ids.set(file, new Set([id]));
		else ids.add(id);
		if (isMoving(state) || this.#ended[direction].has(id)) return;
		this.#ended[direction].add(id);
		if (direction === 'down') this.#downloadsEnded++;
		if (this.#ended[direction].size > ENDED_MAX[direction]) this.#forget(this.#ended[direction].values().next().value!);
	}

	/** Forgets what still moves and is not among @kept. */
	prune(kept: ReadonlySet<string>): void {
		for (const { id, state } of this.#all.values()) if (isMoving(state) && !kept.has(id)) this.#forget(id);
	}

	#forget(id: string): void {
		const { file, direction } = this.#all.get(id)!;
		this.#all.delete(id);
		this.#ended[direction].delete(id);
		const ids = this.#ids.get(file)!;
		ids.delete(id);
		if (ids.size === 0) this.#ids.delete(file);
	}
}
