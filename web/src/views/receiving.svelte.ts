// SPDX-License-Identifier: Apache-2.0
//
// receiving.svelte.ts - the shares that this page receives, whichever of the pages is shown
//
//   open -> shown -> leave -> closed, or held while it moves -> open again, as it is
//
// Looking at "My shares" must not throw away what is being verified. One that has come to its end while nobody
// looked stays, so that who comes back sees how it ended; it goes when another share is opened. While bytes move
// the vigil keeps the screen awake and asks before the page is left.
import type { ReceiveSession } from '../transfer/model';
import { openReceive } from '../transfer/session';
import { Vigil } from '../ui/vigil';

interface Held {
	session: ReceiveSession;
	isShown: boolean;
	unsubscribe: () => void;
}

class Receiving {
	readonly #held = new Map<string, Held>(); // by the share, as the address names it
	readonly #vigil = new Vigil();

	open(share: string): ReceiveSession {
		const known = this.#held.get(share);
		if (known) {
			known.isShown = true;
			return known.session;
		}
		this.#sweep();
		const session = openReceive(share);
		const held: Held = { session, isShown: true, unsubscribe: () => undefined };
		this.#held.set(share, held);
		held.unsubscribe = session.subscribe(() => this.#watch());
		return session;
	}

	/** Its page goes. */
	leave(share: string): void {
		const held = this.#held.get(share);
		if (held) {
			held.isShown = false;
			if (!held.session.isMoving()) {
				this.#close(share, held);
			}
		}
	}

	#sweep(): void {
		for (const [share, held] of this.#held) {
			if (!held.isShown && !held.session.isMoving()) {
				this.#close(share, held);
			}
		}
	}

	#close(share: string, held: Held): void {
		this.#held.delete(share);
		held.unsubscribe();
		held.session.close();
		this.#watch();
	}

	#watch(): void {
		this.#vigil.set([...this.#held.values()].some(({ session }) => session.isMoving()));
	}
}

export const receiving = new Receiving();
