// SPDX-License-Identifier: Apache-2.0
//
// Goal: what is kept is what the sender sent, byte by byte; what is not that is not kept.
// Method: a daemon in memory whose answers break off, skip, change or lie; a clock that is turned.

import '../fake/browser';
import { Client } from '../../../../web/src/api/client';
import { FileHasher } from '../../../../web/src/transfer/merkle';
import { BlobSink, type Sink, SinkError } from '../../../../web/src/transfer/sink';
import { Verification, type VerifyJob, type VerifyNews } from '../../../../web/src/transfer/verify';
import { fakeClock, until } from '../fake/clock';
import { bytesOf, pick, seeded } from '../fake/random';
import { type Asked, FakeServer, type Weather } from '../fake/server';

const bytes = bytesOf(seeded(3), 300_000);
let root: string;
let server: FakeServer;
let news: VerifyNews[];

beforeAll(async () => {
	const hasher = new FileHasher();
	await hasher.add(bytes);
	root = await hasher.root();
});

beforeEach(() => {
	fakeClock();
	server = new FakeServer().stub();
	news = [];
	put(bytes, root);
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

function put(content: Uint8Array<ArrayBuffer>, said: string | null, size = content.length): void {
	const file = { name: 'a.bin', url: '', size, received: content.length, is_complete: said !== null, root: said, created_at: '' };
	server.share('share', { files: [file] });
	server.uploads.set('up', { share: 'share', name: 'a.bin', size, bytes: content, isGivenUp: false });
}

class TestSink extends BlobSink {
	wasAborted = false;
	wasClosed = false;
	override abort(): Promise<void> {
		this.wasAborted = true;
		return super.abort();
	}
	override close(): Promise<Blob> {
		this.wasClosed = true;
		return super.close();
	}
}

function begin(sink: Sink, part: Partial<VerifyJob> = {}): Verification {
	const job = { share: 'share', name: 'a.bin', client: null, proof: {}, size: bytes.length, ...part };
	return new Verification(job, sink, new Client('http://here'), (one) => news.push(one));
}

const last = () => news.at(-1);
const isOver = () => last()?.type === 'done' || last()?.type === 'fail';

async function take(sink: TestSink, part: Partial<VerifyJob> = {}): Promise<void> {
	void begin(sink, part).run();
	await until(isOver);
}

async function kept(sink: TestSink, isVerified = true): Promise<void> {
	expect(last()).toMatchObject({ type: 'done', root, isVerified });
	const blob = (last() as { blob: Blob }).blob;
	expect(Buffer.compare(new Uint8Array(await blob.arrayBuffer()), bytes)).toBe(0);
	expect(sink.wasAborted).toBe(false);
}

function refused(sink: TestSink, code: string): void {
	expect(last()).toMatchObject({ type: 'fail', failure: { code } });
	expect(sink.wasAborted).toBe(true);
	expect(sink.wasClosed).toBe(false);
}

/** A body that ends early, by an error or as if it were whole. */
const short = (asked: Asked, count: number, etag: string | null, isClean = false): Weather => {
	const from = Number(/^bytes=(\d+)-/.exec(asked.headers['range'] ?? '')?.[1] ?? 0);
	const piece = bytes.slice(from, from + count);
	const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
		start: (stream) => stream.enqueue(piece),
		pull: (stream) => (isClean ? stream.close() : stream.error(new TypeError('terminated'))),
	});
	const headers: Record<string, string> = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`, ...(etag === null ? {} : { etag }) };
	return { status: from > 0 ? 206 : 200, headers: from > 0 ? headers : { ...headers, 'content-length': String(bytes.length) }, body: body as unknown as string };
};
const isFile = ({ path }: Asked) => path.startsWith('/s/');

describe('a file', () => {
	it('is kept when its root is right', async () => {
		const sink = new TestSink();
		await take(sink, { client: 'me', proof: { pass: 'pass' } });
		await kept(sink);
		expect(news.some(({ type }) => type === 'verifying')).toBe(true);
		expect(server.log.find(isFile)!.headers).toMatchObject({ 'hawser-client': 'me', 'hawser-pass': 'pass' });
	});
	it('that is damaged is not kept', async () => {
		put(bytes, 'f'.repeat(64));
		const sink = new TestSink();
		await take(sink);
		refused(sink, 'damaged');
	});
	it('of no bytes has a root, too', async () => {
		put(new Uint8Array(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
		const sink = new TestSink();
		await take(sink, { size: 0 });
		expect(last()).toMatchObject({ type: 'done', isVerified: true });
	});
	it('whose length is wrong is not kept', async () => {
		server.gate = (asked) => (isFile(asked) ? { status: 200, headers: { etag: `"${root}"`, 'content-length': '5' }, body: bytes } : undefined);
		const sink = new TestSink();
		await take(sink, { size: 5 });
		refused(sink, 'damaged');
	});
});

describe('what breaks off', () => {
	it('goes on where it stopped, of the same file', async () => {
		let count = 0;
		server.gate = (asked) => (isFile(asked) && count++ < 3 ? short(asked, 50_000, `"${root}"`) : undefined);
		const sink = new TestSink();
		await take(sink);
		await kept(sink);
		expect(server.log.filter(isFile).map(({ headers }) => [headers['range'], headers['if-range']])).toEqual([
			[undefined, undefined],
			['bytes=50000-', `"${root}"`],
			['bytes=100000-', `"${root}"`],
			['bytes=150000-', `"${root}"`],
		]);
	});
	it('and says that it is whole is not believed', async () => {
		let count = 0;
		server.gate = (asked) => (isFile(asked) && count++ < 2 ? short(asked, 50_000, `"${root}"`, true) : undefined);
		const sink = new TestSink();
		await take(sink);
		await kept(sink);
	});
	it('and comes again from the start is skipped to where it was', async () => {
		let count = 0;
		server.gate = (asked) => {
			if (!isFile(asked)) return undefined;
			return count++ === 0 ? short(asked, 70_000, `"${root}"`) : { status: 200, headers: { etag: `"${root}"`, 'content-length': String(bytes.length) }, body: bytes };
		};
		const sink = new TestSink();
		await take(sink);
		await kept(sink);
	});
	it('and is another file when it comes again is refused', async () => {
		let count = 0;
		server.gate = (asked) => {
			if (!isFile(asked)) return undefined;
			return count++ === 0 ? short(asked, 70_000, `"${root}"`) : { status: 200, headers: { etag: `"${'0'.repeat(64)}"` }, body: bytes };
		};
		const sink = new TestSink();
		await take(sink);
		refused(sink, 'file-changed');
	});
	it('is tried through a long time without a server, at a reasonable pace', async () => {
		let isAway = true;
		server.gate = () => (isAway ? 'lost' : undefined);
		const sink = new TestSink();
		void begin(sink).run();
		await until(isOver, 600_000);
		expect(last()).toEqual({ type: 'stall', stall: 'connecting' });
		expect(server.log.length).toBeLessThan(70);
		isAway = false;
		await until(isOver);
		await kept(sink);
	});
	it('is asked for again after a silence', async () => {
		let count = 0;
		server.gate = (asked) => (isFile(asked) && count++ === 0 ? 'silent' : undefined);
		const sink = new TestSink();
		await take(sink);
		await kept(sink);
		expect(news).toContainEqual({ type: 'stall', stall: 'connecting' });
	});
	it('and is too short when it comes again, without a word of what it is, is given up', async () => {
		put(bytes, null);
		let count = 0;
		server.gate = (asked) => (isFile(asked) ? (count++ === 0 ? short(asked, 70_000, null) : { status: 416, headers: { 'content-range': 'bytes */5' } }) : undefined);
		const sink = new TestSink();
		await take(sink);
		refused(sink, 'file-changed');
		expect(server.log.filter(isFile).length).toBeLessThan(8);
	});
	it('waits as long as the server asks, but not for hours', async () => {
		let count = 0;
		server.gate = (asked) => (isFile(asked) && count++ === 0 ? { status: 503, headers: { 'retry-after': '86400' } } : undefined);
		const sink = new TestSink();
		void begin(sink).run();
		await until(isOver, 590_000);
		expect(isOver()).toBe(false);
		await until(isOver, 20_000);
		await kept(sink);
	});
	it('is kept through random weather, or honestly refused', async () => {
		for (let seed = 0; seed < 30; seed++) {
			const random = seeded(seed);
			news = [];
			server.gate = (asked) => {
				if (random() < 0.4) return undefined;
				if (!isFile(asked)) return 'lost';
				const etag = `"${root}"`;
				return pick<() => Weather>(random, [() => 'lost', () => 'silent', () => ({ status: 503 }), () => short(asked, Math.floor(random() * 90_000) + 1, etag), () => short(asked, 1000, etag, true)])();
			};
			const sink = new TestSink();
			await take(sink);
			expect(last(), `seed ${seed}`).toMatchObject({ type: 'done' });
			await kept(sink);
		}
	});
});

describe('a file that is still uploaded', () => {
	it('is followed, and compared when its root is known', async () => {
		put(bytes, null);
		const file = server.shares.get('share')!.files[0]!;
		const sink = new TestSink();
		void begin(sink).run();
		await until(() => last()?.type === 'verifying');
		await until(() => false, 3_000);
		expect(isOver()).toBe(false);
		Object.assign(file, { root, is_complete: true });
		await until(isOver);
		await kept(sink);
	});
	it('that turns out to be another is not kept', async () => {
		put(bytes, null);
		const sink = new TestSink();
		void begin(sink).run();
		await until(() => last()?.type === 'verifying');
		Object.assign(server.shares.get('share')!.files[0]!, { root: '1'.repeat(64) });
		await until(isOver);
		refused(sink, 'damaged');
	});
	it('of a live share is taken, and cannot be verified', async () => {
		put(bytes, null);
		server.shares.get('share')!.mode = 'live';
		const sink = new TestSink();
		await take(sink);
		await kept(sink, false);
	});
});

describe('the person', () => {
	it('pauses, and nothing is read; and goes on', async () => {
		let count = 0;
		server.gate = (asked) => (isFile(asked) && count++ === 0 ? short(asked, 50_000, `"${root}"`) : undefined);
		const sink = new TestSink();
		const verification = begin(sink);
		void verification.run();
		await until(() => last()?.type === 'stall', 2_000);
		verification.pause();
		const asked = server.log.length;
		await until(() => false, 60_000);
		expect(server.log.length).toBe(asked);
		verification.resume();
		await until(isOver);
		await kept(sink);
	});
	it.each(['while it is read', 'while it waits', 'while it is paused'])('cancels %s, and nothing is kept or said', async (when) => {
		server.gate = () => (when === 'while it waits' ? 'lost' : 'silent');
		const sink = new TestSink();
		const verification = begin(sink);
		const end = verification.run();
		await until(() => false, 1_000);
		if (when === 'while it is paused') verification.pause();
		verification.cancel();
		await end;
		expect(sink.wasAborted).toBe(true);
		expect(isOver()).toBe(false);
	});
});

describe('what is final', () => {
	it.each([
		[{ status: 410 }, 'share-gone'],
		[{ status: 404 }, 'share-gone'],
		[{ status: 401, headers: { 'www-authenticate': 'Hawser-Password' } }, 'password'],
		[{ status: 403 }, 'not-allowed'],
	])('%j is %s', async (answer, code) => {
		server.gate = () => answer;
		const sink = new TestSink();
		await take(sink);
		refused(sink, code);
	});
	it.each([
		['QuotaExceededError', 'no-room'],
		['NotAllowedError', 'file-unreadable'],
	])('a disk that says %s is %s', async (name, code) => {
		const sink = new TestSink();
		sink.write = () => Promise.reject(new SinkError(new DOMException('', name)));
		await take(sink);
		refused(sink, code);
	});
});
