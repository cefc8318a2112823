// SPDX-License-Identifier: Apache-2.0
//
// upload_token.ts - the token that a server may ask for before it lets somebody create shares; until the tab ends

const KEY = 'hawser.upload-token';

export const uploadToken = {
	get(): string | null {
		try {
			return sessionStorage.getItem(KEY);
		} catch {
			return null;
		}
	},
	set(token: string): void {
		try {
			sessionStorage.setItem(KEY, token);
		} catch {
			// Then it is asked for again.
		}
	},
};
