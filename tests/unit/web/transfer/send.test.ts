// SPDX-License-Identifier: Apache-2.0
//
// Goal: the send page's session: the link first, then the files, a few at a time; a reload goes on; what the
// room says is shown, and never more than that.
// Method: a daemon and a room in memory, rows in memory, and a clock that is turned. A reload is a new session.

import '../fake/browser';
import { Client } from '../../../../web/src/api/client';
import type { TransferEvent } from '../../../../web/src/api/types';
import { ownShareAdd, ownShares } from '../../../../web/src/mine/shares';
import { ENDED_MAX } from '../../../../web/src/live/transfers';
import type { Found, Keep, KeptUpload } from '../../../../web/src/transfer/keep';
import type { PickedFile, SendView, SharePolicy } from '../../../../web/src/transfer/model';
import { Sending } from '../../../../web/src/transfer/send';
import { fakeClock, pass, until } from '../fake/clock';
import { bytesOf, seeded } from '../fake/random';
import { FakeServer } from '../fake/server';
import { FakeSocket } from '../fake/socket';
import { FakeStorage } from '../fake/storage';

/** Rows, and the files that a browser could give again. */
class FakeKeep {
	readonly rows = new Map<string, KeptUpload>();
	readonly files = new Map<string, File>();
	canGive = true;
	put = (row: KeptUpload) => (this.rows.set(row.id, row), Promise.resolve(true));
	get = (id: string) => Promise.resolve(this.rows.get(id) ?? null);
	putFile = (id: string, file: File) => (this.files.set(id, file), Promise.resolve(true));
	remove = (id: string) => (this.rows.delete(id), Promise.resolve());
	ofShare = (share: string) => Promise.resolve([...this.rows.values()].filter((row) => row.share === share));
	countOf = async (share: string) => (await this.ofShare(share)).length;
	removeShare = async (share: string) => (await this.ofShare(share)).forEach((row) => this.rows.delete(row.id));
	tidy = () => Promise.resolve();
	fileOf = (row: KeptUpload): Promise<Found> => Promise.resolve(this.canGive ? { file: this.files.get(row.id)! } : { file: null, isChanged: false });
}

let server: FakeServer;
let keep: FakeKeep;
let session: Sending;
let view: SendView;
const open = (id?: string) => {
	session = new Sending({ client: new Client('http://here'), keep: keep as unknown as Keep, transport: server.transport }, id);
	session.subscribe((next) => (view = next));
};
const picked = (path: string, size = 1000): PickedFile => ({ file: new File([bytesOf(seeded(size), size)], path.split('/').at(-1)!, { lastModified: 5 }), path, handle: null });
const states = () => view.uploads.map(({ state }) => state);
const areOver = () => view.uploads.length > 0 && states().every((state) => !['queued', 'sending', 'stalled', 'paused'].includes(state));
let seq = 0;
const up = (file: string, part: Partial<TransferEvent> = {}): TransferEvent => ({ type: 'transfer', seq: ++seq, id: `up-${file}`, file, direction: 'up', state: 'uploading', bytes: 0, size: 1000, bytes_per_s: 5, seconds_left: 1, stalled: null, client: null, ...part });

beforeEach(() => {
	fakeClock();
	server = new FakeServer().stub();
	keep = new FakeKeep();
	FakeSocket.all = [];
	vi.stubGlobal('WebSocket', FakeSocket);
	vi.stubGlobal('localStorage', new FakeStorage());
	vi.stubGlobal('sessionStorage', new FakeStorage());
	vi.stubGlobal('navigator', { onLine: true });
});
afterEach(() => {
	session.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

describe('a new share', () => {
	it('has its link while the files are still on their way', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		open();
		expect(view).toMatchObject({ share: null, uploads: [], creating: false });
		session.add([picked('a.txt')], { message: 'hello', expiresIn: '7d' });
		expect(view).toMatchObject({ creating: true, uploads: [{ name: 'a.txt', state: 'queued' }] });
		await until(() => view.share !== null, 1000);
		expect(view.share).toMatchObject({ message: 'hello' });
		expect(view.share!.url).toContain('/s/');
		expect(states()).not.toContain('uploaded');
		expect(ownShares()).toHaveLength(1);
		expect(session.isMoving()).toBe(true);
	});

	it('gets all files, a few at a time', async () => {
		let open_ = 0;
		let most = 0;
		server.gate = async ({ method }) => {
			if (method !== 'PATCH') return undefined;
			most = Math.max(most, ++open_);
			await new Promise((resolve) => setTimeout(resolve, 500));
			open_--;
			return undefined;
		};
		open();
		session.add(Array.from({ length: 10 }, (_, index) => picked(`folder/${index}.txt`)));
		await until(areOver);
		expect(states()).toEqual(Array(10).fill('uploaded'));
		expect(most).toBe(3);
		expect(view.uploads[0]!.name).toBe('folder - 0.txt');
		expect(view.total).toMatchObject({ size: 10_000, done: 10_000 });
		expect(session.isMoving()).toBe(false);
		expect(keep.rows.size).toBe(0);
	});

	it('gives the same name in two folders, and twice, once each', async () => {
		open();
		session.add([picked('a.txt'), picked('a.txt'), picked('x/a.txt')]);
		await until(areOver);
		expect(view.uploads.map(({ name }) => name)).toEqual(['a.txt', 'a (2).txt', 'x - a.txt']);
	});

	it('is created as soon as the server is there', async () => {
		let isAway = true;
		server.gate = () => (isAway ? 'lost' : undefined);
		open();
		session.add([picked('a.txt')]);
		await pass(60_000);
		expect(view).toMatchObject({ share: null, creating: true, failure: null });
		isAway = false;
		await until(areOver);
		expect(states()).toEqual(['uploaded']);
		expect(server.shares.size).toBe(1);
	});

	it('that is refused says why, and can be tried again with a token', async () => {
		server.gate = ({ path, headers }) => (path === '/api/v1/shares' && headers['authorization'] !== 'Bearer let-me' ? { status: 401, headers: { 'content-type': 'text/plain' }, body: 'A token is needed.' } : undefined);
		open();
		session.add([picked('a.txt')]);
		await until(() => view.failure !== null);
		expect(view).toMatchObject({ failure: { code: 'not-allowed', detail: 'A token is needed.' }, creating: false });
		session.add([], { uploadToken: 'let-me' });
		await until(areOver);
		expect(view.failure).toBeNull();
		expect(states()).toEqual(['uploaded']);
	});

	it('live says so, and sends with the creation', async () => {
		open();
		session.add([picked('a.txt')], { live: true });
		await until(areOver);
		expect(view.share!.mode).toBe('live');
		expect(server.requests('PATCH')).toEqual([]);
		expect(keep.files.size).toBe(0);
	});
});

describe('what the person does', () => {
	const policies: [SharePolicy, object][] = [
		[{ expiresIn: null }, { expires_in: null }],
		[{ downloadsMax: 5, message: '' }, { downloads_max: 5, message: null }],
		[{ password: 'pw' }, { password: 'pw' }],
		[{ linkName: 'nice', live: true }, {}],
	];
	it.each(policies)('change(%j) asks for %j', async (policy, asked) => {
		open();
		session.add([picked('a.txt')]);
		await until(areOver);
		expect(await session.change(policy)).toBe(true);
		expect(JSON.parse(new TextDecoder().decode(server.requests('PATCH').at(-1)!.body))).toEqual(asked);
		expect(server.requests('PATCH').at(-1)!.headers['authorization']).toMatch(/^Bearer token-of-/);
	});

	it('pauses and resumes one, or all', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		open();
		session.add([picked('a.txt'), picked('b.txt')]);
		await until(() => states().every((state) => state === 'sending'));
		await pass(1000);
		session.pause();
		await pass(500);
		expect(view.uploads.map(({ state, stall }) => [state, stall])).toEqual(Array(2).fill(['paused', 'paused']));
		expect(session.isMoving()).toBe(false);
		server.gate = () => undefined;
		session.resume(view.uploads[0]!.id);
		await until(() => states()[0] === 'uploaded');
		expect(states()[1]).toBe('paused');
		session.resume();
		await until(areOver);
		expect(states()).toEqual(['uploaded', 'uploaded']);
	});

	it('cancels one on its way, removes one that is there, and drops both from the page', async () => {
		server.gate = ({ method, path }) => (method === 'PATCH' && path.includes('upload3') ? 'silent' : undefined);
		open();
		session.add([picked('a.txt'), picked('b.txt')]);
		await until(() => states().includes('uploaded'));
		await pass(1000);
		const moving = view.uploads.find(({ state }) => state !== 'uploaded')!;
		session.cancel(moving.id);
		await pass(1000);
		expect(view.uploads.find(({ id }) => id === moving.id)!.state).toBe('cancelled');
		expect([...server.shares.values()][0]!.files.map(({ name }) => name)).not.toContain(moving.name);
		session.cancel(moving.id);
		session.cancel(view.uploads.find(({ state }) => state === 'uploaded')!.id);
		await pass(1000);
		expect(view.uploads).toEqual([]);
		expect([...server.shares.values()][0]!.files).toEqual([]);
		expect(keep.rows.size).toBe(0);
	});

	it('ends the share', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		open();
		session.add([picked('a.txt')]);
		await until(() => states()[0] === 'sending');
		expect(await session.end()).toBe(true);
		expect(view).toMatchObject({ failure: { code: 'share-gone' }, uploads: [{ state: 'failed' }] });
		expect(server.shares.size).toBe(0);
		expect(session.isMoving()).toBe(false);
	});
});

describe('very many files', () => {
	const COUNT = 3000;
	const PATIENCE_MS = 5_000; // hundreds of seconds where each was compared with each, for each number

	it.each([['one name', () => 'same.txt'], ['names of their own', (index: number) => `f${index}.txt`]])('of %s are added while one waits', (_, nameOf) => {
		open();
		const many = Array.from({ length: COUNT }, (_, index) => picked(nameOf(index), 1));
		const begunMs = performance.now();
		session.add(many.slice(0, COUNT / 2));
		session.add(many.slice(COUNT / 2));
		expect(performance.now() - begunMs).toBeLessThan(PATIENCE_MS);
		expect(new Set(view.uploads.map(({ name }) => name)).size).toBe(COUNT);
	});
	it('do not take the name of what failed or was cancelled', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		open();
		session.add([picked('a.txt')]);
		await until(() => server.requests('PATCH').length === 1);
		session.cancel(view.uploads[0]!.id);
		session.add([picked('a.txt'), picked('a.txt')]);
		expect(view.uploads.map(({ name }) => name)).toEqual(['a.txt', 'a.txt', 'a (2).txt']);
	});
});

describe('what the room says', () => {
	beforeEach(async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		open();
		session.add([picked('a.txt')]);
		await until(() => server.requests('PATCH').length === 1);
		FakeSocket.last.welcome('sender');
		await pass(300);
	});

	it('is asked for as the sender', () => {
		expect(FakeSocket.last.query['role']).toBe('sender');
		expect(FakeSocket.last.protocols[1]).toMatch(/^bearer\.token-of-/);
		expect(view.connection).toBe('online');
	});
	it('of a file asks nothing, and of the share asks for it alone, one question at a time', async () => {
		await pass(3000);
		server.log.length = 0;
		[...server.shares.values()][0]!.next = 'a page that nobody needs';
		for (let count = 0; count < 20; count++) {
			FakeSocket.last.hear({ type: 'file', seq: ++seq, state: 'added', name: `f${count}` });
			await pass(100);
		}
		expect(server.requests('GET')).toEqual([]);
		server.gate = () => 'silent';
		for (let count = 0; count < 50; count++) {
			FakeSocket.last.hear({ type: 'share', seq: ++seq, state: 'changed' });
			await pass(100);
		}
		expect(server.requests('GET').map(({ path }) => path)).toEqual([`/api/v1/shares/${view.share!.id}`]);
	});
	it('is progress, between the answers to requests', async () => {
		FakeSocket.last.hear(up('a.txt', { bytes: 400 }));
		await pass(300);
		expect(view.uploads[0]!.pace.done).toBe(400);
		FakeSocket.last.hear(up('a.txt', { bytes: 300 }));
		FakeSocket.last.hear(up('other.txt', { bytes: 900 }));
		await pass(300);
		expect(view.uploads[0]!.pace.done).toBe(400);
	});
	it('is the end, should the answer be lost; and a confirmation after it', async () => {
		FakeSocket.last.hear(up('a.txt', { state: 'uploaded', bytes: 1000 }));
		await pass(300);
		expect(states()).toEqual(['uploaded']);
		FakeSocket.last.hear({ ...up('a.txt', { id: 'd1', direction: 'down', state: 'confirmed', bytes: 1000, client: 'x' }) });
		await pass(300);
		expect(view.uploads[0]).toMatchObject({ state: 'confirmed', receivers: { downloading: 0, taken: 0, verified: 1 } });
		expect(view.receivers).toMatchObject([{ client: 'x', away: true, transfers: [{ file: 'a.txt', state: 'confirmed' }] }]);
	});
	it('that the disk holds it up is said, and nothing is given up', async () => {
		FakeSocket.last.hear(up('a.txt', { stalled: 'disk' }));
		await pass(60_000);
		expect(view.uploads[0]).toMatchObject({ state: 'stalled', stall: 'disk' });
		expect(server.requests('PATCH')).toHaveLength(1);
	});
	it('counts who took the archive, and not who took an earlier file of that name', async () => {
		FakeSocket.last.hear(up('b.txt', { id: 'd0', direction: 'down', state: 'confirmed', bytes: 1000, client: 'x' }));
		FakeSocket.last.hear(up('z', { id: 'z0', file: `${view.share!.id}.zip`, direction: 'down', state: 'uploaded', client: 'x' }));
		await pass(300);
		server.gate = () => undefined;
		session.add([picked('b.txt')]);
		await until(() => states()[1] === 'uploaded');
		await pass(300);
		expect(view.uploads[1]).toMatchObject({ state: 'uploaded', receivers: { downloading: 0, taken: 0, verified: 0 } });
		FakeSocket.last.hear(up('z', { id: 'z1', file: `${view.share!.id}.zip`, direction: 'down', state: 'uploaded', client: 'y' }));
		await pass(300);
		expect(view.uploads[1]!.receivers).toEqual({ downloading: 0, taken: 1, verified: 0 });
	});
	it('of an earlier file of that name is not meant for this one', async () => {
		FakeSocket.last.hear(up('b.txt', { id: 'old', state: 'uploaded', bytes: 1000 }));
		session.add([picked('b.txt')]);
		await pass(3000);
		expect(states()[1]).not.toBe('uploaded');
		expect(view.uploads[1]!.pace.done).toBe(0);
	});
	it('of who has a file stays so, also when the room forgets the transfer', async () => {
		FakeSocket.last.hear(up('a.txt', { id: 'd', direction: 'down', state: 'uploaded', client: 'x' }));
		await pass(300);
		for (let count = 0; count <= ENDED_MAX.down; count++) FakeSocket.last.hear(up('other.txt', { id: `o${count}`, direction: 'down', state: 'uploaded', client: 'x' }));
		FakeSocket.last.hear(up('a.txt', { id: 'e', direction: 'down', client: 'y' }));
		await pass(600);
		expect(view.uploads[0]!.receivers).toEqual({ downloading: 1, taken: 1, verified: 0 });
	});
	it('is the share\'s end, wherever it came from', async () => {
		FakeSocket.last.hear({ type: 'share', seq: ++seq, state: 'ended' });
		await pass(300);
		expect(view).toMatchObject({ failure: { code: 'share-gone' }, uploads: [{ state: 'failed' }] });
	});
});

describe('a reload', () => {
	async function breakOff(): Promise<string> {
		server.gate = ({ method }) => (method === 'PATCH' ? { cutAfter: 400 } : undefined);
		open();
		session.add([picked('a.txt'), picked('b.txt', 10)]);
		await until(() => server.requests('PATCH').length >= 2);
		session.close();
		server.gate = () => undefined;
		return view.share!.id;
	}

	it('goes on by itself, where it was', async () => {
		const id = await breakOff();
		open(id);
		await until(areOver);
		expect(states()).toEqual(['uploaded', 'uploaded']);
		expect(server.requests('POST').filter(({ path }) => path.endsWith('/files'))).toHaveLength(2);
		expect([...server.shares.values()][0]!.files.every((file) => file.is_complete)).toBe(true);
		expect(keep.rows.size).toBe(0);
	});
	it('asks for the file where the browser cannot give it', async () => {
		const id = await breakOff();
		keep.canGive = false;
		open(id);
		await until(() => view.uploads.some(({ stall }) => stall === 'file-needed'));
		const needy = view.uploads.find(({ name }) => name === 'a.txt')!;
		expect(needy).toMatchObject({ state: 'stalled', stall: 'file-needed' });
		expect(needy.pace.done).toBe(400);
		expect(await session.provide(needy.id)).toBe(false);
		expect(await session.provide(needy.id, picked('a.txt', 999))).toBe(false);
		expect(await session.provide(needy.id, picked('a.txt'))).toBe(true);
		await until(() => view.uploads.find(({ id: other }) => other === needy.id)!.state === 'uploaded');
	});
	it('shows what had arrived', async () => {
		open();
		session.add([picked('a.txt')]);
		await until(areOver);
		session.close();
		open(view.share!.id);
		await until(areOver);
		expect(view.uploads).toMatchObject([{ name: 'a.txt', state: 'uploaded', pace: { size: 1000, done: 1000 } }]);
	});
	it('of a share that has ended says so, and forgets its files', async () => {
		const id = await breakOff();
		server.shares.clear();
		open(id);
		await until(() => view.failure !== null);
		expect(view.failure!.code).toMatch(/share-gone|not-found/);
		await pass(100);
		expect(keep.rows.size).toBe(0);
	});
	it('of a share of another browser is refused', () => {
		open('unknown');
		expect(view.failure!.code).toBe('not-allowed');
		ownShareAdd({ id: 'x', token: 't', url: '', created: '' });
	});
});
