// SPDX-License-Identifier: Apache-2.0
//
// upload.ts - one file on its way to the server: tus, one request after the other, until it is there
//
//   begin -> attempt -> (tus: POST | HEAD, then PATCH ...) -> ended
//               ^                     |
//               +---- wait <- judge <-+ an error, or silence (watch)
//
// tus-js-client speaks the protocol; its own retries are off, for they end, and after an error of HEAD it
// would make a second upload of the same file. Here nothing ends but what verdict.ts calls final. One
// sequential stream a file: parts that are put together in the end would be stored twice, and could not be
// followed while they come.

import { Upload, type DetailedError, type HttpRequest, type HttpStack, type UploadOptions } from 'tus-js-client';
import { uploadsUrl, type Client } from '../api/client';
import { ApiError, detailOf, retryAfterOf } from '../api/error';
import type { FileJson } from '../api/types';
import { backoffMs } from '../live/backoff';
import { isOffline, onWake } from '../live/wake';
import type { ChunkMemory } from './chunk_memory';
import { chunkSizeGood, chunkSizeTooLarge, chunkSizeTooSlow, isSmallest } from './chunk_size';
import type { MachineEvent } from './machine';
import type { Failure, Stall, UploadState } from './model';
import { nameFree } from './name';
import { type Verdict, verdictOf } from './verdict';

const BACKOFF_FIRST_MS = 400;
const BACKOFF_MAX_MS = 30_000;
const WATCH_MS = 1_000;
const STALL_MS = 3_000; // without a byte, after which it is said why
const SILENCE_MS = 30_000; // without a byte, after which a request is given up
const BROKEN_MAX = 2; // requests that broke off before the next is smaller
const ENDED_MS = 3_600_000; // since it last moved; what ended sooner did not expire: somebody ended it
const LOST_MAX = 3; // times that the server may forget an upload before we believe that it is meant
const RENAMES_MAX = 1_000;

/** How requests leave; left out: XMLHttpRequest and Blob.slice. Tests have others. */
export type Transport = Pick<UploadOptions, 'httpStack' | 'fileReader'> & { httpStack?: HttpStack };

export interface UploadRunOptions {
	share: string;
	token: string; // the owner's
	isLive: boolean; // mode live: nothing can be gone on with
	name: string;
	file: File;
	url: string | null; // of an upload that began earlier
	client: Client;
	chunks: ChunkMemory;
	tell: (event: MachineEvent<UploadState>) => void;
	named: (name: string) => void; // the name was taken, and this is its name now
	located: (url: string | null) => void;
	isTaken: (name: string) => boolean; // as far as this page knows
	isGrowing: (name: string) => boolean; // bytes come under that name, by somebody
	held: () => Stall | null; // why the server does not take bytes now, as it says itself
	transport?: Transport;
}

export class UploadRun {
	#name: string;
	#url: string | null;
	#attempt = 0; // what an older attempt still says is not heard
	#failures = 0; // in a row
	#lost = 0;
	#renames = 0;
	#upload: Upload | null = null;
	#request: { method: string; size: number; limit: number; beganMs: number } | null = null; // the last one
	#mayExist = false; // a creation was not answered: the name may be taken by ourselves
	#movedMs = 0;
	#confirmedMs = 0; // when the server last said that it has something of it
	#sent = 0; // offset of the furthest byte handed to the network in this request
	#offset = 0; // what the server had when it last answered; after a crash of it less than #done
	#done = 0; // confirmed
	#broken = 0; // requests in a row that broke off, and nothing of them arrived
	#watch: ReturnType<typeof setInterval> | null = null;
	#timer: ReturnType<typeof setTimeout> | null = null;
	#unwake: (() => void) | null = null; // there while a wait may be cut short
	#isRunning = false;
	#isGivenUp = false;

	constructor(private readonly options: UploadRunOptions) {
		this.#name = options.name;
		this.#url = options.url;
	}

	get url(): string | null {
		return this.#url;
	}

	begin(): void {
		if (this.#isRunning) return;
		this.#isRunning = true;
		this.#failures = 0;
		this.#begin();
	}

	/** For a pause, or for ever: what the server has it keeps. */
	stop(): void {
		this.#isRunning = false;
		this.#end();
	}

	/** Cancelled: the server is told, too. A creation under way is waited for, or nobody could end it. */
	giveUp(): void {
		this.#isGivenUp = true;
		const isCreating = this.#request?.method === 'POST' && this.#url === null && !this.options.isLive;
		if (!isCreating) this.stop();
		if (this.#url !== null) void this.options.client.giveUpUpload(this.#url).catch(() => undefined);
	}

	/** The server's own word on how much it has: it comes more often than answers do. */
	heard(bytes: number): void {
		if (!this.#isRunning || bytes <= this.#done) return;
		this.#done = bytes;
		this.#failures = this.#broken = 0;
		this.options.tell({ type: 'bytes', done: bytes });
		this.#moved();
	}

	/** The server has been heard of by another way: what waits need not wait. */
	wake(): void {
		if (this.#unwake !== null) this.#begin();
	}

	// ---- an attempt ----

	#begin(): void {
		this.#end();
		const attempt = ++this.#attempt;
		const { file, isLive, client, share, token, chunks, transport } = this.options;
		this.#moved();
		const mine = <A extends unknown[]>(work: (...values: A) => void) => (...values: A) => {
			if (attempt === this.#attempt) work(...values);
		};
		const upload = new Upload(file, {
			...transport,
			endpoint: this.#url === null ? client.base + uploadsUrl(share) : null,
			uploadUrl: this.#url,
			metadata: { filename: this.#name },
			headers: { Authorization: `Bearer ${token}` },
			chunkSize: isLive ? Infinity : chunks.value.size,
			uploadDataDuringCreation: isLive,
			retryDelays: null,
			storeFingerprintForResuming: false,
			fingerprint: () => Promise.resolve(''),
			onBeforeRequest: (request: HttpRequest) => {
				// tus forgets an abort() that comes before its first request; so the request is not let out.
				if (attempt !== this.#attempt) throw new Error('aborted');
				this.#requestBegins(request);
			},
			onProgress: mine((sent: number) => this.#requestMoves(sent)),
			onUploadUrlAvailable: mine(() => this.#located(upload.url)),
			onChunkComplete: mine((size: number, done: number) => this.#requestGood(upload, size, done)),
			onSuccess: mine(() => this.#arrived()),
			onError: mine((error: Error) => void this.#failed(error as DetailedError)),
		});
		this.#upload = upload;
		this.#watch = setInterval(() => this.#look(), WATCH_MS);
		upload.start();
	}

	/** Of the attempt, not of the upload. Idempotent. */
	#end(): void {
		this.#attempt++;
		const upload = this.#upload;
		this.#upload = null;
		this.#request = null;
		if (this.#watch !== null) clearInterval(this.#watch);
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#watch = this.#timer = null;
		this.#unwake?.();
		this.#unwake = null;
		void upload?.abort().catch(() => undefined);
	}

	#requestBegins(request: HttpRequest): void {
		const method = request.getMethod();
		const limit = this.options.chunks.value.size;
		const size = method === 'PATCH' ? Math.min(limit, this.options.file.size - this.#offset) : 0;
		this.#request = { method, size, limit, beganMs: Date.now() };
		this.#sent = 0;
		if (method === 'POST') this.#mayExist = true;
		this.#moved();
	}

	/** Bytes that were handed to the network; but right after a HEAD, what that said. */
	#requestMoves(sent: number): void {
		if (this.#request?.method === 'HEAD') return this.#confirmed(sent);
		if (sent <= this.#sent) return;
		if (this.#sent > 0) this.options.tell({ type: 'go', state: 'sending' });
		this.#sent = sent;
		this.#moved();
	}

	#requestGood(upload: Upload, size: number, done: number): void {
		const { chunks, isLive } = this.options;
		const tookMs = Date.now() - (this.#request?.beganMs ?? 0);
		if (!isLive) upload.options.chunkSize = (chunks.value = chunkSizeGood(chunks.value, size, tookMs)).size;
		this.#confirmed(done);
	}

	#located(url: string | null): void {
		this.#mayExist = false;
		if (!this.options.isLive) this.options.located((this.#url = url));
		if (!this.#isGivenUp || url === null) return;
		this.stop();
		void this.options.client.giveUpUpload(url).catch(() => undefined);
	}

	#confirmed(done: number): void {
		if (done > this.#offset) this.#failures = this.#lost = this.#broken = 0;
		this.#offset = done;
		this.#done = Math.max(this.#done, done);
		this.#confirmedMs = Date.now();
		this.options.tell({ type: 'bytes', done });
		this.#moved();
	}

	#arrived(): void {
		this.stop();
		this.options.tell({ type: 'bytes', done: this.options.file.size });
		this.options.tell({ type: 'go', state: 'uploaded' });
	}

	// ---- silence ----

	#moved(): void {
		this.#movedMs = Date.now();
		// After a failure it is sending again when something has arrived, not when it is tried.
		if (this.#failures === 0) this.options.tell({ type: 'go', state: 'sending' });
	}

	#look(): void {
		const silentMs = Date.now() - this.#movedMs;
		if (silentMs < STALL_MS) return;
		const held = this.options.held();
		this.options.tell({ type: 'stall', stall: isOffline() ? 'offline' : (held ?? 'connecting') });
		// The server that says why it waits is there; and a live upload cannot be gone on with.
		if (silentMs < SILENCE_MS || held !== null || this.options.isLive) return;
		this.#shrink('too-slow');
		this.#wait('connecting', 0);
	}

	// ---- errors ----

	async #failed(error: DetailedError): Promise<void> {
		const attempt = this.#attempt;
		const response = error.originalResponse ?? null;
		const method = error.originalRequest?.getMethod() ?? 'POST';
		const status = response?.getStatus() ?? 0;
		if (status >= 400 && status < 500 && method === 'POST' && status !== 408 && status !== 409) this.#mayExist = false;
		if (status === 0) {
			const failure = await unreadable(this.options.file, this.#done);
			if (attempt !== this.#attempt) return;
			if (failure !== null) return this.#fail(failure);
			// Proxies that find a request too large often reset the connection before their 413 is read.
			if (method === 'PATCH' && ++this.#broken >= BROKEN_MAX) this.#shrink('too-slow');
		}
		await this.#judge(
			verdictOf({
				method,
				status,
				detail: response === null ? null : detailOf(response.getHeader('Content-Type'), response.getBody() ?? ''),
				retryAfterSeconds: retryAfterOf(response?.getHeader('Retry-After')),
				isLive: this.options.isLive,
			}),
		);
	}

	async #judge(verdict: Verdict): Promise<void> {
		switch (verdict.kind) {
			case 'fail':
				return this.#fail(verdict.failure);
			case 'again':
				return this.#wait(verdict.stall, verdict.waitMs);
			case 'smaller':
				if (verdict.because === 'too-large' && isSmallest(this.options.chunks.value)) return this.#fail({ code: 'too-large', detail: null });
				this.#shrink(verdict.because);
				return this.#wait('connecting', verdict.because === 'too-large' ? 0 : null);
			case 'rename':
				return this.#rename();
			case 'lost':
				return this.#recover(verdict.isEnded);
		}
	}

	#shrink(because: 'too-large' | 'too-slow'): void {
		const { chunks } = this.options;
		if (this.#request?.method !== 'PATCH') return;
		const { size, limit } = this.#request;
		if (because === 'too-large') chunks.value = chunkSizeTooLarge(chunks.value, size);
		// Files that go at the same time are cut off together: that is one lesson, and not three.
		else if (chunks.value.size >= limit) chunks.value = chunkSizeTooSlow(chunks.value, size);
	}

	#fail(failure: Failure): void {
		this.stop();
		this.options.tell({ type: 'fail', failure });
	}

	#wait(stall: Stall, waitMs: number | null): void {
		this.#end();
		if (!this.#isRunning) return;
		if (this.options.isLive && this.#done > 0) {
			this.#done = this.#offset = 0; // nothing is stored: it begins again, and says so
			this.options.located(null);
			this.options.tell({ type: 'restart' });
		}
		if (this.#isGivenUp) return this.stop();
		const dueMs = waitMs ?? backoffMs(this.#failures++, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
		if (dueMs > 0) this.options.tell({ type: 'stall', stall: isOffline() ? 'offline' : stall });
		this.#timer = setTimeout(() => this.#begin(), dueMs);
		if (stall !== 'rate') this.#unwake = onWake(() => this.wake());
	}

	// ---- the server and we are not of one mind ----

	/** The name is taken; perhaps by a creation of ours whose answer was lost, which is then ended first. */
	async #rename(): Promise<void> {
		const attempt = this.#attempt;
		const { client, share, token, file, isTaken } = this.options;
		if (this.#renames++ > RENAMES_MAX) return this.#fail({ code: 'name-taken', detail: null });
		let taken = new Set<string>([this.#name]);
		try {
			const { share: json } = await client.share(share, { token });
			if (attempt !== this.#attempt) return;
			const files = json.files ?? [];
			taken = new Set([...taken, ...files.map((one) => one.name)]);
			const own = files.find((one) => one.name === this.#name);
			if (this.#mayExist && own !== undefined && isEmptyShell(own, file) && !this.options.isGrowing(own.name)) {
				this.#mayExist = false;
				await client.removeFile(share, this.#name, token);
				return this.#again(attempt);
			}
		} catch {
			// Then without the list: each number is tried.
		}
		if (attempt !== this.#attempt) return;
		this.#mayExist = false;
		this.#name = nameFree(this.options.name, (name) => taken.has(name) || isTaken(name));
		this.options.named(this.#name);
		this.#again(attempt);
	}

	/** The upload is not there any more: it is complete, was ended elsewhere, or has to begin anew. */
	async #recover(isEnded: boolean): Promise<void> {
		const attempt = this.#attempt;
		const { client, share, token, file } = this.options;
		try {
			const { share: json } = await client.share(share, { token });
			if (attempt !== this.#attempt) return;
			const own = json.files?.find((one) => one.name === this.#name);
			if (own?.is_complete && own.size === file.size) return this.#arrived();
			if (isEnded && Date.now() - this.#confirmedMs < ENDED_MS) {
				this.stop();
				return this.options.tell({ type: 'go', state: 'cancelled' });
			}
		} catch (error) {
			if (attempt !== this.#attempt) return;
			const isGone = error instanceof ApiError && (error.status === 404 || error.status === 410);
			return isGone ? this.#fail({ code: 'share-gone', detail: (error as ApiError).detail }) : this.#wait('connecting', null);
		}
		if (++this.#lost > LOST_MAX) return this.#fail({ code: 'unknown', detail: null });
		this.#url = null;
		this.#done = this.#offset = 0;
		this.options.located(null);
		this.options.tell({ type: 'restart' });
		this.#again(attempt);
	}

	#again(attempt: number): void {
		if (attempt === this.#attempt && this.#isRunning) this.#wait('connecting', 0);
	}
}

/** What a creation of ours would have left. The list may not say yet what comes in at the moment. */
function isEmptyShell(own: FileJson, file: File): boolean {
	return !own.is_complete && own.received === 0 && own.size === file.size;
}

/** A request that failed without an answer may have failed here: the file was changed, or is gone. */
async function unreadable(file: File, offset: number): Promise<Failure | null> {
	if (offset >= file.size) return null;
	try {
		await file.slice(offset, offset + 1).arrayBuffer();
		return null;
	} catch (error) {
		const isGone = (error as DOMException | null)?.name === 'NotFoundError';
		return { code: isGone ? 'file-unreadable' : 'file-changed', detail: null };
	}
}
