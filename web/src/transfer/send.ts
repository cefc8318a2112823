// SPDX-License-Identifier: Apache-2.0
//
// send.ts - the send page: a share, and the files on their way into it
//
//   add -> create (once; asked again until the server says the link) -> settle -> pump -> item.begin
//   room -> hear: what the server says of each file, and who takes it
//
// A few files go at a time; the others wait in their order.

import type { Client } from '../api/client';
import { ApiError, isPassing } from '../api/error';
import { failureOf } from '../api/failure';
import type { ShareJson } from '../api/types';
import { backoffMs } from '../live/backoff';
import { byFile, receiversOf } from '../live/people';
import { LiveRoom } from '../live/room';
import { Relook } from '../live/relook';
import { Gathered, Store } from '../live/store';
import { onWake } from '../live/wake';
import { type OwnShare, ownShare, ownShareAdd } from '../mine/shares';
import { ChunkMemory } from './chunk_memory';
import { archiveOf, Item, type ItemHome } from './item';
import { Keep } from './keep';
import { isUploadOver } from './machine';
import type { Failure, PickedFile, SendSession, SendView, SharePolicy } from './model';
import { NameGiver, nameOf } from './name';
import { paceOf, totalOf } from './pace';
import { policyJsonOf, shareViewOf } from './share_view';
import type { Transport } from './upload';
import { uploadToken } from './upload_token';

const AT_A_TIME = 3;
const SHOW_MS = 200; // between two pictures
const TICK_MS = 1_000; // speeds fall while nothing comes
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;
const REFRESH_MS = 1_500; // between two looks at the share's own figures

export interface SendOptions {
	client: Client;
	keep?: Keep;
	transport?: Transport;
}

const EMPTY: SendView = {
	share: null,
	creating: false,
	failure: null,
	uploads: [],
	total: paceOf(0, 0, 0),
	receivers: [],
	connection: 'connecting',
};

export class Sending implements SendSession {
	readonly #store = new Store<SendView>(EMPTY);
	readonly #show = new Gathered(() => this.#draw(), SHOW_MS);
	readonly #refresh = new Relook(() => this.#load(), () => REFRESH_MS);
	readonly #client: Client;
	readonly #keep: Keep;
	readonly #chunks = new ChunkMemory();
	readonly #transport: Transport | undefined;
	readonly #items = new Map<string, Item>();
	#names: Map<string, number> | null = null; // how many items have each; null: to be counted again
	#share: ShareJson | null = null;
	#token = '';
	#home: ItemHome | null = null;
	#room: LiveRoom | null = null;
	#policy: SharePolicy = {};
	#failure: Failure | null = null;
	#isCreating = false;
	#isClosed = false;
	#seen = { changes: 0, ended: 0 };
	#wasOnline = false;
	readonly #ticker = setInterval(() => this.#tick(), TICK_MS);

	/** @shareId: one of this browser's shares is opened again. */
	constructor(options: SendOptions, shareId?: string) {
		this.#client = options.client;
		this.#keep = options.keep ?? new Keep();
		this.#transport = options.transport;
		void this.#keep.tidy();
		if (shareId === undefined) return;
		const own = ownShare(shareId);
		if (own !== null) void this.#reopen(own);
		else this.#store.set({ ...EMPTY, failure: (this.#failure = { code: 'not-allowed', detail: null }) });
	}

	subscribe(run: (view: SendView) => void): () => void {
		return this.#store.subscribe(run);
	}

	// ---- what the person does ----

	add(files: PickedFile[], policy?: SharePolicy): void {
		if (policy !== undefined) this.#policy = { ...this.#policy, ...policy };
		const taken = this.#countNames();
		const names = new NameGiver((name) => taken.has(name));
		for (const { file, path, handle } of files) {
			const item = new Item(randomId(), names.give(nameOf(path || file.name)), file.size, file, handle);
			this.#put(item);
			if (this.#home !== null) void item.settle(this.#home); // nobody waits for the row that it writes
		}
		if (this.#share === null) void this.#create();
		this.#pump();
		this.#show.now();
	}

	async change(policy: SharePolicy): Promise<boolean> {
		this.#policy = { ...this.#policy, ...policy };
		if (this.#share === null) return true; // it is said with the creation
		return this.#try(async (share) => {
			const json = await this.#client.changeShare(share.id, policyJsonOf(policy, false), this.#token);
			this.#share = { ...json, files: share.files ?? [] };
		});
	}

	pause(id?: string): void {
		for (const item of this.#some(id)) item.pause();
	}

	resume(id?: string): void {
		for (const item of this.#some(id)) item.resume();
		this.#pump();
	}

	/** A file that has arrived is removed from the share; what was cancelled or failed, from the page. */
	cancel(id: string): void {
		const item = this.#items.get(id);
		if (item === undefined) return;
		const { state } = item.machine;
		if (!isUploadOver(state)) return item.cancel();
		if (state === 'failed' || state === 'cancelled') return this.#drop(item);
		void this.#try(async (share) => {
			await this.#client.removeFile(share.id, item.name, this.#token);
			this.#drop(item);
		});
	}

	async provide(id: string, picked?: PickedFile): Promise<boolean> {
		return (await this.#items.get(id)?.provide(picked)) ?? false;
	}

	async end(): Promise<boolean> {
		const isEnded = await this.#try((share) => this.#client.endShare(share.id, this.#token));
		if (isEnded) this.#gone();
		return isEnded;
	}

	isMoving(): boolean {
		return [...this.#items.values()].some(({ machine, needsFile }) => ['queued', 'sending', 'stalled'].includes(machine.state) && !needsFile);
	}

	close(): void {
		this.#isClosed = true;
		clearInterval(this.#ticker);
		this.#show.stop();
		this.#refresh.stop();
		for (const item of this.#items.values()) item.close();
		this.#room?.close();
	}

	// ---- the share ----

	async #create(): Promise<void> {
		if (this.#isCreating) return;
		this.#isCreating = true;
		this.#failure = null;
		if (this.#policy.uploadToken !== undefined) uploadToken.set(this.#policy.uploadToken);
		const policy = policyJsonOf(this.#policy, true);
		const json = await this.#ask(() => this.#client.createShare(policy, { token: uploadToken.get() }));
		this.#isCreating = false;
		if (json !== null && !this.#isClosed) {
			const own = { id: json.id, token: json.owner_token ?? '', url: json.url, created: json.created_at };
			ownShareAdd(own);
			this.#open(json, own.token);
			for (const item of this.#items.values()) void item.settle(this.#home!);
			this.#pump();
		}
		this.#show.now();
	}

	/** One of this browser's shares again: what is there, and what is still to be sent. */
	async #reopen(own: OwnShare): Promise<void> {
		this.#isCreating = true;
		this.#show.now();
		const answer = await this.#ask(() => this.#client.share(own.id, { token: own.token }));
		this.#isCreating = false;
		if (answer !== null && !this.#isClosed) {
			this.#open(answer.share, own.token);
			await this.#restore(answer.share);
			this.#pump();
		} else if (this.#failure?.code === 'share-gone' || this.#failure?.code === 'not-found') {
			void this.#keep.removeShare(own.id);
		}
		this.#show.now();
	}

	/** Asks until there is an answer; null: a failure that stays, or the page was closed. */
	async #ask<T>(question: () => Promise<T>): Promise<T | null> {
		for (let attempt = 0; !this.#isClosed; attempt++) {
			try {
				return await question();
			} catch (error) {
				if (!isPassing(error)) {
					this.#failure = failureOf(error);
					return null;
				}
				const retryAfterS = error instanceof ApiError ? error.retryAfterSeconds : null;
				await waitOrWake(retryAfterS !== null ? retryAfterS * 1000 : backoffMs(attempt, BACKOFF_FIRST_MS, BACKOFF_MAX_MS));
			}
		}
		return null;
	}

	#open(share: ShareJson, token: string): void {
		this.#share = share;
		this.#token = token;
		const room = (this.#room = new LiveRoom({ share: share.id, role: 'sender', token, base: this.#client.base }));
		this.#home = {
			client: this.#client,
			share: share.id,
			token,
			isLive: share.mode === 'live',
			chunks: this.#chunks,
			keep: this.#keep,
			transport: this.#transport,
			room: () => room.view.value,
			isTaken: (name, by) => this.#isTaken(name, by),
			changed: () => {
				this.#names = null;
				this.#show.soon();
			},
			moved: () => {
				this.#names = null;
				this.#pump();
				this.#show.soon();
			},
		};
		room.view.subscribe(() => this.#hear());
	}

	async #restore(share: ShareJson): Promise<void> {
		const home = this.#home!;
		const rows = await this.#keep.ofShare(share.id);
		const files = new Map((share.files ?? []).map((file) => [file.name, file]));
		for (const file of files.values()) {
			if (file.is_complete && !rows.some((row) => row.name === file.name && row.url !== null)) this.#addComplete(file.name, file.size ?? 0, home);
		}
		for (const row of rows) {
			const item = new Item(row.id, row.name, row.size, null);
			this.#put(item);
			const received = files.get(row.name)?.received;
			if (row.url !== null && received !== undefined) item.tell({ type: 'bytes', done: received });
			await item.restore(home, row);
		}
	}

	#addComplete(name: string, size: number, home: ItemHome): void {
		const item = new Item(randomId(), name, size, null);
		this.#put(item);
		item.complete(home);
	}

	/** Of the share itself: what becomes of its files is heard. */
	async #load(): Promise<void> {
		if (this.#share === null || this.#isClosed) return;
		try {
			const { share } = await this.#client.shareAlone(this.#share.id, { token: this.#token });
			this.#share = share;
		} catch (error) {
			if (error instanceof ApiError && (error.status === 404 || error.status === 410)) this.#gone();
		}
		this.#show.soon();
	}

	#gone(): void {
		this.#failure = { code: 'share-gone', detail: null };
		for (const item of this.#items.values()) item.tell({ type: 'fail', failure: this.#failure });
		if (this.#share !== null) void this.#keep.removeShare(this.#share.id);
		this.#room?.close();
		this.#show.now();
	}

	async #try(work: (share: ShareJson) => Promise<void>): Promise<boolean> {
		if (this.#share === null) return false;
		try {
			await work(this.#share);
			this.#failure = null;
			return true;
		} catch (error) {
			this.#failure = failureOf(error);
			return false;
		} finally {
			if (!this.#isClosed) this.#show.now();
		}
	}

	// ---- the files ----

	#pump(): void {
		if (this.#home === null || this.#isClosed) return;
		let begun = 0;
		for (const item of this.#items.values()) begun += item.isBegun ? 1 : 0;
		for (const item of this.#items.values()) {
			if (begun >= AT_A_TIME) return;
			if (item.isBegun || item.machine.state !== 'queued') continue;
			void item.begin();
			begun += item.isBegun ? 1 : 0;
		}
	}

	#some(id: string | undefined): Item[] {
		if (id === undefined) return [...this.#items.values()];
		const item = this.#items.get(id);
		return item === undefined ? [] : [item];
	}

	#put(item: Item): void {
		this.#items.set(item.id, item);
		this.#names = null;
	}

	#drop(item: Item): void {
		this.#items.delete(item.id);
		this.#names = null;
		this.#show.now();
	}

	/** By an item other than @by. */
	#isTaken(name: string, by: Item): boolean {
		this.#names ??= this.#countNames();
		const own = by.name === name && hasName(by) ? 1 : 0;
		return (this.#names.get(name) ?? 0) > own;
	}

	#countNames(): Map<string, number> {
		const names = new Map<string, number>();
		for (const item of this.#items.values()) if (hasName(item)) names.set(item.name, (names.get(item.name) ?? 0) + 1);
		return names;
	}

	// ---- what is heard, and shown ----

	#hear(): void {
		const room = this.#room?.view.value;
		if (room === undefined || this.#share === null) return;
		const uploads = byFile(room, 'up');
		const downloads = byFile(room, 'down');
		const archive = downloads.get(archiveOf(this.#share.id)) ?? []; // who took it took every file
		for (const item of this.#items.values()) item.hear(uploads.get(item.name) ?? [], [...archive, ...(downloads.get(item.name) ?? [])]);
		if (room.isEnded) return this.#gone();
		if (room.connection === 'online' && !this.#wasOnline) for (const item of this.#items.values()) item.wake();
		this.#wasOnline = room.connection === 'online';
		// The count of downloads is not in the events: it is asked for when one has ended.
		const ended = room.transfers.downloadsEnded;
		if (room.changes !== this.#seen.changes || ended !== this.#seen.ended) this.#refresh.soon();
		this.#seen = { changes: room.changes, ended };
		this.#show.soon();
	}

	#tick(): void {
		if (this.isMoving() || this.#store.value.total.bytesPerSecond > 0) this.#show.soon();
	}

	#draw(): void {
		const nowMs = Date.now();
		const room = this.#room?.view.value ?? null;
		const uploads = [...this.#items.values()].map((item) => item.view(nowMs));
		this.#store.set({
			share: this.#share === null ? null : shareViewOf(this.#share),
			creating: this.#isCreating,
			failure: this.#failure,
			uploads,
			total: totalOf(uploads.filter(({ state }) => state !== 'failed' && state !== 'cancelled').map(({ pace }) => pace)),
			receivers: room === null ? [] : receiversOf(room),
			connection: room?.connection ?? 'connecting',
		});
	}
}

/** What failed or was cancelled leaves its name to others. */
const hasName = ({ machine }: Item): boolean => machine.state !== 'failed' && machine.state !== 'cancelled';

function waitOrWake(waitMs: number): Promise<void> {
	return new Promise((resolve) => {
		const done = () => {
			clearTimeout(timer);
			unwake();
			resolve();
		};
		const timer = setTimeout(done, waitMs);
		const unwake = onWake(done);
	});
}

/** Pages without TLS have no crypto.randomUUID. */
function randomId(): string {
	return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
