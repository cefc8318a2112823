// SPDX-License-Identifier: Apache-2.0
//
// sending.svelte.ts - the one share that this page sends, whichever of the pages is shown
//
// Send.svelte opens the session and hands it over; here it stays until another one takes its place. While bytes
// move the vigil keeps the screen awake and asks before the page is left.
import { sendAddress } from '../route';
import type { SendSession, SendView } from '../transfer/model';
import { Vigil } from '../ui/vigil';

class Sending {
	session = $state.raw<SendSession | null>(null);
	view = $state.raw<SendView | null>(null);
	moving = $state(false);
	#vigil = new Vigil();
	#unsubscribe: (() => void) | null = null;

	get address(): string {
		return this.view?.share ? sendAddress(this.view.share.id) : '/';
	}

	get fraction(): number {
		return fractionOf(this.view?.total ?? null);
	}

	hold(session: SendSession): void {
		this.release();
		this.session = session;
		this.#unsubscribe = session.subscribe((view) => {
			this.view = view;
			this.moving = session.isMoving();
			this.#vigil.set(this.moving);
		});
	}

	release(): void {
		this.#unsubscribe?.();
		this.#unsubscribe = null;
		this.session?.close();
		this.session = null;
		this.view = null;
		this.moving = false;
		this.#vigil.set(false);
	}
}

/** How much of it is done, 0 to 1; nothing of nothing is nothing. */
export function fractionOf(pace: { size: number | null; done: number } | null): number {
	return pace?.size ? Math.min(1, pace.done / pace.size) : 0;
}

export const sending = new Sending();
