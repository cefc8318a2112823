// SPDX-License-Identifier: Apache-2.0
//
// lock.ts - that only one page of this browser sends a file, however many have its share open
//
// Two pages that go on with the same upload would end each other's requests for ever.

export interface Lock {
	release: () => void;
	hadToWait: boolean; // another page had it: what it did is to be looked at
}

/**
 * Waits for the lock called @name; the end of the page releases it, too. Where the browser has no locks (a
 * page without TLS) it is given at once. @signal ends the waiting, by an exception.
 */
export async function holdLock(name: string, signal: AbortSignal): Promise<Lock> {
	const locks = globalThis.navigator?.locks;
	if (locks === undefined) return { release: () => undefined, hadToWait: false };
	const ask = (options: LockOptions) =>
		new Promise<(() => void) | null>((resolve, reject) => {
			const held = (lock: unknown) => (lock === null ? resolve(null) : new Promise<void>((release) => resolve(release)));
			locks.request(`hawser-upload-${name}`, options, held).catch(reject);
		});
	const release = await ask({ ifAvailable: true });
	if (release !== null) return { release, hadToWait: false };
	return { release: (await ask({ signal })) ?? (() => undefined), hadToWait: true };
}
