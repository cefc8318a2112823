// SPDX-License-Identifier: Apache-2.0
//
// receive.ts - the receive page: what is in a share, and what this person takes of it
//
//   load -> ready -> (room: events | poll: where there is no socket) -> load again when something changed
//     |-> password -> password() -> load
//     |-> gone | missing | failed

import { type Client, fileUrl, type Proof, zipUrl } from '../api/client';
import { ApiError, isPassing } from '../api/error';
import { failureOf } from '../api/failure';
import type { FileJson, ShareJson } from '../api/types';
import { backoffMs } from '../live/backoff';
import { byFile } from '../live/people';
import { LiveRoom, type RoomView } from '../live/room';
import { lookMs, Relook } from '../live/relook';
import { Gathered, Store } from '../live/store';
import type { Transfer } from '../live/transfers';
import { isOffline, onWake } from '../live/wake';
import { ownShare } from '../mine/shares';
import { type Download, type DownloadNews, OwnDownload, VerifiedDownload } from './download';
import { isDownloadOver } from './machine';
import type { Connection, ReceivedFile, ReceiveSession, ReceiveView } from './model';
import { nameFree } from './name';
import { passKeep, passOf } from './pass';
import { isSenderThere, receivedFileOf, withNews } from './received';
import { shareViewOf } from './share_view';

const AT_A_TIME = 3;
const SMALL_SIZE_MAX = 64 * 1024 * 1024; // bytes that a page may hold to verify a file before it is saved
const SHOW_MS = 200;
const TICK_MS = 1_000;
const ENDED_MS = 700; // between two looks because the share is said to have ended
const SEAT_WAIT_MS = 1_500; // for a place in the room, so that the sender sees whose download it is
const POLL_QUICK_MS = 2_000; // while something moves
const POLL_SLOW_MS = 15_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;

const EMPTY: ReceiveView = {
	state: 'loading',
	wrongPassword: false,
	failure: null,
	share: null,
	files: [],
	total: { size: 0, count: 0 },
	zipUrl: null,
	zipWaits: false,
	senderThere: null,
	connection: 'connecting',
	canSaveTo: false,
};

export class Receiving implements ReceiveSession {
	readonly #store: Store<ReceiveView>;
	readonly #show = new Gathered(() => this.#draw(), SHOW_MS);
	readonly #reload = new Relook(() => this.#ask(), () => lookMs(this.#share?.files?.length ?? 0));
	readonly #downloads = new Map<string, Download>();
	readonly #known = new Map<string, FileJson>(); // as each was last listed
	#received: ReadonlyMap<string, number> = new Map(); // bytes of each that were shown: between two lists the room may forget, and we do not
	readonly #heard = new Map<string, Set<string>>(); // file: transfers to us that were there before its download
	#state: ReceiveView['state'] = 'loading';
	#wrongPassword = false;
	#failure: ReceiveView['failure'] = null;
	#share: ShareJson | null = null;
	#files: ReceivedFile[] = [];
	#room: LiveRoom | null = null;
	#changes = 0;
	readonly #fileNews = new Map<string, 'added' | 'removed'>(); // files that were heard of since the list was last asked for
	#isNews = false; // and some of them are not in the list yet
	#pass: string | null;
	#isReached = false; // the last question was answered
	#attempts = 0;
	#poll: ReturnType<typeof setTimeout> | null = null;
	#isClosed = false;
	readonly #unwake: () => void;
	readonly #ticker = setInterval(() => this.#tick(), TICK_MS);

	constructor(
		private readonly client: Client,
		private readonly id: string,
	) {
		this.#pass = passOf(id);
		this.#store = new Store({ ...EMPTY, canSaveTo: 'showSaveFilePicker' in globalThis });
		this.#unwake = onWake(() => this.#reload.soon());
		void this.#reload.now();
	}

	subscribe(run: (view: ReceiveView) => void): () => void {
		return this.#store.subscribe(run);
	}

	// ---- what the person does ----

	async password(text: string): Promise<boolean> {
		try {
			const answer = await this.client.share(this.id, { password: text });
			this.#wrongPassword = false;
			this.#arrived(answer.share, answer.pass);
			return true;
		} catch (error) {
			this.#wrongPassword = error instanceof ApiError && error.wantsPassword;
			this.#failure = this.#wrongPassword ? null : failureOf(error);
			this.#show.now();
			return false;
		}
	}

	download(name: string): void {
		const file = this.#file(name);
		if (file === undefined || this.#isTaking(name)) return;
		const isSmall = file.size !== null && file.size <= SMALL_SIZE_MAX;
		this.#take(name, isSmall ? this.#verified(name, null) : this.#own(name));
	}

	saveTo(name: string): void {
		if (this.#file(name) === undefined || this.#isTaking(name)) return;
		const picked = window.showSaveFilePicker?.({ suggestedName: name });
		picked?.then(
			(handle) => this.#take(name, this.#verified(name, () => Promise.resolve(handle))),
			() => undefined, // the person thought better of it
		);
	}

	saveAllTo(): void {
		const picked = window.showDirectoryPicker?.({ mode: 'readwrite' });
		picked?.then(
			(folder) => {
				for (const { name } of this.#files) {
					if (!this.#isTaking(name)) this.#take(name, this.#verified(name, () => newFileIn(folder, name)));
				}
			},
			() => undefined,
		);
	}

	downloadZip(): void {
		if (this.#store.value.zipUrl !== null) new OwnDownload(this.#store.value.zipUrl, null, { changed() {}, over() {}, verified() {} }).begin();
	}

	pause(name: string): void {
		this.#downloads.get(name)?.pause();
	}

	resume(name: string): void {
		this.#downloads.get(name)?.resume();
		this.#pump(); // it may have been paused before it had a place
	}

	cancel(name: string): void {
		this.#downloads.get(name)?.cancel();
	}

	reload(): void {
		if (this.#state !== 'ready') this.#state = 'loading';
		this.#show.now();
		void this.#reload.now();
	}

	/** The browser's own downloads go on without the page. */
	isMoving(): boolean {
		return [...this.#downloads.values()].some((one) => one instanceof VerifiedDownload && !isDownloadOver(one.machine.state));
	}

	close(): void {
		this.#isClosed = true;
		clearInterval(this.#ticker);
		if (this.#poll !== null) clearTimeout(this.#poll);
		this.#unwake();
		this.#show.stop();
		this.#reload.stop();
		for (const one of this.#downloads.values()) if (one instanceof VerifiedDownload) one.cancel();
		this.#room?.close();
	}

	// ---- the share ----

	async #ask(): Promise<void> {
		if (this.#isClosed) return;
		if (this.#poll !== null) clearTimeout(this.#poll);
		this.#poll = null;
		this.#fileNews.clear(); // an answer to come knows of them
		try {
			const answer = await this.client.share(this.id, this.#proof());
			if (!this.#isClosed) this.#arrived(answer.share, answer.pass);
		} catch (error) {
			if (!this.#isClosed) this.#failed(error);
		}
	}

	#proof(): Proof {
		return this.#pass === null ? {} : { pass: this.#pass };
	}

	#arrived(share: ShareJson, pass: string | null): void {
		if (pass !== null) passKeep(this.id, (this.#pass = pass));
		this.#isReached = true;
		this.#attempts = 0;
		this.#state = 'ready';
		this.#failure = null;
		this.#share = { ...share, files: withNews(share.files ?? [], this.#fileNews) };
		for (const file of share.files ?? []) this.#know(file);
		this.#enter(share);
		if (this.#room?.view.value.connection !== 'online') this.#pollLater(this.#isGrowing() ? POLL_QUICK_MS : POLL_SLOW_MS);
		this.#show.now();
	}

	#failed(error: unknown): void {
		if (isPassing(error)) {
			this.#isReached = false;
			const retryAfterS = error instanceof ApiError ? error.retryAfterSeconds : null;
			this.#pollLater(retryAfterS !== null ? retryAfterS * 1000 : backoffMs(this.#attempts++, BACKOFF_FIRST_MS, BACKOFF_MAX_MS));
			return this.#show.now();
		}
		this.#isReached = true;
		const failure = failureOf(error);
		if (failure.code === 'password') {
			passKeep(this.id, (this.#pass = null));
			this.#state = 'password';
		} else {
			this.#state = failure.code === 'share-gone' ? 'gone' : failure.code === 'not-found' ? 'missing' : 'failed';
			this.#failure = failure;
			this.#room?.close();
			this.#room = null;
			for (const one of this.#downloads.values()) if (one instanceof OwnDownload) one.handOver();
		}
		this.#show.now();
	}

	/** With a password: what it was answered with is a cookie, which the browser sends with the socket, too. */
	#enter(share: ShareJson): void {
		if (this.#room !== null) return;
		const token = share.has_password ? (ownShare(share.id)?.token ?? null) : null;
		const room = (this.#room = new LiveRoom({ share: share.id, role: 'receiver', token, base: this.client.base, file: (name, state) => this.#fileHeard(name, state) }));
		room.view.subscribe((view) => this.#hear(view));
	}

	#pollLater(waitMs: number): void {
		if (this.#poll !== null) clearTimeout(this.#poll);
		if (!this.#isClosed) this.#poll = setTimeout(() => void this.#reload.now(), waitMs);
	}

	#isGrowing(): boolean {
		const files = this.#share?.files ?? [];
		return files.length === 0 || files.some((file) => !file.is_complete) || this.isMoving();
	}

	/** Shown at once by its name; the rest of it comes with the list, which is read the less often the longer it is. */
	#fileHeard(name: string, state: 'added' | 'removed'): void {
		this.#fileNews.set(name, state);
		this.#isNews = true;
		this.#reload.soon();
	}

	#hear(room: RoomView): void {
		if (this.#isNews && this.#share !== null) this.#share = { ...this.#share, files: withNews(this.#share.files ?? [], this.#fileNews) };
		this.#isNews = false;
		if (room.isEnded && this.#state === 'ready') this.#reload.soon(ENDED_MS);
		if (room.changes !== this.#changes) {
			this.#changes = room.changes;
			this.#reload.soon();
		}
		if (room.connection !== 'online' && this.#poll === null) this.#pollLater(POLL_SLOW_MS);
		for (const [name, download] of this.#downloads) {
			if (download instanceof OwnDownload) download.hear(this.#ownTransfers(room, name, download.client));
		}
		this.#show.soon();
	}

	#ownTransfers(room: RoomView, name: string, client: string | null): Transfer[] {
		const past = this.#heard.get(name);
		return room.transfers.ofFile(name).filter((one) => one.direction === 'down' && one.client !== null && one.client === client && !past?.has(one.id));
	}

	// ---- downloads ----

	#file(name: string): ReceivedFile | undefined {
		return this.#files.find((file) => file.name === name);
	}

	#isTaking(name: string): boolean {
		const download = this.#downloads.get(name);
		return download !== undefined && !isDownloadOver(download.machine.state);
	}

	#news(name: string): DownloadNews {
		return {
			changed: () => this.#show.soon(),
			over: () => queueMicrotask(() => this.#pump()),
			verified: (root) => this.#room?.confirm(name, root),
		};
	}

	#verified(name: string, handle: (() => Promise<FileSystemFileHandle>) | null): Download {
		const who = async () => {
			await this.#seated();
			return { proof: this.#proof(), client: this.#client() };
		};
		const job = { share: this.#share?.id ?? this.id, name, size: this.#file(name)?.size ?? null };
		return new VerifiedDownload({ base: this.client.base, job, who, handle }, this.#news(name));
	}

	/** By the URL of this moment: the one that is shown may be of before we had a place in the room. */
	#own(name: string): Download {
		const room = this.#room?.view.value;
		this.#heard.set(name, new Set(room === undefined ? [] : this.#allOwn(room, name)));
		return new OwnDownload(this.#urlOf(name), this.#client(), this.#news(name));
	}

	#allOwn(room: RoomView, name: string): string[] {
		return room.transfers.ofFile(name).filter((one) => one.direction === 'down').map((one) => one.id);
	}

	#take(name: string, download: Download): void {
		this.#downloads.set(name, download);
		this.#pump();
		this.#show.now();
	}

	#pump(): void {
		if (this.#isClosed) return;
		let begun = [...this.#downloads.values()].filter((one) => one instanceof VerifiedDownload && one.isBegun).length;
		for (const download of this.#downloads.values()) {
			if (download.isBegun || isDownloadOver(download.machine.state) || download.machine.state === 'paused') continue;
			if (download instanceof VerifiedDownload && ++begun > AT_A_TIME) continue;
			download.begin();
		}
	}

	#seated(): Promise<void> {
		const room = this.#room;
		if (room === null || room.view.value.connection === 'online') return Promise.resolve();
		return new Promise((resolve) => {
			const timer = setTimeout(resolve, SEAT_WAIT_MS);
			const leave = room.view.subscribe(({ connection }) => {
				if (connection !== 'online') return;
				clearTimeout(timer);
				resolve();
				queueMicrotask(() => leave());
			});
		});
	}

	#client(): string | null {
		const room = this.#room?.view.value;
		return room?.connection === 'online' ? room.client : null;
	}

	// ---- what is shown ----

	#tick(): void {
		for (const one of this.#downloads.values()) if (one instanceof OwnDownload) one.second(this.#client() !== null);
		if ([...this.#downloads.values()].some((one) => !isDownloadOver(one.machine.state))) this.#show.soon();
	}

	#connection(room: RoomView | null): Connection {
		if (isOffline()) return 'offline';
		if (room !== null && this.#isReached) return room.connection;
		if (this.#isReached) return 'online';
		return this.#share === null ? 'connecting' : 'reconnecting';
	}

	/** Another file under the same name is not the one that was taken; but the end of its upload changes `created_at`, too. */
	#know(file: FileJson): void {
		const known = this.#known.get(file.name);
		if (known?.is_complete && known.created_at !== file.created_at && !this.#isTaking(file.name)) this.#downloads.delete(file.name);
		this.#known.set(file.name, file);
	}

	/** What is in the share, and what this page took of it though it is there no more: a live file has passed. */
	#listed(): FileJson[] {
		const files = this.#share?.files ?? [];
		const names = new Set(files.map(({ name }) => name));
		const passed = [...this.#downloads.keys()].filter((name) => !names.has(name) && this.#known.has(name));
		return [...files, ...passed.map((name) => ({ ...this.#known.get(name)!, is_complete: true }))];
	}

	/** Says who we are, so that the sender sees whose download it is. */
	#named(url: string): string {
		const client = this.#client();
		return client === null ? url : `${url}?client=${client}`;
	}

	#urlOf(name: string): string {
		return this.client.base + this.#named(fileUrl(this.#share?.id ?? this.id, name));
	}

	#draw(): void {
		const nowMs = Date.now();
		const room = this.#room?.view.value ?? null;
		const share = this.#share;
		const uploads = room === null ? null : byFile(room, 'up');
		this.#files = this.#listed().map((file) => {
			const download = this.#downloads.get(file.name);
			const url = this.#urlOf(file.name);
			const shown = Math.max(file.received, this.#received.get(file.name) ?? 0);
			const received = receivedFileOf({ ...file, received: shown }, url, room, uploads?.get(file.name), (size) => download?.view(size, nowMs) ?? null);
			if (download !== undefined) download.senderStall = received.stall;
			return received;
		});
		this.#received = new Map(this.#files.map(({ name, received }) => [name, received]));
		const isWhole = this.#files.length > 0 && this.#files.every((file) => file.isComplete);
		const mayZip = share !== null && share.mode !== 'live' && !share.files?.some((file) => file.stored_from !== undefined);
		// A ZIP follows uploads that are stored; others may not wait in it for their turn.
		const mayZipNow = isWhole || (this.#files.length > 0 && share?.mode === 'stored');
		this.#store.set({
			state: this.#state,
			wrongPassword: this.#wrongPassword,
			failure: this.#failure,
			share: share === null ? null : shareViewOf(share),
			files: this.#files,
			total: {
				size: this.#files.reduce<number | null>((sum, { size }) => (sum === null || size === null ? null : sum + size), 0),
				count: this.#files.length,
			},
			zipUrl: mayZip && mayZipNow ? this.client.base + this.#named(zipUrl(share.id)) : null,
			zipWaits: mayZip && !mayZipNow && this.#files.length > 0,
			senderThere: room === null ? null : isSenderThere(room),
			connection: this.#connection(room),
			canSaveTo: this.#store.value.canSaveTo,
		});
	}
}

/** What is there already is not written over. */
async function newFileIn(folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle> {
	const taken = new Set<string>();
	for await (const other of folder.keys()) taken.add(other.toLowerCase());
	const safe = name.replace(/[<>:"|?*]/g, '_').replace(/[. ]+$/, '_');
	return folder.getFileHandle(nameFree(safe, (other) => taken.has(other.toLowerCase())), { create: true });
}
