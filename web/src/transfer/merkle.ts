// SPDX-License-Identifier: Apache-2.0
//
// merkle.ts - a file's root, as simd/merkle.h has it: BEP 52's tree over blocks of 16 KiB
//
//   M1  A leaf is the SHA-256 of a block; the last block may be short and is not padded.
//   M2  The tree is as wide as the next power of two; leaves that are missing are 32 zero bytes. A parent is
//       the SHA-256 of its two children.
//   M3  A file of one block has its leaf as root, an empty file the SHA-256 of nothing.
//
// Of all that was hashed one node a level is kept, as the digits of a binary counter: a few KiB for any file.

import { HASH_SIZE, hashBlock, hashPair, hexOf } from './sha256';

export const BLOCK_SIZE = 16_384;
const AT_A_TIME = 64; // blocks handed to the browser's hash together: 1 MiB

/** zk: the root of 2^k missing leaves. */
function pad(level: number): Uint8Array {
	let zeros: Uint8Array = new Uint8Array(HASH_SIZE);
	for (let below = 0; below < level; below++) zeros = hashPair(zeros, zeros);
	return zeros;
}

/** Leaves in their order, to a root. */
export class MerkleTree {
	#count = 0;
	readonly #nodes: (Uint8Array | null)[] = []; // by level; null: that digit of the count is 0

	add(leaf: Uint8Array): void {
		let node = leaf;
		let level = 0;
		for (; this.#nodes[level] != null; level++) {
			node = hashPair(this.#nodes[level]!, node);
			this.#nodes[level] = null;
		}
		this.#nodes[level] = node;
		this.#count++;
	}

	/** Of what was added so far; changes nothing. Null: nothing was. */
	root(): Uint8Array | null {
		let rest: Uint8Array | null = null; // what is to the right of the nodes seen, with its padding
		const top = this.#nodes.length - 1;
		for (let level = 0; level <= top; level++) {
			const node: Uint8Array | null = this.#nodes[level] ?? null;
			if (level === top && rest === null) return node; // full: as wide as a power of two
			if (node !== null) rest = hashPair(node, rest ?? pad(level));
			else if (rest !== null) rest = hashPair(rest, pad(level));
		}
		return rest;
	}

	get count(): number {
		return this.#count;
	}
}

/** Bytes as they come, in pieces of any size, to a root. One call at a time. */
export class FileHasher {
	readonly #tree = new MerkleTree();
	readonly #block = new Uint8Array(BLOCK_SIZE); // the block that is not full yet
	#filled = 0;

	async add(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
		let offset = 0;
		if (this.#filled > 0) {
			offset = this.#fill(bytes);
			if (this.#filled === BLOCK_SIZE) {
				this.#filled = 0;
				this.#tree.add(await hashBlock(this.#block));
			}
		}
		while (bytes.length - offset >= BLOCK_SIZE) {
			const count = Math.min(AT_A_TIME, Math.floor((bytes.length - offset) / BLOCK_SIZE));
			const blocks = Array.from({ length: count }, (_, index) => bytes.subarray(offset + index * BLOCK_SIZE, offset + (index + 1) * BLOCK_SIZE));
			for (const leaf of await Promise.all(blocks.map(hashBlock))) this.#tree.add(leaf);
			offset += count * BLOCK_SIZE;
		}
		this.#fill(bytes.subarray(offset));
	}

	/** Hex. Nothing may be added afterwards. */
	async root(): Promise<string> {
		if (this.#filled > 0) this.#tree.add(await hashBlock(this.#block.slice(0, this.#filled)));
		this.#filled = 0;
		return hexOf(this.#tree.root() ?? (await hashBlock(new Uint8Array())));
	}

	/** Returns how many bytes it took. */
	#fill(bytes: Uint8Array): number {
		const size = Math.min(BLOCK_SIZE - this.#filled, bytes.length);
		this.#block.set(bytes.subarray(0, size), this.#filled);
		this.#filled += size;
		return size;
	}
}
