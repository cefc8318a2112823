// SPDX-License-Identifier: Apache-2.0
//
// pass.ts - what a share's right password was answered with, until the tab ends; the password itself is not kept

const keyOf = (share: string): string => `hawser.pass.${share}`;

export function passOf(share: string): string | null {
	try {
		return sessionStorage.getItem(keyOf(share));
	} catch {
		return null;
	}
}

export function passKeep(share: string, pass: string | null): void {
	try {
		if (pass === null) sessionStorage.removeItem(keyOf(share));
		else sessionStorage.setItem(keyOf(share), pass);
	} catch {
		// Then a reload asks for the password again.
	}
}
