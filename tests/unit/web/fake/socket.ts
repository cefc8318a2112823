// SPDX-License-Identifier: Apache-2.0
//
// socket.ts - a WebSocket that a test opens, feeds and breaks

import type { RoomEvent } from '../../../../web/src/api/types';

export class FakeSocket {
	static all: FakeSocket[] = [];
	static get last(): FakeSocket {
		return FakeSocket.all.at(-1)!;
	}

	readonly said: unknown[] = [];
	readyState = 0;
	wasClosed = false;
	onmessage: ((message: { data: unknown }) => void) | null = null;
	onclose: ((event: { code: number }) => void) | null = null;

	constructor(
		readonly url: string,
		readonly protocols: string[],
	) {
		FakeSocket.all.push(this);
	}

	get query(): Record<string, string> {
		return Object.fromEntries(new URL(this.url).searchParams);
	}

	send(text: string): void {
		this.said.push(JSON.parse(text));
	}

	close(): void {
		this.wasClosed = true;
		this.readyState = 3;
	}

	// ---- the server ----

	welcome(client = 'me', resumed = false): void {
		this.readyState = 1;
		this.hear({ type: 'welcome', seq: 0, client, secret: `secret-of-${client}`, role: 'receiver', resumed });
	}

	hear(event: RoomEvent): void {
		this.onmessage?.({ data: JSON.stringify(event) });
	}

	break(code = 1006): void {
		this.readyState = 3;
		this.onclose?.({ code });
	}
}
