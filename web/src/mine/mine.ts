// SPDX-License-Identifier: Apache-2.0
//
// mine.ts - the page of this browser's shares: what became of each, who takes what, and an end for each

import type { Client } from '../api/client';
import { ApiError } from '../api/error';
import type { ShareJson } from '../api/types';
import { receiversOf } from '../live/people';
import { lookMs, Relook } from '../live/relook';
import { LiveRoom } from '../live/room';
import { Gathered, Store } from '../live/store';
import { onWake } from '../live/wake';
import { Keep } from '../transfer/keep';
import type { MyShare, MyShares } from '../transfer/model';
import { shareViewOf } from '../transfer/share_view';
import { type OwnShare, ownShare, ownShareRemove, ownShares } from './shares';

const SHOW_MS = 200;
const REFRESH_MS = 60_000; // rooms say what happens; this is for those that have none
const ROOMS_MAX = 8; // the newest; a socket each
const QUESTIONS_MAX = 4; // at a time

interface Entry {
	own: OwnShare;
	json: ShareJson | null;
	state: MyShare['state'];
	unfinished: number;
	room: LiveRoom | null;
	look: Relook;
	changes: number;
}

export class Mine implements MyShares {
	readonly #store = new Store<MyShare[]>([]);
	readonly #show = new Gathered(() => this.#draw(), SHOW_MS);
	readonly #entries = new Map<string, Entry>();
	readonly #keep: Keep;
	readonly #unwake = onWake(() => this.refresh());
	readonly #timer = setInterval(() => this.refresh(), REFRESH_MS);
	#isClosed = false;

	constructor(
		private readonly client: Client,
		keep = new Keep(),
	) {
		this.#keep = keep;
		this.refresh();
		this.#show.now();
	}

	subscribe(run: (value: MyShare[]) => void): () => void {
		return this.#store.subscribe(run);
	}

	refresh(): void {
		const own = ownShares();
		for (const id of this.#entries.keys()) if (!own.some((share) => share.id === id)) this.#forget(id);
		for (const share of own) {
			if (!this.#entries.has(share.id)) this.#entries.set(share.id, this.#entryOf(share));
		}
		void this.#loadAll(own.map(({ id }) => id));
	}

	async extend(id: string, expiresIn: string | null): Promise<boolean> {
		return this.#change(id, async (entry) => {
			const json = await this.client.changeShare(id, { expires_in: expiresIn }, entry.own.token);
			entry.json = { ...json, files: entry.json?.files ?? [] };
		});
	}

	async end(id: string): Promise<boolean> {
		return this.#change(id, async (entry) => {
			await this.client.endShare(id, entry.own.token);
			this.#ended(entry);
		});
	}

	remove(id: string): void {
		ownShareRemove(id);
		void this.#keep.removeShare(id);
		this.#forget(id);
		this.#show.now();
	}

	close(): void {
		this.#isClosed = true;
		clearInterval(this.#timer);
		this.#unwake();
		this.#show.stop();
		for (const id of [...this.#entries.keys()]) this.#forget(id);
	}

	#entryOf(own: OwnShare): Entry {
		const look = new Relook(() => this.#load(own.id), () => lookMs(entry.json?.file_count ?? 0));
		const entry: Entry = { own, json: null, state: 'loading', unfinished: 0, room: null, changes: 0, look };
		return entry;
	}

	async #change(id: string, work: (entry: Entry) => Promise<void>): Promise<boolean> {
		const entry = this.#entries.get(id);
		if (entry === undefined) return false;
		try {
			await work(entry);
			return true;
		} catch (error) {
			this.#failed(entry, error);
			return entry.state === 'ended'; // somebody else was quicker
		} finally {
			this.#show.now();
		}
	}

	#forget(id: string): void {
		this.#entries.get(id)?.room?.close();
		this.#entries.get(id)?.look.stop();
		this.#entries.delete(id);
	}

	async #loadAll(ids: string[]): Promise<void> {
		const queue = [...ids];
		const work = async () => {
			for (let id = queue.shift(); id !== undefined && !this.#isClosed; id = queue.shift()) await this.#entries.get(id)?.look.now();
		};
		await Promise.all(Array.from({ length: QUESTIONS_MAX }, work));
	}

	async #load(id: string): Promise<void> {
		const entry = this.#entries.get(id);
		if (entry === undefined) return;
		entry.unfinished = await this.#keep.countOf(id);
		try {
			entry.json = (await this.client.share(id, { token: entry.own.token })).share;
			entry.state = 'open';
			this.#enter(entry);
		} catch (error) {
			this.#failed(entry, error);
		}
		if (!this.#isClosed) this.#show.soon();
	}

	#failed(entry: Entry, error: unknown): void {
		const status = error instanceof ApiError ? error.status : 0;
		if (status === 404 || status === 410) this.#ended(entry);
		else if (entry.state === 'loading') entry.state = 'unreachable';
	}

	#ended(entry: Entry): void {
		entry.state = 'ended';
		entry.unfinished = 0;
		entry.room?.close();
		entry.room = null;
		void this.#keep.removeShare(entry.own.id);
	}

	#enter(entry: Entry): void {
		const rooms = [...this.#entries.values()].filter(({ room }) => room !== null).length;
		if (this.#isClosed || entry.room !== null || rooms >= ROOMS_MAX || ownShare(entry.own.id) === null) return;
		// As the sender, which this person is: a receiver's seat would be counted as somebody who has the link.
		const room = (entry.room = new LiveRoom({ share: entry.own.id, role: 'sender', token: entry.own.token, base: this.client.base, file: () => entry.look.soon() }));
		room.view.subscribe((view) => {
			if (view.changes !== entry.changes && entry.state !== 'ended') entry.look.soon();
			entry.changes = view.changes;
			this.#show.soon();
		});
	}

	#draw(): void {
		this.#store.set([...this.#entries.values()].sort((a, b) => (a.own.created < b.own.created ? 1 : -1)).map(viewOf));
	}
}

function viewOf({ own, json, state, unfinished, room }: Entry): MyShare {
	return {
		share:
			json !== null
				? shareViewOf(json)
				: { id: own.id, url: own.url, createdAt: own.created, expiresAt: null, downloads: 0, downloadsMax: null, hasPassword: false, message: null, mode: 'stored' },
		files: (json?.files ?? []).map((file) => ({ name: file.name, size: file.size, isComplete: file.is_complete })),
		state,
		unfinished,
		receivers: room === null ? [] : receiversOf(room.view.value),
	};
}
