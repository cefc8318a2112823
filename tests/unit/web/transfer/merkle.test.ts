// SPDX-License-Identifier: Apache-2.0
//
// Goal: the root of every file is that of simd/merkle.h, however its bytes come.
// Method: the whole tree built again here by node's own SHA-256, without any state that is small; vectors that
// hawserd 0.1.0 itself said; pieces of random sizes.

import '../fake/browser';
import { BLOCK_SIZE, FileHasher, MerkleTree } from '../../../../web/src/transfer/merkle';
import { hashBlock, hashPair, hexOf } from '../../../../web/src/transfer/sha256';
import { bytesOf, pick, seeded } from '../fake/random';

const sha = async (bytes: Uint8Array<ArrayBuffer>) => new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));

/** As the definition has it: all leaves, padded to a power of two, and halved until one is left. */
async function plainRoot(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
	let row: Uint8Array[] = [];
	for (let at = 0; at < bytes.length; at += BLOCK_SIZE) row.push(await sha(bytes.slice(at, at + BLOCK_SIZE)));
	if (row.length === 0) return hexOf(await sha(new Uint8Array()));
	while ((row.length & (row.length - 1)) !== 0) row.push(new Uint8Array(32));
	while (row.length > 1) {
		const above: Uint8Array[] = [];
		for (let at = 0; at < row.length; at += 2) above.push(await sha(Uint8Array.from([...row[at]!, ...row[at + 1]!])));
		row = above;
	}
	return hexOf(row[0]!);
}

async function root(bytes: Uint8Array<ArrayBuffer>, cuts: number[] = []): Promise<string> {
	const hasher = new FileHasher();
	let at = 0;
	for (const cut of [...cuts, bytes.length]) {
		await hasher.add(bytes.slice(at, cut));
		at = cut;
	}
	return hasher.root();
}

describe('a root', () => {
	it('of nothing is the SHA-256 of nothing', async () => {
		expect(await root(new Uint8Array())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
	});

	it('of one block is its leaf', async () => {
		expect(await root(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
	});

	it.each([
		[100, '2d7091516de8f163d85055e12654a40aed578f7c16316aff3e3867ed0666340e'],
		[40_000, '9b5e79ade3353fa4b6cf6d2ff0464a9cc3ee584b58b4016bd6566935d1f9ad42'],
		[5_000_000, '233bcb6981798ad1be5eb26bfa99d0a0a878b1a1c65c34e580acaf960127698f'],
	])('of %i bytes of `yes hawser` is what the daemon said of them', async (size, said) => {
		const line = new TextEncoder().encode('hawser\n');
		expect(await root(Uint8Array.from({ length: size }, (_, at) => line[at % line.length]!))).toBe(said);
	});

	it.each([1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE, 3 * BLOCK_SIZE, 5 * BLOCK_SIZE + 7, 63 * BLOCK_SIZE, 64 * BLOCK_SIZE, 65 * BLOCK_SIZE, 130 * BLOCK_SIZE + 1])('of %i bytes is that of the whole tree', async (size) => {
		const bytes = bytesOf(seeded(size), size);
		expect(await root(bytes)).toBe(await plainRoot(bytes));
	});

	it('does not depend on how the bytes come', async () => {
		for (let seed = 0; seed < 40; seed++) {
			const random = seeded(seed);
			const bytes = bytesOf(random, Math.floor(random() * 9 * BLOCK_SIZE));
			const cuts = Array.from({ length: Math.floor(random() * 8) }, () => pick(random, [Math.floor(random() * bytes.length), BLOCK_SIZE, 2 * BLOCK_SIZE]))
				.filter((cut) => cut <= bytes.length)
				.sort((a, b) => a - b);
			expect(await root(bytes, cuts), `seed ${seed}`).toBe(await plainRoot(bytes));
		}
	});

	it('can be asked for of a tree that grows', () => {
		const tree = new MerkleTree();
		expect(tree.root()).toBeNull();
		const leaf = new Uint8Array(32).fill(1);
		tree.add(leaf);
		expect(tree.root()).toBe(leaf);
		tree.add(leaf);
		expect(tree.root()).toEqual(hashPair(leaf, leaf));
		expect(tree.root()).toEqual(hashPair(leaf, leaf));
		expect(tree.count).toBe(2);
	});

	it('is the same without the browser\'s own hash', async () => {
		const bytes = bytesOf(seeded(9), 3 * BLOCK_SIZE + 5);
		const wanted = await plainRoot(bytes);
		vi.stubGlobal('crypto', {});
		expect(hexOf(await hashBlock(new TextEncoder().encode('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
		expect(await root(bytes)).toBe(wanted);
		vi.unstubAllGlobals();
	});
});
