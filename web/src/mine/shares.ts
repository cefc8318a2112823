// SPDX-License-Identifier: Apache-2.0
//
// shares.ts - which shares this browser has made, and the tokens that prove it; kept in localStorage
//
// Another tab may add to the list at any time, so each change reads it afresh.

const KEY = 'hawser.shares';
const SHARES_MAX = 500; // the oldest give way

export interface OwnShare {
	id: string;
	token: string;
	url: string;
	created: string; // RFC 3339
}

function isOwnShare(value: unknown): value is OwnShare {
	const share = value as Partial<OwnShare> | null;
	return typeof share === 'object' && share !== null && [share.id, share.token, share.url, share.created].every((field) => typeof field === 'string');
}

/** Newest first. What is damaged, or not ours, is passed over. */
export function ownShares(): OwnShare[] {
	try {
		const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
		return Array.isArray(kept) ? kept.filter(isOwnShare) : [];
	} catch {
		return [];
	}
}

export function ownShare(id: string): OwnShare | null {
	return ownShares().find((share) => share.id === id) ?? null;
}

export function ownShareAdd(share: OwnShare): void {
	write([share, ...ownShares().filter((other) => other.id !== share.id)].slice(0, SHARES_MAX));
}

export function ownShareRemove(id: string): void {
	write(ownShares().filter((share) => share.id !== id));
}

function write(shares: OwnShare[]): void {
	try {
		localStorage.setItem(KEY, JSON.stringify(shares));
	} catch {
		// Forbidden or full: the share lives, and only this list does not know of it.
	}
}
