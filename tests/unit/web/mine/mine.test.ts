// SPDX-License-Identifier: Apache-2.0
//
// Goal: the list of own shares says what became of each, and acts on each.
// Method: a daemon and rooms in memory.

import '../fake/browser';
import { Client } from '../../../../web/src/api/client';
import { Mine } from '../../../../web/src/mine/mine';
import { ownShareAdd, ownShares } from '../../../../web/src/mine/shares';
import type { Keep } from '../../../../web/src/transfer/keep';
import type { MyShare } from '../../../../web/src/transfer/model';
import { fakeClock, pass } from '../fake/clock';
import { FakeServer } from '../fake/server';
import { FakeSocket } from '../fake/socket';
import { FakeStorage } from '../fake/storage';

let server: FakeServer;
let mine: Mine;
let view: MyShare[];
const forgotten: string[] = [];
const keep = { countOf: (id: string) => Promise.resolve(id === 'b' ? 2 : 0), removeShare: (id: string) => (forgotten.push(id), Promise.resolve()) } as unknown as Keep;
const of = (id: string) => view.find(({ share }) => share.id === id)!;

beforeEach(async () => {
	fakeClock();
	server = new FakeServer().stub();
	FakeSocket.all = [];
	vi.stubGlobal('WebSocket', FakeSocket);
	vi.stubGlobal('localStorage', new FakeStorage());
	vi.stubGlobal('navigator', { onLine: true });
	for (const id of ['a', 'b', 'gone']) ownShareAdd({ id, token: `t-${id}`, url: `http://here/s/${id}`, created: `2026-11-2${id.length}T00:00:00Z` });
	server.share('a', { message: 'hello' }).files.push({ name: 'x', url: '', size: 3, received: 3, is_complete: true, root: null, created_at: '' });
	server.share('b');
	mine = new Mine(new Client('http://here'), keep);
	mine.subscribe((next) => (view = next));
	expect(view).toHaveLength(3);
	expect(view[0]!.state).toBe('loading');
	await pass(1000);
});
afterEach(() => {
	mine.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

describe('own shares', () => {
	it('say what became of them', () => {
		expect(of('a')).toMatchObject({ state: 'open', unfinished: 0, share: { message: 'hello' }, files: [{ name: 'x', size: 3, isComplete: true }] });
		expect(of('b')).toMatchObject({ state: 'open', unfinished: 2 });
		expect(of('gone')).toMatchObject({ state: 'ended', share: { url: 'http://here/s/gone' } });
		expect(forgotten).toContain('gone');
	});
	it('are followed as their sender', async () => {
		expect(FakeSocket.all.map(({ query, protocols }) => [query['share'], query['role'], protocols[1]]).sort()).toEqual([
			['a', 'sender', 'bearer.t-a'],
			['b', 'sender', 'bearer.t-b'],
		]);
		const socket = FakeSocket.all.find(({ query }) => query['share'] === 'a')!;
		socket.welcome();
		socket.hear({ type: 'presence', seq: 1, who: [{ client: 'x', role: 'receiver' }], senders: 1, receivers: 1 });
		await pass(500);
		expect(of('a').receivers).toMatchObject([{ client: 'x', away: false }]);
	});
	it('without an answer are said to be unreachable, and keep what was known', async () => {
		server.gate = () => 'lost';
		mine.refresh();
		await pass(500);
		expect(of('a').state).toBe('open');
		ownShareAdd({ id: 'new', token: 't', url: 'u', created: '2026-11-26T00:00:00Z' });
		mine.refresh();
		await pass(500);
		expect(of('new').state).toBe('unreachable');
	});
	it('are extended, ended and removed', async () => {
		expect(await mine.extend('a', '7d')).toBe(true);
		expect(JSON.parse(new TextDecoder().decode(server.requests('PATCH')[0]!.body))).toEqual({ expires_in: '7d' });
		expect(of('a').files).toHaveLength(1);
		expect(await mine.end('a')).toBe(true);
		expect(of('a').state).toBe('ended');
		expect(await mine.end('gone')).toBe(true);
		mine.remove('a');
		expect(view.map(({ share }) => share.id)).not.toContain('a');
		expect(ownShares().map(({ id }) => id)).not.toContain('a');
		expect(await mine.extend('unknown', null)).toBe(false);
	});
});
