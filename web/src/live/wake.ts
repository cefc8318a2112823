// SPDX-License-Identifier: Apache-2.0
//
// wake.ts - the moments at which waiting is pointless: the network is back, or the person looks again

/** Runs @wake at each of them until the function that is returned is called. */
export function onWake(wake: () => void): () => void {
	const visible = () => {
		if (globalThis.document?.visibilityState === 'visible') wake();
	};
	globalThis.addEventListener?.('online', wake);
	globalThis.document?.addEventListener('visibilitychange', visible);
	return () => {
		globalThis.removeEventListener?.('online', wake);
		globalThis.document?.removeEventListener('visibilitychange', visible);
	};
}

export const isOffline = (): boolean => globalThis.navigator?.onLine === false;
