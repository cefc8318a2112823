// SPDX-License-Identifier: Apache-2.0
//
// chunk_memory.ts - the request size that all uploads of a page share, for they go the same way; and what of
// it is worth keeping for the next page: how large a request was refused

import { type ChunkSize, chunkSizeBegin } from './chunk_size';

const KEY = 'hawser.request-refused';
const KEPT_MS = 7 * 24 * 3600 * 1000; // proxies are reconfigured, and laptops carried to other networks

export class ChunkMemory {
	#value: ChunkSize;

	constructor(private readonly storage: Storage | null = storageOf()) {
		this.#value = chunkSizeBegin(this.#read());
	}

	get value(): ChunkSize {
		return this.#value;
	}

	set value(next: ChunkSize) {
		const isNews = next.refused !== null && next.refused !== this.#value.refused;
		this.#value = next;
		if (!isNews) return;
		try {
			this.storage?.setItem(KEY, JSON.stringify({ refused: next.refused, atMs: Date.now() }));
		} catch {
			// Full or forbidden: it is found out again.
		}
	}

	#read(): number | null {
		try {
			const kept = JSON.parse(this.storage?.getItem(KEY) ?? 'null') as { refused?: unknown; atMs?: unknown } | null;
			if (typeof kept?.refused !== 'number' || typeof kept.atMs !== 'number') return null;
			return Date.now() - kept.atMs < KEPT_MS ? kept.refused : null;
		} catch {
			return null;
		}
	}
}

/** Browsers throw already for the mention of it where a person has forbidden storage. */
function storageOf(): Storage | null {
	try {
		return globalThis.localStorage ?? null;
	} catch {
		return null;
	}
}
