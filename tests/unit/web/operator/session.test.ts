// SPDX-License-Identifier: Apache-2.0
//
// Goal: the operator's page needs the right token, asks once a second, and says when it is not answered.
// Method: fetch is a function of the test; the clock is turned.

import '../fake/browser';
import { Client } from '../../../../web/src/api/client';
import { Operating } from '../../../../web/src/operator/session';
import type { OperatorView } from '../../../../web/src/transfer/model';
import { fakeClock, pass } from '../fake/clock';
import { FakeStorage } from '../fake/storage';

let session: Operating;
let view: OperatorView;
let asked: string[];
let requests: number;
let known: string; // to the server
let isCut: boolean; // the list of transfers
let answers: (path: string, token: string) => Response;
const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });
const share = (id: string, message: string | null = null) => ({ id, url: `http://here/s/${id}`, link_name: null, mode: 'stored', created_at: '', expires_at: null, downloads: 2, downloads_max: null, has_password: false, message, size: 5, file_count: 1 });

const metrics = () => ({
	version: '0.1.0',
	node: 'n1',
	time_ms: (requests += 100) * 10,
	uptime_s: 5,
	hash_kernel: 'avx512',
	cpu_seconds: requests / 1000,
	memory: { budget: 100, resident_peak: 50 },
	store: { stored_bytes: 7, reserved_bytes: 0, free_bytes: 9, quota: null },
	reactors: [{ index: 0, slabs: 4, slabs_in_use: 1, memory: 3, connections: 1, uploads: 1, downloads: 2 }],
	totals: { received_bytes: requests * 10, sent_bytes: requests * 20, requests, errors: 0, uploads: 1, downloads: 1, connections: 6 },
	history: { step_ms: 10_000, end_ms: 10_000, received_bytes: [1], sent_bytes: [1], requests: [1], errors: [0], cpu_ms: [1], connections: [1] },
	transfers: [{ share: 's', file: 'f', direction: 'up', bytes: 1, size: null, bytes_per_s: 2, stalled: 'disk' }],
});

/** As net/talk/API.md has it: figures and nodes are for everybody, but not for who shows a token that is none. */
function server(path: string, token: string): Response {
	if (token !== '' && token !== known) return json({}, 403);
	if (path === '/metrics/json' && token === '') return json({ ...metrics(), transfers: undefined });
	if (path === '/metrics/json') return json(isCut ? { ...metrics(), transfers_cut: true } : metrics());
	if (token === '' && path.startsWith('/api/v1/shares')) return json({}, 401);
	if (path === '/api/v1/cluster') return json({ self: 'n1', leader: 'n1', epoch: 3, mode: 'standalone', nodes: [{ id: 'n1', address: 'a', role: 'leader', health: 'good', version: '0.1.0', load: 0.5 }] });
	if (path === '/api/v1/shares') return json({ shares: [share('a', 'Holiday'), share('b')], next: 'b' });
	if (path === '/api/v1/shares?before=b') return json({ shares: [share('b'), share('c', 'holiday again')], next: null });
	return new Response(null, { status: 204 });
}

const open = () => {
	session = new Operating(new Client('http://here'));
	session.subscribe((next) => (view = next));
};

beforeEach(() => {
	fakeClock();
	asked = [];
	requests = 0;
	known = 'right';
	isCut = false;
	answers = server;
	vi.stubGlobal('sessionStorage', new FakeStorage());
	vi.stubGlobal('navigator', { onLine: true });
	vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
		const path = url.replace('http://here', '');
		asked.push(`${init.method} ${path}`);
		const token = ((init.headers as Record<string, string>)['Authorization'] ?? '').replace('Bearer ', '');
		return Promise.resolve(answers(path, token));
	});
});
afterEach(() => {
	session.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

describe('the token', () => {
	it('is asked for, may be wrong, and is kept until the tab ends', async () => {
		open();
		expect(view.state).toBe('token');
		expect(asked).toEqual([]);
		expect(await session.token('wrong')).toBe(false);
		expect(view).toMatchObject({ state: 'token', wrongToken: true });
		expect(await session.token('right')).toBe(true);
		expect(view).toMatchObject({ state: 'ready', wrongToken: false });
		session.close();
		open();
		await pass(200);
		expect(view.state).toBe('ready');
		session.forget();
		expect(view.state).toBe('token');
		const count = asked.length;
		await pass(5000);
		expect(asked).toHaveLength(count);
	});
	it('that is not known any more is asked for again, and nothing that it opened stays', async () => {
		open();
		await session.token('right');
		await pass(1500);
		expect(view.transfers).toHaveLength(1);
		known = 'another';
		await pass(1500);
		expect(view).toMatchObject({ state: 'token', wrongToken: true, node: null, transfers: [], shares: [] });
		expect(sessionStorage.length).toBe(0);
		const count = asked.length;
		await pass(5000);
		expect(asked).toHaveLength(count);
		expect(await session.token('another')).toBe(true);
		expect(view).toMatchObject({ state: 'ready', wrongToken: false });
	});
	it('that was replaced is not lost with the answer to the one before', async () => {
		open();
		await session.token('right');
		await pass(1500);
		let late: (response: Response) => void = () => undefined;
		vi.stubGlobal('fetch', (url: string) => (url.endsWith('/metrics/json') ? new Promise<Response>((resolve) => (late = resolve)) : Promise.resolve(server(url.replace('http://here', ''), known))));
		await pass(1500);
		const first = late;
		known = 'another';
		expect(await session.token('another')).toBe(true);
		await pass(200);
		first(json({}, 403));
		await pass(200);
		expect(view).toMatchObject({ state: 'ready', wrongToken: false });
	});
});

describe('the numbers', () => {
	beforeEach(async () => {
		open();
		await session.token('right');
		await pass(3500);
	});
	it('come once a second, the nodes less often', () => {
		expect(asked.filter((one) => one.includes('metrics')).length).toBeGreaterThanOrEqual(3);
		expect(asked.filter((one) => one.includes('metrics')).length).toBeLessThanOrEqual(5);
		expect(asked.filter((one) => one.includes('cluster'))).toHaveLength(1);
		expect(view.node).toMatchObject({ id: 'n1', memoryPeak: 50, storeUsed: 7, reactors: [{ slabsInUse: 1 }] });
		expect(view.now).toMatchObject({ receivedPerSecond: 1000, sentPerSecond: 2000, connections: 6, uploads: 1, downloads: 2 });
		expect(view.live.times.length).toBeGreaterThanOrEqual(2);
		expect(view.hour.times).toEqual([10]);
		expect(view.transfers).toMatchObject([{ stall: 'disk', size: null, bytesPerSecond: 2 }]);
		expect(view.cluster).toMatchObject({ mode: 'standalone', nodes: [{ isSelf: true, isLeader: true }] });
	});
	it('say when there are more transfers than the list holds', async () => {
		expect(view.transfersCut).toBe(false);
		isCut = true;
		await pass(1500);
		expect(view.transfersCut).toBe(true);
	});
	it('stay when they are not answered, and it is said', async () => {
		answers = () => new Response('', { status: 503 });
		await pass(1500);
		expect(view).toMatchObject({ state: 'ready', connection: 'reconnecting', failure: null });
		await pass(3000);
		expect(view.failure).not.toBeNull();
		expect(view.node!.id).toBe('n1');
		answers = server;
		await pass(1500);
		expect(view).toMatchObject({ connection: 'online', failure: null });
	});
});

describe('the shares', () => {
	beforeEach(async () => {
		open();
		await session.token('right');
	});
	const ids = () => view.shares.map(({ id }) => id);
	it('come by pages', async () => {
		expect(ids()).toEqual(['a', 'b']);
		expect(view.sharesMore).toBe(true);
		session.more();
		await pass(200);
		expect(ids()).toEqual(['a', 'b', 'c']);
		expect(view.sharesMore).toBe(false);
	});
	it('are searched by id and message, in all pages', async () => {
		session.search(' HOLIDAY ');
		await pass(200);
		expect(ids()).toEqual(['a', 'c']);
		session.search('');
		expect(ids()).toEqual(['a', 'b', 'c']);
	});
	it('are ended', async () => {
		expect(await session.end('a')).toBe(true);
		expect(ids()).toEqual(['b']);
		expect(asked).toContain('DELETE /api/v1/shares/a');
	});
});
