// SPDX-License-Identifier: Apache-2.0
//
// Goal: a file arrives whole through every kind of weather, by requests that fit, and once.
// Method: a daemon in memory (fake/server.ts) and a clock that is turned; what arrived is compared byte by byte.

import '../fake/browser';
import { Client } from '../../../../web/src/api/client';
import { ChunkMemory } from '../../../../web/src/transfer/chunk_memory';
import { QUEUED, type UploadMachine, uploadNext } from '../../../../web/src/transfer/machine';
import type { Stall, UploadState } from '../../../../web/src/transfer/model';
import { UploadRun, type UploadRunOptions } from '../../../../web/src/transfer/upload';
import { fakeClock, until } from '../fake/clock';
import { bytesOf, pick, seeded } from '../fake/random';
import { type Asked, FakeServer } from '../fake/server';

const MIB = 1 << 20;
let server: FakeServer;
let chunks: ChunkMemory;
let machine: UploadMachine;
let states: UploadState[];
let stalls: Set<Stall>;
let name: string;
let url: string | null;
let held: Stall | null;
const network = new EventTarget();

beforeEach(() => {
	fakeClock();
	server = new FakeServer().stub();
	server.share('share');
	chunks = new ChunkMemory(null);
	machine = QUEUED;
	states = [];
	stalls = new Set();
	url = held = null;
	vi.stubGlobal('navigator', { onLine: true });
	vi.stubGlobal('addEventListener', network.addEventListener.bind(network));
	vi.stubGlobal('removeEventListener', network.removeEventListener.bind(network));
});
afterEach(() => {
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

function run(file: File, part: Partial<UploadRunOptions> = {}): UploadRun {
	name = part.name ?? 'a.bin';
	return new UploadRun({
		share: 'share',
		token: 'token',
		isLive: false,
		name,
		file,
		url: null,
		client: new Client('http://here'),
		chunks,
		transport: server.transport,
		tell: (event) => {
			machine = uploadNext(machine, event);
			if (machine.state !== states.at(-1)) states.push(machine.state);
			if (machine.stall !== null) stalls.add(machine.stall);
		},
		named: (other) => (name = other),
		located: (where) => (url = where),
		isTaken: () => false,
		isGrowing: () => false,
		held: () => held,
		...part,
	});
}

const fileOf = (bytes: Uint8Array<ArrayBuffer>) => new File([bytes], 'a.bin');
const bytes = bytesOf(seeded(1), 3 * MIB + 17);

const isOver = () => ['uploaded', 'failed', 'cancelled'].includes(machine.state);
const patches = () => server.requests('PATCH').map((asked) => asked.body.length);

function arrived(wanted: Uint8Array): void {
	expect(machine).toMatchObject({ state: 'uploaded', done: wanted.length, failure: null });
	expect(Buffer.compare(server.file('share', name)!, wanted)).toBe(0);
}

describe('in good weather', () => {
	it('it arrives', async () => {
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
		expect(states).toEqual(['sending', 'uploaded']);
		expect(server.requests('POST')[0]!.headers).toMatchObject({ authorization: 'Bearer token', 'upload-length': String(bytes.length) });
		expect(server.log.every(({ path }) => !path.includes('token'))).toBe(true);
	});
	it('an empty file arrives with its creation', async () => {
		run(fileOf(new Uint8Array())).begin();
		await until(isOver);
		arrived(new Uint8Array());
		expect(patches()).toEqual([]);
	});
	it('its name may have any letters', async () => {
		run(fileOf(bytes), { name: 'Gr\u00fc\u00dfe \u{1f600} - b.txt' }).begin();
		await until(isOver);
		arrived(bytes);
	});
	it('requests grow', async () => {
		chunks.value = { ...chunks.value, size: 256 * 1024 };
		run(fileOf(bytes)).begin();
		await until(isOver);
		expect(patches().slice(0, 4)).toEqual([256, 512, 1024, 1280].map((kib) => kib * 1024 + (kib === 1280 ? 17 : 0)));
	});
});

describe('a proxy in front', () => {
	it.each([1 * MIB, 100_000])('that refuses more than %i bytes does not stop it, and is not asked again for more', async (limit) => {
		server.gate = ({ body }) => (body.length > limit ? { status: 413, headers: { 'content-type': 'text/html' }, body: '<h1>413</h1>' } : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
		const refused = patches().filter((size) => size > limit);
		expect(refused.length).toBeLessThanOrEqual(6);
		expect(new Set(refused).size).toBe(refused.length);

		const count = server.log.length;
		run(fileOf(bytes), { name: 'next.bin' }).begin();
		machine = QUEUED;
		await until(isOver);
		arrived(bytes);
		expect(server.log.slice(count).every(({ body }) => body.length <= limit)).toBe(true);
	});
	it('that resets the connection instead is found out, too', async () => {
		server.gate = ({ body }) => (body.length > MIB ? 'lost' : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
	});
	it('that has no patience gets smaller requests', async () => {
		server.gate = ({ body }) => (body.length > MIB ? { status: 504 } : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
	});
	it('that lets nothing through at all ends it with a reason', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? { status: 413 } : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		expect(machine).toMatchObject({ state: 'failed', failure: { code: 'too-large' } });
	});
	it('that answers in the server\'s place is no server', async () => {
		let count = 0;
		server.gate = () => (count++ < 3 ? { status: 200, headers: { 'content-type': 'text/html' }, body: 'Please log in to the hotel.' } : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
	});
});

describe('in bad weather', () => {
	it('requests that break off midway are gone on with where they stopped', async () => {
		let count = 0;
		server.gate = ({ method }) => (method === 'PATCH' && ++count % 2 === 1 ? { cutAfter: 300_000 } : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
		expect(server.requests('POST')).toHaveLength(1);
		expect(server.requests('HEAD').length).toBeGreaterThan(0);
	});
	it('a night without network, or a server that is away, passes', async () => {
		run(fileOf(bytes)).begin();
		let isAway = true;
		server.gate = ({ method }) => (isAway && method !== 'POST' ? (server.log.length % 2 === 0 ? 'lost' : { status: 503, headers: { 'retry-after': '5' } }) : undefined);
		await until(isOver, 1_200_000);
		expect(machine).toMatchObject({ state: 'stalled', stall: 'connecting' });
		const tries = server.log.length;
		expect(tries).toBeLessThan(120);
		isAway = false;
		await until(isOver);
		arrived(bytes);
	});
	it('the state does not flicker while it is tried again', async () => {
		server.gate = ({ method }) => (method === 'POST' ? undefined : 'lost');
		run(fileOf(bytes)).begin();
		await until(() => false, 120_000);
		expect(states).toEqual(['sending', 'stalled']);
	});
	it('the network\'s return ends a wait at once', async () => {
		server.gate = ({ method }) => (method === 'POST' ? undefined : 'lost');
		run(fileOf(bytes)).begin();
		await until(() => false, 300_000);
		server.gate = () => undefined;
		network.dispatchEvent(new Event('online'));
		await until(isOver, 2_000);
		arrived(bytes);
	});
	it('a word that the server is back ends a wait, too, but not the one that the server asked for', async () => {
		server.gate = ({ method }) => (method === 'POST' ? undefined : 'lost');
		const upload = run(fileOf(bytes));
		upload.begin();
		await until(() => false, 300_000);
		server.gate = () => ({ status: 429, headers: { 'retry-after': '60' } });
		const count = server.log.length;
		upload.wake();
		await until(() => false, 500);
		expect(server.log.length).toBe(count + 1);
		upload.wake();
		await until(() => false, 500);
		expect(server.log.length).toBe(count + 1);
		server.gate = () => undefined;
		await until(isOver);
		arrived(bytes);
	});
	it('a request without progress is given up, and the next is smaller', async () => {
		let isSilent = true;
		server.gate = ({ method }) => (method === 'PATCH' && isSilent ? 'silent' : undefined);
		chunks.value = { ...chunks.value, size: MIB };
		run(fileOf(bytes)).begin();
		await until(() => server.requests('PATCH').length === 1);
		await until(() => false, 5_000);
		expect(machine).toMatchObject({ state: 'stalled', stall: 'connecting' });
		isSilent = false;
		await until(isOver, 40_000);
		arrived(bytes);
		expect(patches()[1]).toBe(MIB / 2);
	});
	it('a server that says why it waits is waited for', async () => {
		held = 'disk';
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		const upload = run(fileOf(bytes));
		upload.begin();
		await until(() => false, 120_000);
		expect(server.requests('PATCH')).toHaveLength(1);
		expect(machine).toMatchObject({ state: 'stalled', stall: 'disk' });
		upload.heard(500);
		expect(machine).toMatchObject({ state: 'sending', done: 500 });
		upload.stop();
	});
	it('429 waits as long as it says, and says so', async () => {
		let count = 0;
		server.gate = ({ method }) => (method === 'PATCH' && count++ === 0 ? { status: 429, headers: { 'retry-after': '20' } } : undefined);
		run(fileOf(bytes)).begin();
		await until(() => false, 19_000);
		expect(machine).toMatchObject({ state: 'stalled', stall: 'rate' });
		network.dispatchEvent(new Event('online'));
		expect(server.requests('PATCH')).toHaveLength(1);
		await until(isOver, 3_000);
		arrived(bytes);
	});
	it('a lost answer to the creation does not leave a second file', async () => {
		let count = 0;
		server.gate = ({ method }) => (method === 'POST' && count++ === 0 ? 'unanswered' : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
		expect(name).toBe('a.bin');
		expect(server.shares.get('share')!.files.map((file) => file.name)).toEqual(['a.bin']);
	});
	it('a lost answer to the creation does not end what another page sends under that name', async () => {
		server.share('share', { files: [{ name: 'a.bin', url: '', size: bytes.length, received: 0, is_complete: false, root: null, created_at: '' }] });
		let count = 0;
		server.gate = ({ method }) => (method === 'POST' && count++ === 0 ? 'lost' : undefined);
		run(fileOf(bytes), { isGrowing: (other) => other === 'a.bin' }).begin();
		await until(isOver);
		expect(name).toBe('a (2).bin');
		expect(server.requests('DELETE')).toEqual([]);
	});
	it('a lost answer to the last bytes is no loss', async () => {
		let count = 0;
		server.gate = ({ method }) => (method === 'PATCH' && count++ === 0 ? 'unanswered' : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		arrived(bytes);
		expect(patches()).toHaveLength(1);
	});
	it('arrives through random weather', async () => {
		for (let seed = 0; seed < 25; seed++) {
			const random = seeded(seed);
			server = new FakeServer().stub();
			server.share('share');
			machine = QUEUED;
			chunks = new ChunkMemory(null);
			const limit = pick(random, [Infinity, 700_000, 200_000]);
			server.gate = ({ method, body }: Asked) => {
				if (body.length > limit) return pick(random, [{ status: 413 }, 'lost'] as const);
				if (random() < 0.7) return undefined;
				const cut = { cutAfter: Math.floor(random() * body.length) };
				return pick(random, ['lost', 'unanswered', 'silent', { status: 502 }, { status: 503 }, { status: 423 }, ...(method === 'PATCH' ? [cut, cut] : [])] as const);
			};
			const size = Math.floor(random() * 2 * MIB);
			run(fileOf(bytes.slice(0, size))).begin();
			await until(isOver);
			expect(machine.state, `seed ${seed}`).toBe('uploaded');
			arrived(bytes.slice(0, size));
		}
	}, 60_000);
});

describe('a name that is taken', () => {
	it('gets a number', async () => {
		server.share('share', { files: ['a.bin', 'a (2).bin'].map((other) => ({ name: other, url: '', size: 1, received: 1, is_complete: true, root: null, created_at: '' })) });
		run(fileOf(bytes)).begin();
		await until(isOver);
		expect(name).toBe('a (3).bin');
		arrived(bytes);
	});
	it('by a whole file of the same size is not taken for ours', async () => {
		server.share('share', { files: [{ name: 'a.bin', url: '', size: bytes.length, received: bytes.length, is_complete: true, root: null, created_at: '' }] });
		let count = 0;
		server.gate = ({ method }) => (method === 'POST' && count++ === 0 ? 'lost' : undefined);
		run(fileOf(bytes)).begin();
		await until(isOver);
		expect(name).toBe('a (2).bin');
		expect(server.shares.get('share')!.files).toHaveLength(2);
	});
});

describe('stopping', () => {
	it('lets nothing out any more, and goes on where it was', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		const upload = run(fileOf(bytes));
		upload.begin();
		await until(() => server.requests('PATCH').length === 1);
		upload.stop();
		machine = uploadNext(machine, { type: 'go', state: 'paused' });
		await until(() => false, 100_000);
		expect(server.log).toHaveLength(2);
		expect(machine.state).toBe('paused');
		server.gate = () => undefined;
		machine = uploadNext(machine, { type: 'go', state: 'queued' });
		upload.begin();
		await until(isOver);
		arrived(bytes);
		expect(server.requests('POST')).toHaveLength(1);
	});
	it('before the first request means that there is none', async () => {
		const upload = run(fileOf(bytes));
		upload.begin();
		upload.stop();
		await until(() => false, 60_000);
		expect(server.log).toEqual([]);
	});
	it('for good ends it on the server', async () => {
		server.gate = ({ method }) => (method === 'PATCH' ? 'silent' : undefined);
		const upload = run(fileOf(bytes));
		upload.begin();
		await until(() => server.requests('PATCH').length === 1);
		machine = uploadNext(machine, { type: 'go', state: 'cancelled' });
		upload.giveUp();
		await until(() => false, 1_000);
		expect(server.requests('DELETE')).toHaveLength(1);
		expect(server.shares.get('share')!.files).toEqual([]);
	});
	it('for good while it is being created waits for its address', async () => {
		let answer: (() => void) | undefined;
		server.gate = ({ method }) => (method === 'POST' ? new Promise((resolve) => (answer = () => resolve(undefined))) : undefined);
		const upload = run(fileOf(bytes));
		upload.begin();
		await until(() => server.requests('POST').length === 1, 200);
		machine = uploadNext(machine, { type: 'go', state: 'cancelled' });
		upload.giveUp();
		expect(server.requests('DELETE')).toEqual([]);
		answer?.();
		await until(() => false, 5_000);
		expect(server.shares.get('share')!.files).toEqual([]);
		expect(machine.state).toBe('cancelled');
	});
});

describe('an upload of an earlier page', () => {
	it('goes on with what the server has', async () => {
		run(fileOf(bytes), {}).begin();
		let count = 0;
		server.gate = ({ method }) => (method === 'PATCH' && count++ === 0 ? { cutAfter: 1_000_000 } : undefined);
		await until(isOver, 100);
		const again = { url, machine };
		expect(again.url).not.toBeNull();
		machine = QUEUED;
		run(fileOf(bytes), { url: again.url }).begin();
		await until(isOver);
		arrived(bytes);
		expect(patches().at(-1)).toBeLessThanOrEqual(bytes.length - 1_000_000);
	});
	it('that is complete has arrived', async () => {
		run(fileOf(bytes)).begin();
		await until(isOver);
		machine = QUEUED;
		const count = server.log.length;
		run(fileOf(bytes), { url }).begin();
		await until(isOver);
		arrived(bytes);
		expect(server.log.slice(count).map(({ method }) => method)).toEqual(['HEAD']);
	});
	it('that somebody ended elsewhere is cancelled, and does not come back', async () => {
		chunks.value = { ...chunks.value, size: MIB };
		server.gate = ({ method }) => {
			if (method !== 'PATCH' || server.requests('PATCH').length < 2) return undefined;
			server.uploads.get('upload1')!.isGivenUp = true;
			server.shares.get('share')!.files = [];
			return undefined;
		};
		run(fileOf(bytes)).begin();
		await until(isOver);
		expect(machine.state).toBe('cancelled');
		expect(server.requests('POST')).toHaveLength(1);
	});
	it('that the server has forgotten begins anew', async () => {
		run(fileOf(bytes), { url: 'http://here/api/v1/uploads/forgotten' }).begin();
		machine = uploadNext(machine, { type: 'bytes', done: 1_000_000 });
		await until(isOver);
		arrived(bytes);
	});
	it('is not made twice by a proxy that answers its HEAD', async () => {
		run(fileOf(bytes)).begin();
		let count = 0;
		server.gate = ({ method }) => (method === 'PATCH' && count === 0 ? { cutAfter: 1000 } : method === 'HEAD' && count++ < 3 ? { status: 503 } : undefined);
		await until(isOver);
		arrived(bytes);
		expect(server.requests('POST')).toHaveLength(1);
	});
	it('of a share that has ended fails', async () => {
		server.shares.clear();
		run(fileOf(bytes), { url: 'http://here/api/v1/uploads/forgotten' }).begin();
		await until(isOver);
		expect(machine).toMatchObject({ state: 'failed', failure: { code: 'share-gone' } });
	});
});

describe('a live share', () => {
	it('gets the whole file with the creation', async () => {
		run(fileOf(bytes), { isLive: true }).begin();
		await until(isOver);
		arrived(bytes);
		expect(server.log.map(({ method, body }) => [method, body.length])).toEqual([['POST', bytes.length]]);
	});
	it('that nobody takes waits for somebody', async () => {
		let count = 0;
		server.gate = () => (count++ < 2 ? { status: 408 } : undefined);
		run(fileOf(bytes), { isLive: true }).begin();
		await until(isOver);
		arrived(bytes);
		expect(stalls).toContain('receiver-missing');
	});
});

describe('what is final', () => {
	it.each([
		[413, 'too-large'],
		[507, 'no-room'],
		[401, 'not-allowed'],
		[410, 'share-gone'],
	])('%i is told as %s, with the server\'s sentence', async (status, code) => {
		server.gate = () => ({ status, headers: { 'content-type': 'text/plain' }, body: 'A plain sentence.\n' });
		run(fileOf(bytes)).begin();
		await until(isOver);
		expect(machine).toMatchObject({ state: 'failed', failure: { code, detail: 'A plain sentence.' } });
		expect(server.log).toHaveLength(1);
	});
	it('a file that cannot be read any more is told', async () => {
		const file = fileOf(bytes);
		file.slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('changed', 'NotReadableError')) }) as unknown as Blob;
		run(file).begin();
		await until(isOver);
		expect(machine).toMatchObject({ state: 'failed', failure: { code: 'file-changed' } });
	});
});
