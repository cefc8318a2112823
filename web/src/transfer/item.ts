// SPDX-License-Identifier: Apache-2.0
//
// item.ts - one file of a send page: its state, its run to the server, and its row in the browser
//
// The item decides nothing about the others: send.ts says when it may begin.

import type { Client } from '../api/client';
import type { Room } from '../live/fold';
import { type Counts, countsOf, NOBODY, stallOf } from '../live/people';
import { isMoving, type Transfer } from '../live/transfers';
import type { ChunkMemory } from './chunk_memory';
import { isSame, type Keep, type KeptUpload } from './keep';
import { holdLock } from './lock';
import { isUploadOver, type MachineEvent, QUEUED, type UploadMachine, uploadNext } from './machine';
import type { PickedFile, Stall, UploadState, UploadView } from './model';
import { Pacer, paceOf } from './pace';
import { type Transport, UploadRun } from './upload';

/** What the archive of a share is called in its room. */
export const archiveOf = (share: string): string => `${share}.zip`;

export interface ItemHome {
	client: Client;
	share: string;
	token: string;
	isLive: boolean;
	chunks: ChunkMemory;
	keep: Keep;
	transport?: Transport | undefined;
	room: () => Room | null;
	isTaken: (name: string, by: Item) => boolean;
	changed: () => void; // its view; often
	moved: () => void; // its state: others may begin
}

export class Item {
	machine: UploadMachine = QUEUED;
	#home: ItemHome | null = null;
	#row: KeptUpload | null = null; // null: not kept (yet)
	#run: UploadRun | null = null;
	#isBegun = false; // it has one of the places, until it is over, paused, or lacks its file
	#release: (() => void) | null = null;
	#waiting: AbortController | null = null;
	#url: string | null = null;
	#isLinked = false; // the server has it under this name, so what it says of that name is meant for us
	#past: ReadonlySet<string> = new Set(); // transfers of that name that are not ours, though: of an earlier file
	readonly #pacer = new Pacer();
	#counts = NOBODY;
	#view: UploadView | null = null;

	constructor(
		readonly id: string,
		public name: string,
		readonly size: number,
		private file: File | null,
		private readonly handle: FileSystemFileHandle | null = null,
	) {}

	get isBegun(): boolean {
		return this.#isBegun;
	}

	get needsFile(): boolean {
		return this.machine.stall === 'file-needed';
	}

	// ---- where it belongs ----

	/** Once the share is there: the file is kept, so that a reload goes on. */
	async settle(home: ItemHome): Promise<void> {
		if (this.#home !== null) return;
		this.#home = home;
		if (this.file === null || home.isLive || isUploadOver(this.machine.state)) return;
		const { name, size, lastModified } = this.file;
		this.#row = { id: this.id, share: home.share, url: null, name: this.name || name, size, lastModified, handle: this.handle, keptMs: Date.now() };
		if (!(await home.keep.put(this.#row))) {
			this.#row = null;
			return;
		}
		if (this.handle === null) await home.keep.putFile(this.id, this.file);
		if (isUploadOver(this.machine.state)) await home.keep.remove(this.id); // it was quicker
	}

	/** From a row of an earlier page. */
	async restore(home: ItemHome, row: KeptUpload): Promise<void> {
		this.#home = home;
		this.#row = row;
		this.#url = row.url;
		this.#link(({ direction, state }) => direction === 'up' && !isMoving(state));
		const found = await home.keep.fileOf(row, false);
		this.file = found.file;
		if (found.file === null) this.tell(found.isChanged ? { type: 'fail', failure: { code: 'file-changed', detail: null } } : { type: 'stall', stall: 'file-needed' });
	}

	/** It is on the server already. */
	complete(home: ItemHome): void {
		this.#home = home;
		this.tell({ type: 'bytes', done: this.size });
		this.tell({ type: 'go', state: 'uploaded' });
	}

	async provide(picked?: PickedFile): Promise<boolean> {
		if (this.#home === null || this.#row === null || !this.needsFile) return false;
		if (picked === undefined) {
			const found = await this.#home.keep.fileOf(this.#row, true);
			if (found.file === null) return false;
			this.file = found.file;
		} else {
			if (!isSame(this.#row, picked.file)) return false;
			this.file = picked.file;
			if (picked.handle !== null) this.#keep({ handle: picked.handle });
			else void this.#home.keep.putFile(this.id, picked.file);
		}
		this.tell({ type: 'go', state: 'queued' });
		return true;
	}

	// ---- what it is told to do ----

	async begin(): Promise<void> {
		const home = this.#home;
		if (home === null || this.file === null || this.#isBegun || this.machine.state !== 'queued') return;
		this.#isBegun = true;
		const waiting = (this.#waiting = new AbortController());
		try {
			const { release, hadToWait } = await holdLock(this.id, waiting.signal);
			if (waiting.signal.aborted) return release();
			this.#release = release;
			if (hadToWait && !(await this.#isStillOurs(home))) return;
			if (waiting.signal.aborted) return;
		} catch {
			return; // stopped while another page had it
		}
		this.#pacer.reset(this.machine.done, Date.now());
		if (home.isLive) this.#located(null); // there is no answer that would say so
		this.#run = this.#makeRun(home, this.file);
		this.#run.begin();
	}

	pause(): void {
		if (isUploadOver(this.machine.state) || this.needsFile || this.#home?.isLive) return;
		this.#stop();
		this.tell({ type: 'go', state: 'paused' });
	}

	resume(): void {
		if (this.machine.state === 'paused') this.tell({ type: 'go', state: 'queued' });
	}

	cancel(): void {
		const run = this.#run;
		const url = this.#url;
		this.tell({ type: 'go', state: 'cancelled' });
		if (run !== null) run.giveUp();
		else if (url !== null) void this.#home?.client.giveUpUpload(url).catch(() => undefined);
	}

	wake(): void {
		this.#run?.wake();
	}

	/** The page goes: what is on the server stays, and so does the row. */
	close(): void {
		this.#stop();
	}

	// ---- what it hears ----

	tell(event: MachineEvent<UploadState>): void {
		const was = this.machine;
		this.machine = uploadNext(was, event);
		if (this.machine === was) return;
		if (event.type === 'bytes' || event.type === 'restart') this.#pacer.add(this.machine.done, Date.now());
		this.#view = null;
		if (this.machine.state === was.state) return this.#home?.changed();
		if (isUploadOver(this.machine.state) && !isUploadOver(was.state)) this.#over();
		this.#home?.moved();
	}

	/** Of its name, and of the archive. */
	hear(uploads: readonly Transfer[], downloads: readonly Transfer[]): void {
		const counts = this.#counted(countsOf(this.#past.size === 0 ? downloads : downloads.filter(({ id }) => !this.#past.has(id))));
		if (counts !== this.#counts && (['downloading', 'taken', 'verified'] as const).some((key) => counts[key] !== this.#counts[key])) {
			this.#counts = counts;
			this.#view = null;
		}
		const isOver = isUploadOver(this.machine.state);
		for (const one of uploads) {
			if (isOver || !this.#isLinked || this.#past.has(one.id)) continue;
			this.#run?.heard(one.bytes);
			this.tell({ type: 'bytes', done: Math.min(one.bytes, this.size) });
			if (one.state === 'uploaded' || one.state === 'confirmed') this.tell({ type: 'go', state: 'uploaded' });
		}
		if (counts.verified > 0) this.tell({ type: 'go', state: 'confirmed' });
	}

	/** Who had it has it, also when the room has forgotten the transfer. */
	#counted(counts: Counts): Counts {
		const had = this.#counts;
		return counts.taken + counts.verified < had.taken + had.verified ? { ...had, downloading: counts.downloading } : counts;
	}

	view(nowMs: number): UploadView {
		const bytesPerSecond = this.#isBegun && this.machine.state !== 'stalled' ? this.#pacer.bytesPerSecond(nowMs) : 0;
		if (this.#view !== null && this.#view.pace.bytesPerSecond === bytesPerSecond) return this.#view;
		const { state, stall, failure, done } = this.machine;
		const pace = paceOf(this.size, done, bytesPerSecond);
		return (this.#view = { id: this.id, name: this.name, state, stall, failure, pace, receivers: this.#counts });
	}

	// ---- within ----

	#makeRun(home: ItemHome, file: File): UploadRun {
		return new UploadRun({
			share: home.share,
			token: home.token,
			isLive: home.isLive,
			name: this.name,
			file,
			url: this.#url,
			client: home.client,
			chunks: home.chunks,
			...(home.transport === undefined ? {} : { transport: home.transport }),
			tell: (event) => this.tell(event),
			isTaken: (name) => home.isTaken(name, this),
			isGrowing: (name) => this.#known().some((one) => one.direction === 'up' && one.file === name && isMoving(one.state) && one.bytes > 0),
			named: (name) => {
				this.name = name;
				this.#view = null;
				this.#keep({ name });
				home.changed();
			},
			located: (url) => {
				this.#located(url);
				this.#keep({ url });
			},
			held: () => this.#held(),
		});
	}

	#held(): Stall | null {
		const room = this.#home?.room() ?? null;
		if (room === null) return null;
		const own = this.#known().filter((one) => one.direction === 'up' && isMoving(one.state) && !this.#past.has(one.id));
		const last = own.at(-1);
		// A live file that the server's memory holds as a whole is waited for by nobody there; but its receivers are.
		const isHeld = this.#home?.isLive === true && last !== undefined && last.bytes === last.size;
		return stallOf(room, this.name, isHeld ? 'receiver slow' : (last?.stalled ?? null), 'sender');
	}

	#known(): Transfer[] {
		const transfers = this.#home?.room()?.transfers;
		return transfers === undefined ? [] : [...transfers.ofFile(this.name), ...transfers.ofFile(archiveOf(this.#home!.share))];
	}

	/** @url null: it begins anew, and all that was said of that name up to now is of something else. */
	#located(url: string | null): void {
		const isCreated = this.#url === null && url !== null;
		this.#url = url;
		// Of its own transfer may have been heard before the answer came that names it.
		if (isCreated) this.#link(({ direction, state }) => direction === 'down' || !isMoving(state));
		else if (url === null) this.#link(() => true);
	}

	#link(isPast: (transfer: Transfer) => boolean): void {
		this.#past = new Set(this.#known().filter(isPast).map(({ id }) => id));
		this.#counts = NOBODY;
		this.#view = null;
		this.#isLinked = this.#url !== null || this.#home?.isLive === true;
	}

	/** While this page waited for the lock, another may have gone on with it, or have finished it. */
	async #isStillOurs(home: ItemHome): Promise<boolean> {
		if (this.#row === null) return true;
		const row = await home.keep.get(this.id);
		if (row !== null) {
			this.#row = row;
			this.#url = row.url;
			this.name = row.name;
			return true;
		}
		const share = await home.client.share(home.share, { token: home.token }).catch(() => null);
		const own = share?.share.files?.find((one) => one.name === this.name);
		if (share !== null && own?.is_complete) this.complete(home);
		else this.tell({ type: 'go', state: 'cancelled' });
		return false;
	}

	#keep(change: Partial<KeptUpload>): void {
		if (this.#row === null) return;
		this.#row = { ...this.#row, ...change };
		if (!isUploadOver(this.machine.state)) void this.#home?.keep.put(this.#row);
	}

	#stop(): void {
		this.#isBegun = false;
		this.#run?.stop();
		this.#run = null;
		this.#waiting?.abort();
		this.#waiting = null;
		this.#release?.();
		this.#release = null;
	}

	#over(): void {
		// A cancelled one may still have to end what it began on the server: giveUp() stops it by itself.
		if (this.machine.state === 'cancelled') this.#run = null;
		this.#stop();
		void this.#home?.keep.remove(this.id);
	}
}
