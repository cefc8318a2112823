// SPDX-License-Identifier: Apache-2.0
//
// chunk_size.ts - how many bytes the next request of an upload carries
//
// Nobody tells a page what the proxies in front of a server let through, so it is found out: requests start
// small, double while they go well and quickly, and halve when one is too large (413) or takes too long (408,
// 502, 504, or no progress at all).
//
//   C1  SIZE_MIN <= size <= SIZE_MAX, always.
//   C2  What was refused as too large is never tried again: `refused` only sinks, and size < refused.
//   C3  A time-out says less than a 413, for the network may have been at fault: it makes the next request
//       smaller, and growth waits for some that go well; each further time-out makes it wait twice as long.

const KIB = 1024;
const MIB = 1024 * KIB;

export const SIZE_FIRST = 4 * MIB;
export const SIZE_MIN = 64 * KIB;
export const SIZE_MAX = 512 * MIB;
const CAUTION_FIRST = 4;
const CAUTION_MAX = 256;
const QUICK_MS = 8_000; // what took longer is long enough: doubled it would meet the time-outs of proxies

export interface ChunkSize {
	readonly size: number;
	readonly refused: number | null; // bytes of the smallest request that was answered with 413
	readonly caution: number; // requests that had to go well after the last time-out
	readonly wait: number; // how many of them still have to, before the size doubles again
}

/** @learned: `refused` of this server, from an earlier upload. */
export function chunkSizeBegin(learned: number | null = null): ChunkSize {
	const refused = learned !== null && Number.isSafeInteger(learned) && learned > SIZE_MIN ? learned : null;
	return { size: below(SIZE_FIRST, refused), refused, caution: 0, wait: 0 };
}

/** A request of @sent bytes went well. One that was short (the end of a file) says nothing. */
export function chunkSizeGood(was: ChunkSize, sent: number, tookMs: number): ChunkSize {
	if (sent < was.size || tookMs > QUICK_MS) return was;
	if (was.wait > 0) return { ...was, wait: was.wait - 1 };
	const size = below(Math.min(SIZE_MAX, was.size * 2), was.refused);
	return size > was.size ? { ...was, size } : was;
}

/** A request of @sent bytes was answered with 413. */
export function chunkSizeTooLarge(was: ChunkSize, sent: number): ChunkSize {
	const refused = Math.min(was.refused ?? Infinity, Math.max(sent, SIZE_MIN + 1));
	return { ...was, size: Math.min(half(Math.min(was.size, sent)), below(was.size, refused)), refused };
}

/** A request of @sent bytes got 408, 502, 504, or no byte moved. */
export function chunkSizeTooSlow(was: ChunkSize, sent: number): ChunkSize {
	const caution = Math.min(CAUTION_MAX, Math.max(CAUTION_FIRST, was.caution * 2));
	return { ...was, size: half(Math.min(was.size, sent)), caution, wait: caution };
}

/** At the bottom: a request cannot be made smaller, so its size is not what is wrong. */
export const isSmallest = (was: ChunkSize): boolean => was.size <= SIZE_MIN;

const half = (size: number): number => Math.max(SIZE_MIN, Math.floor(size / 2));

/**
 * @size, or if that was refused half of what was: powers of two of the one tried before. It stays well below
 * on purpose; the last factor of two is not worth a search that costs refused requests.
 */
function below(size: number, refused: number | null): number {
	if (refused === null || size < refused) return size;
	return Math.max(SIZE_MIN, Math.floor(refused / 2));
}
