// SPDX-License-Identifier: Apache-2.0
//
// Goal: the receive page's session: what is there, why it does not come, and every way of taking it.
// Method: a daemon and a room in memory; a document whose links only say that they were clicked; workers that
// run verify.ts in this thread.

import '../fake/browser';
import { Client } from '../../../../web/src/api/client';
import type { FileJson, TransferEvent } from '../../../../web/src/api/types';
import type { ReceiveView } from '../../../../web/src/transfer/model';
import { Receiving } from '../../../../web/src/transfer/receive';
import { BlobSink } from '../../../../web/src/transfer/sink';
import { Verification } from '../../../../web/src/transfer/verify';
import type { VerifyOrder } from '../../../../web/src/transfer/verify.worker';
import { fakeClock, pass, until } from '../fake/clock';
import { FakeServer } from '../fake/server';
import { FakeSocket } from '../fake/socket';
import { FakeStorage } from '../fake/storage';

const CONTENT = new TextEncoder().encode('abc');
const ROOT = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const HUGE = 10 ** 12;

class FakeWorker {
	onmessage: ((message: { data: unknown }) => void) | null = null;
	onerror: (() => void) | null = null;
	#verification: Verification | null = null;
	postMessage(order: VerifyOrder): void {
		if (order.type !== 'begin') return this.#verification?.[order.type]();
		this.#verification = new Verification(order.job, new BlobSink(), new Client(order.base), (news) => this.onmessage?.({ data: news }));
		void this.#verification.run();
	}
}

let server: FakeServer;
let session: Receiving;
let view: ReceiveView;
let clicks: { href: string; download: string }[];
let seq = 0;
const open = (id = 'share') => {
	session = new Receiving(new Client('http://here'), id);
	session.subscribe((next) => (view = next));
};
const file = (name: string, part: Partial<FileJson> = {}): FileJson => ({ name, url: '', size: 3, received: 3, is_complete: true, root: ROOT, created_at: '', ...part });
const growing = (name: string, received = 1) => file(name, { received, is_complete: false, root: null });
const share = (...files: FileJson[]) => {
	for (const { name } of files) server.uploads.set(name, { share: 'share', name, size: 3, bytes: CONTENT, isGivenUp: false });
	return server.share('share', { files });
};
const transfer = (part: Partial<TransferEvent>): TransferEvent => ({ type: 'transfer', seq: ++seq, id: 't1', file: 'a', direction: 'up', state: 'uploading', bytes: 2, size: 3, bytes_per_s: 1, seconds_left: 1, stalled: null, client: null, ...part });
const isReady = () => view.state === 'ready';
async function enter(senders = 1): Promise<void> {
	await until(() => FakeSocket.all.length > 0, 5000);
	FakeSocket.last.welcome('me');
	FakeSocket.last.hear({ type: 'snapshot', seq: ++seq, gap: false, transfers: 0, who: [], senders, receivers: 1 });
	await pass(1500);
}

beforeEach(() => {
	fakeClock();
	server = new FakeServer().stub();
	FakeSocket.all = [];
	clicks = [];
	const link = () => ({ href: '', download: '', click() { clicks.push({ href: this.href, download: this.download }); }, remove() {} });
	vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible', createElement: link, body: { append() {} } }));
	vi.stubGlobal('WebSocket', FakeSocket);
	vi.stubGlobal('Worker', FakeWorker);
	vi.stubGlobal('localStorage', new FakeStorage());
	vi.stubGlobal('sessionStorage', new FakeStorage());
	vi.stubGlobal('navigator', { onLine: true });
});
afterEach(() => {
	session.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

describe('what is there', () => {
	it('is listed, with its size and archive', async () => {
		share(file('a'), file('b c'));
		open();
		await until(isReady);
		expect(view).toMatchObject({ total: { size: 6, count: 2 }, zipUrl: 'http://here/s/share.zip', zipWaits: false, failure: null });
		expect(view.files.map(({ name, url, isComplete }) => [name, url, isComplete])).toEqual([
			['a', 'http://here/s/share/a', true],
			['b c', 'http://here/s/share/b%20c', true],
		]);
	});
	it('and not stored yet waits with its ZIP', async () => {
		share(growing('a')).mode = 'spill';
		open();
		await until(isReady);
		expect(view).toMatchObject({ zipUrl: null, zipWaits: true });
	});
	it('while it comes is followed by events', async () => {
		share(growing('a'));
		open();
		await enter();
		expect(view).toMatchObject({ senderThere: true, connection: 'online', zipUrl: 'http://here/s/share.zip?client=me', zipWaits: false });
		FakeSocket.last.hear(transfer({ bytes: 2 }));
		await pass(300);
		expect(view.files[0]).toMatchObject({ received: 2, stall: null, upload: { done: 2, size: 3, bytesPerSecond: 1 } });
		share(file('a'));
		FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'added', name: 'a' });
		await pass(1500);
		expect(view.files[0]).toMatchObject({ isComplete: true, upload: null, root: ROOT });
	});
	it.each([
		['sender idle', 1, 'sender-idle'],
		['sender idle', 0, 'sender-gone'],
		['disk', 1, 'disk'],
		[null, 0, 'sender-gone'],
		[null, 1, null],
	])('and stands still (%s, %i senders) says %s', async (stalled, senders, stall) => {
		share(growing('a'));
		open();
		await enter(senders);
		FakeSocket.last.hear(transfer({ stalled, bytes_per_s: 0 }));
		await pass(300);
		expect(view.files[0]!.stall).toBe(stall);
	});
	it('comes from a sender without a page, too', async () => {
		share(growing('a'));
		open();
		await enter(0);
		FakeSocket.last.hear(transfer({}));
		await pass(300);
		expect(view.senderThere).toBe(true);
		expect(view.files[0]!.stall).toBeNull();
	});
	it('and is added or removed is shown so at once', async () => {
		share(file('a'), file('b'));
		open();
		await enter();
		server.gate = () => 'silent';
		FakeSocket.last.hear(transfer({ id: 'c1', file: 'c', bytes: 1, size: 9 }));
		FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'added', name: 'c' });
		FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'removed', name: 'a' });
		await pass(600);
		expect(view.files).toMatchObject([{ name: 'b', isComplete: true }, { name: 'c', isComplete: false, size: 9, received: 1, stall: null }]);
	});
	it('and was removed while the list was on its way does not come back with it', async () => {
		share(file('a'), file('b'));
		open();
		await enter();
		let answer: () => void = () => undefined;
		const asked = server.log.length;
		server.gate = () => new Promise((resolve) => (answer = () => resolve({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(share(file('a'), file('b'))) })));
		session.reload();
		await until(() => server.log.length > asked);
		FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'removed', name: 'a' });
		await pass(300);
		answer();
		await pass(300);
		expect(view.files.map(({ name }) => name)).toEqual(['b']);
	});
	it('of a thousand files is not read again for each of them', async () => {
		share(...Array.from({ length: 1000 }, (_, index) => file(`f${index}`)));
		open();
		await enter();
		await pass(5000);
		const asked = server.log.length;
		for (let count = 0; count < 100; count++) {
			FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'added', name: `g${count}` });
			await pass(100);
		}
		expect(server.log.length - asked).toBeGreaterThanOrEqual(2);
		expect(server.log.length - asked).toBeLessThanOrEqual(4);
	});
	it('is loaded again when the room cannot be reached', async () => {
		share(growing('a'));
		open();
		await until(isReady);
		share(file('a'));
		await pass(5000);
		expect(view.files[0]!.isComplete).toBe(true);
	});
});

describe('what is not there', () => {
	it.each([
		[404, 'missing'],
		[410, 'gone'],
		[403, 'failed'],
	])('%i is %s', async (status, state) => {
		server.gate = () => ({ status });
		open();
		await until(() => view.state !== 'loading');
		expect(view.state).toBe(state);
		share(file('a'));
		server.gate = () => undefined;
		session.reload();
		await until(isReady);
		expect(view.state).toBe('ready');
	});
	it('for want of a network is waited for', async () => {
		server.gate = () => 'lost';
		share(file('a'));
		open();
		await pass(20_000);
		expect(view).toMatchObject({ state: 'loading', connection: 'connecting' });
		server.gate = () => undefined;
		await until(isReady);
		expect(view.state).toBe('ready');
	});
	it('any more is said when the share ends', async () => {
		share(file('a'));
		open();
		await enter();
		server.gate = () => ({ status: 410 });
		FakeSocket.last.hear({ type: 'share', seq: ++seq, state: 'ended' });
		await until(() => view.state === 'gone', 5000);
		expect(view.state).toBe('gone');
	});
});

describe('a password', () => {
	beforeEach(() => {
		share(file('a')).has_password = true;
		server.gate = ({ headers }) => {
			if (headers['hawser-password'] === 'right' || headers['hawser-pass'] === 'pass') return undefined;
			return { status: 401, headers: { 'www-authenticate': 'Hawser-Password' } };
		};
	});
	it('is asked for, may be wrong, and opens', async () => {
		open();
		await until(() => view.state === 'password');
		expect(view).toMatchObject({ wrongPassword: false, files: [] });
		expect(await session.password('wrong')).toBe(false);
		expect(view).toMatchObject({ state: 'password', wrongPassword: true });
		expect(await session.password('right')).toBe(true);
		expect(view).toMatchObject({ state: 'ready', wrongPassword: false, zipUrl: 'http://here/s/share.zip', zipWaits: false });
		await enter(); // the browser sends the cookie with it
		expect(view).toMatchObject({ connection: 'online' });
	});
	it('is not asked for again after a reload, by its pass', async () => {
		sessionStorage.setItem('hawser.pass.share', 'pass');
		open();
		await until(isReady);
		expect(view.state).toBe('ready');
	});
	it('that was asked too often says so', async () => {
		open();
		await until(() => view.state === 'password');
		server.gate = () => ({ status: 429, headers: { 'content-type': 'text/plain' }, body: 'Too many.' });
		expect(await session.password('x')).toBe(false);
		expect(view).toMatchObject({ wrongPassword: false, failure: { detail: 'Too many.' } });
	});
});

describe('taking it', () => {
	it('a small file is verified, saved and confirmed', async () => {
		vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:1', revokeObjectURL: () => undefined }));
		share(file('a'));
		open();
		await enter();
		session.download('a');
		session.download('a');
		await until(() => view.files[0]!.download?.state === 'verified');
		expect(view.files[0]!.download).toMatchObject({ state: 'verified', failure: null, pace: { size: 3, done: 3 } });
		expect(clicks).toEqual([{ href: 'blob:1', download: 'a' }]);
		expect(FakeSocket.last.said).toEqual([{ type: 'confirm', file: 'a', root: ROOT }]);
		expect(server.log.filter(({ path }) => path === '/s/share/a')).toHaveLength(1);
	});
	it('a damaged one is not saved, and can be tried again', async () => {
		share(file('a', { root: 'e'.repeat(64) }));
		open();
		await enter();
		session.download('a');
		await until(() => view.files[0]!.download?.state === 'failed');
		expect(view.files[0]!.download!.failure!.code).toBe('damaged');
		expect(clicks).toEqual([]);
		expect(FakeSocket.last.said).toEqual([]);
		session.download('a');
		expect(view.files[0]!.download!.state).toBe('running');
	});
	it('a large one is the browser\'s, and the server says how it goes', async () => {
		share(file('a', { size: HUGE }));
		open();
		await enter();
		FakeSocket.last.hear(transfer({ id: 'earlier', direction: 'down', client: 'me', state: 'uploaded', bytes: HUGE }));
		session.download('a');
		expect(clicks).toEqual([{ href: 'http://here/s/share/a?client=me', download: '' }]);
		expect(session.isMoving()).toBe(false);
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('running');
		FakeSocket.last.hear(transfer({ id: 'd', direction: 'down', client: 'me', bytes: 5000, size: HUGE }));
		await pass(1500);
		expect(view.files[0]!.download).toMatchObject({ state: 'running', pace: { done: 5000 } });
		FakeSocket.last.hear(transfer({ id: 'd', direction: 'down', client: 'me', state: 'cancelled', bytes: 6000 }));
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('stalled');
		FakeSocket.last.hear(transfer({ id: 'e', direction: 'down', client: 'me', state: 'uploaded', bytes: HUGE }));
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('taken');
	});
	it('a large one is followed by who had a place in the room before the page was drawn with it', async () => {
		share(file('a', { size: HUGE }));
		open();
		await until(() => isReady() && FakeSocket.all.length > 0, 5000);
		FakeSocket.last.welcome('me');
		session.download('a');
		expect(clicks).toEqual([{ href: 'http://here/s/share/a?client=me', download: '' }]);
		FakeSocket.last.hear(transfer({ id: 'd', direction: 'down', client: 'me', state: 'uploaded', bytes: HUGE }));
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('taken');
	});
	it('a large one that ended while the room was away is handed over', async () => {
		share(file('a', { size: HUGE }));
		open();
		await enter();
		session.download('a');
		FakeSocket.last.hear(transfer({ id: 'd', direction: 'down', client: 'me', bytes: 5000, size: HUGE }));
		await pass(300);
		const sockets = FakeSocket.all.length;
		FakeSocket.last.break();
		await until(() => FakeSocket.all.length > sockets, 5000);
		FakeSocket.last.welcome('you');
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('running');
		FakeSocket.last.hear({ type: 'snapshot', seq: ++seq, gap: true, transfers: 0, who: [], senders: 1, receivers: 1 });
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('taken');
	});
	it('a large one that the server does not speak of is handed over', async () => {
		share(file('a', { size: HUGE }));
		open();
		await enter();
		session.download('a');
		await pass(9000);
		expect(view.files[0]!.download!.state).toBe('running');
		await pass(3000);
		expect(view.files[0]!.download!.state).toBe('taken');
	});
	it.each([
		['broke off', () => FakeSocket.last.hear(transfer({ id: 'd', direction: 'down', client: 'me', state: 'cancelled', bytes: 6000 })), 61_000],
		['is followed no more, for the room is away,', () => FakeSocket.all.forEach((socket) => socket.break()), 61_000],
		['is followed no more, for the share is over,', () => {
			server.gate = () => ({ status: 410 });
			FakeSocket.last.hear({ type: 'share', seq: ++seq, state: 'ended' });
		}, 3000],
	])('a large one that %s is handed over in the end', async (_what, end, ms) => {
		share(file('a', { size: HUGE }));
		open();
		await enter();
		session.download('a');
		FakeSocket.last.hear(transfer({ id: 'd', direction: 'down', client: 'me', bytes: 5000, size: HUGE }));
		await pass(30_000);
		expect(view.files[0]!.download!.state).toBe('running');
		end();
		await pass(ms / 2);
		expect(view.files[0]!.download!.state === 'taken').toBe(ms < 10_000);
		await pass(ms / 2);
		expect(view.files[0]!.download!.state).toBe('taken');
	});
	it('without a room is handed over', async () => {
		share(file('a', { size: HUGE }));
		open();
		await until(isReady);
		session.download('a');
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('taken');
	});
	it('of a live file stays on the page when the file has passed', async () => {
		share(growing('a'));
		open();
		await enter();
		session.download('a');
		await pass(1000);
		share();
		FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'removed', name: 'a' });
		await until(() => view.files[0]?.download?.state === 'taken', 60_000);
		expect(view.files).toMatchObject([{ name: 'a', isComplete: true, download: { state: 'taken' } }]);
	});
	it('does not stand for another file of the same name', async () => {
		vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:1', revokeObjectURL: () => undefined }));
		share(file('a'));
		open();
		await enter();
		session.download('a');
		await until(() => view.files[0]!.download?.state === 'verified');
		share(file('a', { created_at: 'later' }));
		session.reload();
		await until(() => view.files[0]!.download === null, 5000);
		expect(view.files[0]!.download).toBeNull();
	});
	it('stands when the upload that it followed has ended', async () => {
		vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:1', revokeObjectURL: () => undefined }));
		share(file('a', { is_complete: false }));
		open();
		await enter();
		session.download('a');
		await until(() => view.files[0]!.download?.state === 'verified');
		share(file('a', { created_at: 'when it ended' }));
		session.reload();
		await until(() => view.files[0]!.isComplete, 5000);
		expect(view.files[0]!.download).toMatchObject({ state: 'verified' });
	});
	it('of the archive is a click', async () => {
		share(file('a'));
		open();
		await enter();
		session.downloadZip();
		expect(clicks).toEqual([{ href: 'http://here/s/share.zip?client=me', download: '' }]);
	});
	it('pauses, goes on, and is cancelled', async () => {
		share(file('a'));
		open();
		await enter();
		server.gate = ({ path }) => (path.startsWith('/s/') ? 'silent' : undefined);
		session.download('a');
		await pass(4000);
		expect(view.files[0]!.download).toMatchObject({ state: 'stalled', stall: 'connecting' });
		session.pause('a');
		await pass(300);
		expect(view.files[0]!.download).toMatchObject({ state: 'paused', stall: 'paused' });
		expect(session.isMoving()).toBe(true);
		session.resume('a');
		session.cancel('a');
		await pass(300);
		expect(view.files[0]!.download!.state).toBe('cancelled');
		expect(session.isMoving()).toBe(false);
	});
	it('that was paused before it had a place begins when it is resumed', async () => {
		vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => 'blob:1', revokeObjectURL: () => undefined }));
		const names = ['a', 'b', 'c', 'd'];
		share(...names.map((name) => file(name)));
		open();
		await enter();
		server.gate = ({ path }) => (path.startsWith('/s/') ? 'silent' : undefined);
		for (const name of names) session.download(name);
		session.pause('d');
		for (const name of ['a', 'b', 'c']) session.cancel(name);
		server.gate = () => undefined;
		await pass(300);
		expect(view.files[3]!.download).toMatchObject({ state: 'paused', pace: { done: 0 } });
		session.resume('d');
		await until(() => view.files[3]!.download!.state === 'verified');
		expect(view.files[3]!.download!.state).toBe('verified');
	});
	it('what is not in the share does nothing', async () => {
		share(file('a'));
		open();
		await until(isReady);
		for (const act of ['download', 'saveTo', 'pause', 'resume', 'cancel'] as const) session[act]('nothing');
		session.downloadZip();
		expect(view.files[0]!.download).toBeNull();
	});
});
