// SPDX-License-Identifier: Apache-2.0
//
// token.ts - the operator's token, until the tab ends: what opens everything is not left lying in a browser

const KEY = 'hawser.operator-token';

export const operatorToken = {
	get(): string | null {
		try {
			return sessionStorage.getItem(KEY);
		} catch {
			return null;
		}
	},
	set(token: string | null): void {
		try {
			if (token === null) sessionStorage.removeItem(KEY);
			else sessionStorage.setItem(KEY, token);
		} catch {
			// Then it is asked for again.
		}
	},
};
