// SPDX-License-Identifier: Apache-2.0
//
// server.ts - a daemon in memory, and the network and the proxy in front of it, for tests of the portal's logic
//
// It speaks what the pages ask (net/talk/API.md): shares, files, tus 1.0.0. Its answers come by fetch (stub the
// global) and by an HttpStack for tus-js-client; both go through gate(), where a test makes the weather.

import type { HttpRequest, HttpResponse, HttpStack } from 'tus-js-client';
import { vi } from 'vitest';
import type { FileJson, ShareJson } from '../../../../web/src/api/types';
import type { Transport } from '../../../../web/src/transfer/upload';

export interface Asked {
	method: string;
	path: string;
	headers: Record<string, string>;
	body: Uint8Array<ArrayBuffer>;
}

export interface Answered {
	status: number;
	headers?: Record<string, string>;
	body?: string | Uint8Array<ArrayBuffer>;
}

/** What becomes of a request on its way: 'lost' before the server, or 'unanswered' after it. */
export type Weather = Answered | 'lost' | 'unanswered' | 'silent' | { cutAfter: number } | undefined;

interface FakeUpload {
	share: string;
	name: string;
	size: number;
	bytes: Uint8Array<ArrayBuffer>;
	isGivenUp: boolean;
}

const json = (value: unknown, status = 200): Answered => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
const refusal = (status: number, sentence: string): Answered => ({ status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: sentence });

export class FakeServer {
	readonly shares = new Map<string, ShareJson & { files: FileJson[] }>();
	readonly uploads = new Map<string, FakeUpload>();
	readonly log: Asked[] = [];
	gate: (asked: Asked) => Weather | Promise<Weather> = () => undefined;
	#count = 0;

	share(id: string, part: Partial<ShareJson> = {}): ShareJson & { files: FileJson[] } {
		const share = {
			id,
			url: `http://here/s/${id}`,
			link_name: null,
			mode: 'stored' as const,
			created_at: '2026-11-26T00:00:00Z',
			expires_at: null,
			downloads: 0,
			downloads_max: null,
			has_password: false,
			message: null,
			size: 0,
			file_count: 0,
			next: null,
			...part,
			files: part.files ?? [],
		};
		this.shares.set(id, share);
		return share;
	}

	file(share: string, name: string): Uint8Array<ArrayBuffer> | undefined {
		return [...this.uploads.values()].find((one) => one.share === share && one.name === name && !one.isGivenUp)?.bytes;
	}

	requests(method: string): Asked[] {
		return this.log.filter((asked) => asked.method === method);
	}

	// ---- the ways in ----

	readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
		const headers = Object.fromEntries([...new Headers(init.headers)].map(([name, value]) => [name.toLowerCase(), value]));
		const body = typeof init.body === 'string' ? new TextEncoder().encode(init.body) : new Uint8Array();
		const asked = { method: init.method ?? 'GET', path: String(input).replace(/^https?:\/\/[^/]+/, ''), headers, body };
		const answer = await this.#pass(asked, init.signal ?? undefined);
		if (answer === null) throw new TypeError('fetch failed');
		const isEmpty = answer.status === 204 || answer.status === 304;
		return new Response(isEmpty ? null : (answer.body ?? ''), { status: answer.status, headers: answer.headers ?? {} });
	};

	readonly transport: Transport = {
		httpStack: { createRequest: (method, url) => new FakeRequest(this, method, url), getName: () => 'fake' } as HttpStack,
		fileReader: {
			openFile: (file: File) =>
				Promise.resolve({
					size: file.size,
					slice: (start: number, end: number) => Promise.resolve({ value: file.slice(start, end), done: end >= file.size }),
					close: () => undefined,
				}),
		},
	};

	stub(): this {
		vi.stubGlobal('fetch', this.fetch);
		vi.stubGlobal('location', new URL('http://here/'));
		return this;
	}

	/** Null: no answer. Never settles where the weather is silent, but by @signal. */
	async #pass(asked: Asked, signal?: AbortSignal): Promise<Answered | null> {
		this.log.push(asked);
		const weather = await this.gate(asked);
		if (weather === 'silent') return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));
		if (weather === 'lost') return null;
		if (typeof weather === 'object' && 'status' in weather) return weather;
		if (typeof weather === 'object') {
			this.#answer({ ...asked, body: asked.body.slice(0, weather.cutAfter) });
			return null;
		}
		const answer = this.#answer(asked);
		return weather === 'unanswered' ? null : answer;
	}

	tus(asked: Asked, signal: AbortSignal): Promise<Answered | null> {
		return this.#pass(asked, signal);
	}

	// ---- the daemon ----

	#answer(asked: Asked): Answered {
		const { method, path } = asked;
		if (path === '/api/v1/shares' && method === 'POST') return this.#create(asked);
		const files = /^\/api\/v1\/shares\/([^/?]+)\/files$/.exec(path);
		if (files && method === 'POST') return this.#begin(asked, files[1]!);
		const upload = /^\/api\/v1\/uploads\/(.+)$/.exec(path);
		if (upload) return this.#continue(asked, upload[1]!);
		const share = /^\/api\/v1\/shares\/([^/?]+)/.exec(path);
		if (share) return this.#share(asked, share[1]!);
		const file = /^\/s\/([^/]+)\/([^/?]+)/.exec(path);
		if (file && method === 'DELETE') return this.#remove(file[1]!, decodeURIComponent(file[2]!));
		if (file) return this.#read(asked, file[1]!, decodeURIComponent(file[2]!));
		return refusal(404, 'There is nothing here.');
	}

	#create(asked: Asked): Answered {
		const policy = JSON.parse(new TextDecoder().decode(asked.body)) as { mode?: ShareJson['mode']; message?: string };
		const id = `share${++this.#count}`.padEnd(26, 'a');
		const share = this.share(id, { mode: policy.mode ?? 'stored', message: policy.message ?? null });
		const { files: _, next: __, ...rest } = share;
		return json({ ...rest, owner_token: `token-of-${id}` }, 201);
	}

	#share(asked: Asked, id: string): Answered {
		const share = this.shares.get(id);
		if (share === undefined) return refusal(404, 'There is no such share.');
		if (asked.method === 'DELETE') {
			this.shares.delete(id);
			return { status: 204 };
		}
		return json(share);
	}

	#begin(asked: Asked, id: string): Answered {
		const share = this.shares.get(id);
		if (share === undefined) return refusal(410, 'This share has ended.');
		const name = new TextDecoder().decode(Uint8Array.from(atob(asked.headers['upload-metadata']!.split(' ')[1]!), (char) => char.charCodeAt(0)));
		if (share.files.some((file) => file.name === name)) return refusal(409, 'The share has a file of that name already.');
		const size = Number(asked.headers['upload-length']);
		const key = `upload${++this.#count}`;
		this.uploads.set(key, { share: id, name, size, bytes: new Uint8Array(), isGivenUp: false });
		share.files.push({ name, url: '', size, received: 0, is_complete: size === 0, root: null, created_at: '' });
		this.#append(key, asked.body);
		return { status: 201, headers: { location: `/api/v1/uploads/${key}`, 'upload-offset': String(asked.body.length) } };
	}

	#continue(asked: Asked, key: string): Answered {
		const upload = this.uploads.get(key);
		if (upload === undefined) return refusal(404, 'There is no such upload.');
		if (upload.isGivenUp) return refusal(410, 'This upload was given up.');
		if (asked.method === 'DELETE') {
			this.#remove(upload.share, upload.name);
			return { status: 204 };
		}
		if (asked.method === 'HEAD') return { status: 200, headers: { 'upload-offset': String(upload.bytes.length), 'upload-length': String(upload.size) } };
		if (Number(asked.headers['upload-offset']) !== upload.bytes.length) return refusal(409, 'The offset is another.');
		this.#append(key, asked.body);
		return { status: 204, headers: { 'upload-offset': String(upload.bytes.length) } };
	}

	#append(key: string, bytes: Uint8Array<ArrayBuffer>): void {
		const upload = this.uploads.get(key)!;
		const all = new Uint8Array(upload.bytes.length + bytes.length);
		all.set(upload.bytes);
		all.set(bytes, upload.bytes.length);
		upload.bytes = all;
		const file = this.shares.get(upload.share)?.files.find(({ name }) => name === upload.name);
		if (file !== undefined) Object.assign(file, { received: all.length, is_complete: all.length === upload.size });
	}

	#remove(id: string, name: string): Answered {
		const share = this.shares.get(id);
		if (share === undefined) return refusal(404, 'There is no such share.');
		share.files = share.files.filter((file) => file.name !== name);
		for (const upload of this.uploads.values()) if (upload.share === id && upload.name === name) upload.isGivenUp = true;
		return { status: 204 };
	}

	#read(asked: Asked, id: string, name: string): Answered {
		const bytes = this.file(id, name);
		const file = this.shares.get(id)?.files.find((one) => one.name === name);
		if (bytes === undefined || file === undefined) return refusal(404, 'There is no such file.');
		const from = Number(/^bytes=(\d+)-/.exec(asked.headers['range'] ?? '')?.[1] ?? 0);
		const headers: Record<string, string> = file.root === null ? {} : { etag: `"${file.root}"` };
		if (from === 0) return { status: 200, headers: { ...headers, 'content-length': String(bytes.length) }, body: bytes };
		if (from >= bytes.length) return refusal(416, 'There is no such range.');
		return { status: 206, headers: { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${file.size}` }, body: bytes.slice(from) };
	}
}

class FakeRequest implements HttpRequest {
	readonly #headers: Record<string, string> = {};
	readonly #abort = new AbortController();
	#progress: (sent: number) => void = () => undefined;

	constructor(
		private readonly server: FakeServer,
		private readonly method: string,
		private readonly url: string,
	) {}

	getMethod = () => this.method;
	getURL = () => this.url;
	getHeader = (name: string) => this.#headers[name.toLowerCase()];
	getUnderlyingObject = () => null;
	setHeader(name: string, value: string): void {
		this.#headers[name.toLowerCase()] = value;
	}
	setProgressHandler(handler: (sent: number) => void): void {
		this.#progress = handler;
	}

	async send(body: Blob | null = null): Promise<HttpResponse> {
		const bytes = new Uint8Array((await body?.arrayBuffer()) ?? new ArrayBuffer(0));
		const aborted = new Promise<never>((_, reject) => this.#abort.signal.addEventListener('abort', () => reject(new Error('aborted'))));
		const path = this.url.replace(/^https?:\/\/[^/]+/, '');
		const answer = await Promise.race([this.server.tus({ method: this.method, path, headers: this.#headers, body: bytes }, this.#abort.signal), aborted]);
		if (answer === null) throw new Error('network error');
		this.#progress(bytes.length);
		return {
			getStatus: () => answer.status,
			getHeader: (name) => answer.headers?.[name.toLowerCase()],
			getBody: () => String(answer.body ?? ''),
			getUnderlyingObject: () => null,
		};
	}

	abort(): Promise<void> {
		this.#abort.abort();
		return Promise.resolve();
	}
}
