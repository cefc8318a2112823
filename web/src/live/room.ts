// SPDX-License-Identifier: Apache-2.0
//
// room.ts - a share's room: one WebSocket that is always there again, and what was heard of it so far
//
//   connecting -> online <-> reconnecting | offline        [any -> closed by close()]
//
// Reconnection is silent: who comes back within a minute with its identity hears what it missed, so nothing
// in the picture changes but the word in `connection`. The waits grow up to BACKOFF_MAX_MS; the network's
// return, and the page's, end them at once. A laptop that slept has a socket that looks open and is dead: a
// clock that jumped says so, and the socket is replaced.

import type { RoomEvent, Role } from '../api/types';
import type { Connection } from '../transfer/model';
import { backoffMs } from './backoff';
import { emptyRoom, fold, type Room } from './fold';
import { Gathered, Store } from './store';

const PICTURE_MS = 200; // between two pictures, but for changes of the connection: events come by the hundred
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MAX_MS = 15_000;
const FULL_WAIT_MS = 30_000; // 1013: the room has no seat
const SNAPSHOT_WAIT_MS = 10_000; // to open and to be welcomed
const TICK_MS = 5_000;
const SLEEP_MS = 20_000; // a tick that comes so late slept in between
const CONFIRMS_MAX = 10_000; // as many as a share may have files

const CLOSED_REFUSED = 1008;
const CLOSED_FULL = 1013;
const CLOSED_REPLACED = 4001;

export interface RoomView extends Room {
	readonly connection: Connection;
}

export interface RoomOptions {
	share: string;
	role: Role;
	token?: string | null; // the owner's
	base?: string; // of the server; the page's own where it is left out
	file?: (name: string, state: 'added' | 'removed') => void; // each that is heard of, before the picture
}

interface Identity {
	client: string;
	secret: string;
}

export class LiveRoom {
	#room = emptyRoom(); // as heard
	readonly view = new Store<RoomView>({ ...this.#room, connection: 'connecting' }); // as shown
	readonly #picture = new Gathered(() => this.#draw(this.view.value.connection), PICTURE_MS);
	#socket: WebSocket | null = null;
	#identity: Identity | null = null;
	#attempts = 0;
	#retry: ReturnType<typeof setTimeout> | null = null;
	#patience: ReturnType<typeof setTimeout> | null = null;
	#wasOnline = false;
	#isClosed = false;
	#tickedMs = Date.now();
	#hiddenMs = Date.now(); // when the page was last seen to be hidden
	readonly #ticker: ReturnType<typeof setInterval>;
	readonly #confirms = new Map<string, string>(); // file: root; said again in each life of the socket until it is heard back

	constructor(private readonly options: RoomOptions) {
		this.#ticker = setInterval(() => this.#tick(), TICK_MS);
		globalThis.addEventListener?.('online', this.#atOnline);
		globalThis.addEventListener?.('offline', this.#atOffline);
		globalThis.document?.addEventListener('visibilitychange', this.#atVisible);
		this.#open();
	}

	/** "I have verified the whole." Kept, and said again after a reconnection: an answer is not given. */
	confirm(file: string, root: string): void {
		if (this.#confirms.size < CONFIRMS_MAX) this.#confirms.set(file, root);
		this.#say({ type: 'confirm', file, root });
	}

	close(): void {
		this.#isClosed = true;
		clearInterval(this.#ticker);
		this.#picture.stop();
		globalThis.removeEventListener?.('online', this.#atOnline);
		globalThis.removeEventListener?.('offline', this.#atOffline);
		globalThis.document?.removeEventListener('visibilitychange', this.#atVisible);
		this.#drop();
	}

	// ---- one socket ----

	#open(): void {
		this.#drop();
		if (this.#isClosed) return;
		let socket: WebSocket;
		try {
			socket = new WebSocket(this.#url(), this.#protocols());
		} catch {
			return this.#later(BACKOFF_MAX_MS); // refused by the browser itself, say by a policy
		}
		this.#socket = socket;
		this.#patience = setTimeout(() => this.#lost(socket, 0), SNAPSHOT_WAIT_MS);
		socket.onmessage = (message) => this.#hear(socket, message.data);
		socket.onclose = (event) => this.#lost(socket, event.code);
	}

	#url(): string {
		const url = new URL('/api/v1/events', this.options.base || location.href);
		url.protocol = url.protocol.replace('http', 'ws');
		url.searchParams.set('share', this.options.share);
		url.searchParams.set('role', this.options.role);
		if (this.#identity !== null) {
			url.searchParams.set('client', this.#identity.client);
			url.searchParams.set('secret', this.#identity.secret);
			url.searchParams.set('since', String(Math.max(0, this.#room.seq)));
		}
		return url.href;
	}

	#protocols(): string[] {
		return this.options.token ? ['hawser', `bearer.${this.options.token}`] : ['hawser'];
	}

	#hear(socket: WebSocket, text: unknown): void {
		if (socket !== this.#socket || typeof text !== 'string') return;
		let event: RoomEvent;
		try {
			event = JSON.parse(text) as RoomEvent;
		} catch {
			return;
		}
		if (event.type === 'file' && event.seq > this.#room.seq) this.options.file?.(event.name, event.state);
		this.#room = fold(this.#room, event);
		if (event.type === 'transfer' && event.state === 'confirmed' && event.client === this.#room.client) this.#confirms.delete(event.file);
		if (event.type !== 'welcome') return this.#picture.soon();
		this.#identity = { client: event.client, secret: event.secret };
		this.#attempts = 0;
		this.#wasOnline = true;
		if (this.#patience !== null) clearTimeout(this.#patience);
		this.#draw('online');
		for (const [file, root] of this.#confirms) this.#say({ type: 'confirm', file, root });
	}

	#lost(socket: WebSocket, code: number): void {
		if (socket !== this.#socket) return;
		this.#drop();
		// 4001: another page shows our identity (a tab that was duplicated): be somebody else from now on.
		if (code === CLOSED_REFUSED || code === CLOSED_REPLACED) this.#identity = null;
		this.#later(code === CLOSED_FULL ? FULL_WAIT_MS : backoffMs(this.#attempts++, BACKOFF_FIRST_MS, BACKOFF_MAX_MS));
	}

	#drop(): void {
		const socket = this.#socket;
		this.#socket = null;
		if (this.#patience !== null) clearTimeout(this.#patience);
		if (this.#retry !== null) clearTimeout(this.#retry);
		this.#patience = this.#retry = null;
		if (socket === null) return;
		socket.onmessage = socket.onclose = null;
		socket.close(1000);
	}

	#say(message: object): void {
		if (this.#socket?.readyState === 1 && this.view.value.connection === 'online') this.#socket.send(JSON.stringify(message));
	}

	// ---- when to try again ----

	#later(waitMs: number): void {
		if (this.#isClosed) return;
		this.#show();
		this.#retry = setTimeout(() => this.#open(), waitMs);
	}

	#show(): void {
		const isOffline = globalThis.navigator?.onLine === false;
		const connection: Connection = isOffline ? 'offline' : this.#wasOnline ? 'reconnecting' : 'connecting';
		if (connection !== this.view.value.connection) this.#draw(connection);
	}

	#draw(connection: Connection): void {
		this.view.set({ ...this.#room, connection });
	}

	readonly #atOnline = (): void => {
		this.#attempts = 0;
		if (this.#socket === null) this.#show();
		this.#open(); // also where a socket looks open: it may belong to the network that went
	};

	readonly #atOffline = (): void => {
		if (this.#socket === null) this.#show();
	};

	readonly #atVisible = (): void => {
		if (globalThis.document?.visibilityState === 'hidden') {
			this.#hiddenMs = Date.now();
			return;
		}
		if (this.#retry === null && Date.now() - this.#hiddenMs < SLEEP_MS) return;
		this.#attempts = 0;
		this.#open();
	};

	#tick(): void {
		const lateMs = Date.now() - this.#tickedMs - TICK_MS;
		this.#tickedMs = Date.now();
		if (lateMs > SLEEP_MS && globalThis.document?.visibilityState !== 'hidden') {
			this.#attempts = 0;
			this.#open();
		}
	}
}
