// SPDX-License-Identifier: Apache-2.0
//
// vigil.ts - while bytes move: the screen stays awake, and leaving the page asks first

export class Vigil {
	#moving = false;
	#lock: WakeLockSentinel | null = null;
	#asking = false;

	constructor() {
		addEventListener('beforeunload', this.#leave);
		document.addEventListener('visibilitychange', this.#wake);
	}

	set(moving: boolean): void {
		if (moving !== this.#moving) {
			this.#moving = moving;
			void this.#wake();
		}
	}

	close(): void {
		this.set(false);
		removeEventListener('beforeunload', this.#leave);
		document.removeEventListener('visibilitychange', this.#wake);
	}

	#leave = (event: BeforeUnloadEvent): void => {
		if (this.#moving) {
			event.preventDefault();
		}
	};

	// The browser takes the lock away whenever the page is hidden; so it is asked for again when it is seen.
	#wake = async (): Promise<void> => {
		if (!this.#moving) {
			await this.#lock?.release();
			this.#lock = null;
			return;
		}
		if (document.visibilityState !== 'visible' || this.#asking || (this.#lock && !this.#lock.released)) {
			return;
		}
		this.#asking = true;
		try {
			this.#lock = (await navigator.wakeLock?.request('screen')) ?? null;
		} catch {
			this.#lock = null; // low battery, or not allowed: the transfer goes on while the screen is on
		}
		this.#asking = false;
		if (!this.#moving) {
			await this.#lock?.release();
			this.#lock = null;
		}
	};
}
