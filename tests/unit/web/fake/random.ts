// SPDX-License-Identifier: Apache-2.0
//
// random.ts - a seeded generator (mulberry32), so that a failure can be had again by its seed

export function seeded(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

export const pick = <T>(random: () => number, from: readonly T[]): T => from[Math.floor(random() * from.length)]!;

export function shuffled<T>(random: () => number, items: readonly T[]): T[] {
	const all = [...items];
	for (let index = all.length - 1; index > 0; index--) {
		const other = Math.floor(random() * (index + 1));
		[all[index], all[other]] = [all[other]!, all[index]!];
	}
	return all;
}

export function bytesOf(random: () => number, size: number): Uint8Array<ArrayBuffer> {
	return Uint8Array.from({ length: size }, () => Math.floor(random() * 256));
}
