// SPDX-License-Identifier: Apache-2.0
//
// download.ts - one file on its way to this person: through a worker that verifies it, or by the browser's own
//
// The browser's own download writes to the disk without us, so what is known of it is what the server says in
// the room: where there is no room to hear from, it is handed over, and that is all that can be said.

import type { Proof } from '../api/client';
import { backoffMs } from '../live/backoff';
import { isMoving, type Transfer } from '../live/transfers';
import { type DownloadMachine, downloadNext, isDownloadOver, type MachineEvent, RUNNING } from './machine';
import type { DownloadState, DownloadView, Stall } from './model';
import { Pacer, paceOf } from './pace';
import type { VerifyJob, VerifyNews } from './verify';
import type { VerifyOrder } from './verify.worker';

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;

/** What the session wants to know of a download. */
export interface DownloadNews {
	changed: () => void;
	over: () => void; // it has given its place back
	verified: (root: string) => void;
}

export interface Download {
	readonly machine: DownloadMachine;
	readonly isBegun: boolean;
	/** With one of the places; before that it waits as "running", with nothing done. */
	begin(): void;
	pause(): void;
	resume(): void;
	cancel(): void;
	view(size: number | null, nowMs: number): DownloadView;
	/** Why the sender does not send, where it is that; to be said instead of "connecting". */
	senderStall: Stall | null;
}

class Base {
	machine: DownloadMachine = RUNNING;
	isBegun = false;
	senderStall: Stall | null = null;
	protected readonly pacer = new Pacer();
	protected size: number | null = null;
	#view: DownloadView | null = null;
	#drawn: unknown[] = [];

	constructor(protected readonly news: DownloadNews) {}

	view(size: number | null, nowMs: number): DownloadView {
		const { state, failure, done } = this.machine;
		const stall = this.machine.stall === 'sender-idle' ? (this.senderStall ?? this.machine.stall) : this.machine.stall;
		const speed = state === 'running' ? this.pacer.bytesPerSecond(nowMs) : 0;
		const drawn = [this.machine, stall, speed, size];
		if (this.#view === null || drawn.some((value, index) => value !== this.#drawn[index])) {
			this.#view = { state, stall, failure, pace: paceOf(this.size ?? size, done, speed) };
			this.#drawn = drawn;
		}
		return this.#view;
	}

	protected tell(event: MachineEvent<DownloadState>): void {
		const was = this.machine;
		this.machine = downloadNext(was, event);
		if (this.machine === was) return;
		if (event.type === 'bytes') this.pacer.add(this.machine.done, Date.now());
		if (isDownloadOver(this.machine.state) && !isDownloadOver(was.state)) {
			this.isBegun = false;
			this.news.over();
		}
		this.news.changed();
	}
}

export interface VerifiedOptions {
	base: string;
	job: Omit<VerifyJob, 'proof' | 'client'>;
	/** Asked for when it begins: passes change, and identities too. */
	who: () => Promise<{ proof: Proof; client: string | null }>;
	handle: (() => Promise<FileSystemFileHandle>) | null; // null: collected, and saved in the end
	makeWorker?: () => Worker;
}

const makeVerifyWorker = (): Worker => new Worker(new URL('./verify.worker.ts', import.meta.url), { type: 'module' });

export class VerifiedDownload extends Base implements Download {
	#worker: Worker | null = null;
	#loads = 0; // of its script, that failed

	constructor(
		private readonly options: VerifiedOptions,
		news: DownloadNews,
	) {
		super(news);
	}

	begin(): void {
		if (this.isBegun || isDownloadOver(this.machine.state)) return;
		this.isBegun = true;
		this.pacer.reset(0, Date.now());
		void this.#start();
	}

	pause(): void {
		this.tell({ type: 'go', state: 'paused' });
		this.#order({ type: 'pause' });
	}

	resume(): void {
		if (this.machine.state !== 'paused') return;
		this.tell({ type: 'go', state: 'running' });
		this.#order({ type: 'resume' });
	}

	cancel(): void {
		this.#order({ type: 'cancel' }); // it clears up, and ends by itself
		this.#worker = null;
		this.tell({ type: 'go', state: 'cancelled' });
	}

	async #start(): Promise<void> {
		let handle: FileSystemFileHandle | null = null;
		try {
			handle = (await this.options.handle?.()) ?? null;
		} catch {
			return this.tell({ type: 'fail', failure: { code: 'file-unreadable', detail: null } });
		}
		await this.#work(handle);
	}

	async #work(handle: FileSystemFileHandle | null): Promise<void> {
		const who = await this.options.who();
		if (isDownloadOver(this.machine.state)) return;
		const worker = (this.#worker = (this.options.makeWorker ?? makeVerifyWorker)());
		worker.onmessage = ({ data }: MessageEvent<VerifyNews>) => this.#hear(data);
		worker.onerror = (event) => this.#broke(event, handle);
		this.#order({ type: 'begin', base: this.options.base, job: { ...this.options.job, ...who }, handle });
		if (this.machine.state === 'paused') this.#order({ type: 'pause' });
	}

	/** Without a message it is the script that did not come: it is fetched when it is needed, and the network may be gone. */
	#broke(event: ErrorEvent, handle: FileSystemFileHandle | null): void {
		if (event.message !== undefined) return this.tell({ type: 'fail', failure: { code: 'unknown', detail: null } });
		this.#worker = null;
		this.tell({ type: 'stall', stall: 'connecting' });
		setTimeout(() => void this.#work(handle), backoffMs(this.#loads++, BACKOFF_FIRST_MS, BACKOFF_MAX_MS));
	}

	#order(order: VerifyOrder): void {
		this.#worker?.postMessage(order);
	}

	#hear(news: VerifyNews): void {
		switch (news.type) {
			case 'bytes':
				this.size = news.size;
				if (news.done > this.machine.done && this.machine.state === 'stalled') this.tell({ type: 'go', state: 'running' });
				return this.tell({ type: 'bytes', done: news.done });
			case 'stall':
				if (this.machine.state !== 'paused') this.tell({ type: 'stall', stall: news.stall });
				return;
			case 'verifying':
				return this.tell({ type: 'go', state: 'verifying' });
			case 'fail':
				return this.tell({ type: 'fail', failure: news.failure });
			case 'done':
				if (isDownloadOver(this.machine.state)) return;
				if (news.blob !== null) saveBlob(news.blob, this.options.job.name);
				this.tell({ type: 'go', state: news.isVerified ? 'verified' : 'taken' });
				if (news.isVerified) this.news.verified(news.root);
		}
	}
}

// Until it is handed over: what the server never spoke of; and what broke off, which the browser may go on with.
const SILENCE_MAX_S = 10;
const BROKEN_MAX_S = 60;

/** By a click on a link: the browser shows it, goes on with it, and knows where it lies. */
export class OwnDownload extends Base implements Download {
	#isHeard = false;
	#isMoving = false; // as last heard
	#silenceS = 0;

	/** @client: who we are in the room, as the URL says it, so that the server says how it goes; null: it will not. */
	constructor(
		private readonly url: string,
		readonly client: string | null,
		news: DownloadNews,
	) {
		super(news);
	}

	begin(): void {
		if (this.isBegun) return;
		this.isBegun = true;
		clickLink(this.url, '');
		if (this.client === null) this.handOver();
	}

	/** The browser's own buttons do that. */
	pause(): void {}
	resume(): void {}

	/** Only we give up on it: what the browser does, the person ends there. */
	cancel(): void {
		this.tell({ type: 'go', state: 'cancelled' });
	}

	/** @transfers: to us, of this file, since it began; the newest last. */
	hear(transfers: readonly Transfer[]): void {
		for (const one of transfers) {
			this.tell({ type: 'bytes', done: one.bytes });
			if (one.state === 'uploaded' || one.state === 'confirmed') return this.tell({ type: 'go', state: 'taken' });
		}
		const newest = transfers.at(-1);
		if (newest === undefined) {
			// It ended while the room was away, or was never begun: what the browser made of it is in its list.
			if (this.#isHeard) this.handOver();
			return;
		}
		this.#isHeard = true;
		this.#isMoving = isMoving(newest.state);
		// One that broke off may be gone on with by the browser, as another transfer.
		if (!this.#isMoving) return this.tell({ type: 'stall', stall: 'connecting' });
		this.tell({ type: 'go', state: 'running' });
	}

	/** Another second has passed. @isRoomThere: we would have heard. */
	second(isRoomThere: boolean): void {
		this.#silenceS = isRoomThere && this.#isMoving ? 0 : this.#silenceS + 1;
		if (this.#silenceS > (this.#isHeard ? BROKEN_MAX_S : SILENCE_MAX_S)) this.handOver();
	}

	/** There is nothing more to hear. */
	handOver(): void {
		this.tell({ type: 'go', state: 'taken' });
	}
}

const URL_LIFE_MS = 60_000; // until the browser has surely begun to save what the object URL names

function saveBlob(blob: Blob, name: string): void {
	const url = URL.createObjectURL(blob);
	clickLink(url, name);
	setTimeout(() => URL.revokeObjectURL(url), URL_LIFE_MS);
}

/** @name: '' leaves it to the answer's Content-Disposition. */
function clickLink(url: string, name: string): void {
	const link = document.createElement('a');
	link.href = url;
	link.download = name;
	link.rel = 'noopener';
	document.body.append(link);
	link.click();
	link.remove();
}
