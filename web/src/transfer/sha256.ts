// SPDX-License-Identifier: Apache-2.0
//
// sha256.ts - the browser's own SHA-256 where there is one, else one in JavaScript
//
// crypto.subtle is there in secure contexts only, and a daemon in a home network often has no TLS. For the 64
// bytes of a tree's inner node JavaScript is quicker than the way to another thread, so it is used always.

import { sha256 } from '@noble/hashes/sha2';

export const HASH_SIZE = 32; // bytes

export async function hashBlock(block: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
	const subtle = globalThis.crypto?.subtle;
	return subtle === undefined ? sha256(block) : new Uint8Array(await subtle.digest('SHA-256', block));
}

export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
	return sha256.create().update(left).update(right).digest();
}

export const hexOf = (hash: Uint8Array): string => [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
