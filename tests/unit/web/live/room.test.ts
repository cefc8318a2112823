// SPDX-License-Identifier: Apache-2.0
//
// Goal: the room is always there again, silently, as the same client; and says what it had to say.
// Method: sockets that the test breaks, a clock that it turns, a window that tells of the network.

import { LiveRoom, type RoomView } from '../../../../web/src/live/room';
import { FakeSocket } from '../fake/socket';

let room: LiveRoom;
let network: EventTarget;
let page: EventTarget & { visibilityState: string };
const view = (): RoomView => room.view.value;
const open = (part: object = {}) => (room = new LiveRoom({ share: 'share', role: 'receiver', base: 'http://here', ...part }));

beforeEach(() => {
	vi.useFakeTimers();
	FakeSocket.all = [];
	network = new EventTarget();
	page = Object.assign(new EventTarget(), { visibilityState: 'visible' });
	vi.stubGlobal('WebSocket', FakeSocket);
	vi.stubGlobal('addEventListener', network.addEventListener.bind(network));
	vi.stubGlobal('removeEventListener', network.removeEventListener.bind(network));
	vi.stubGlobal('document', page);
	vi.stubGlobal('navigator', { onLine: true });
});

afterEach(() => {
	room.close();
	vi.useRealTimers();
	vi.unstubAllGlobals();
});

describe('the first time', () => {
	it('asks for the share, with what it speaks', () => {
		open();
		expect(FakeSocket.last.url).toBe('ws://here/api/v1/events?share=share&role=receiver');
		expect(FakeSocket.last.protocols).toEqual(['hawser']);
		expect(view().connection).toBe('connecting');
	});
	it('shows a token as a subprotocol, and never in the address', () => {
		open({ role: 'sender', token: 'secret-token', base: 'https://here' });
		expect(FakeSocket.last.protocols).toEqual(['hawser', 'bearer.secret-token']);
		expect(FakeSocket.last.url).not.toContain('secret-token');
		expect(FakeSocket.last.url.startsWith('wss://')).toBe(true);
	});
	it('is online with its welcome', () => {
		open();
		FakeSocket.last.welcome();
		FakeSocket.last.hear({ type: 'presence', seq: 3, who: [], senders: 1, receivers: 2 });
		vi.advanceTimersByTime(200);
		expect(view()).toMatchObject({ connection: 'online', client: 'me', senders: 1, receivers: 2 });
	});
	it('draws a picture a few times a second, whatever it hears', () => {
		open();
		FakeSocket.last.welcome();
		let pictures = 0;
		room.view.subscribe(() => pictures++);
		for (let seq = 1; seq <= 1000; seq++) {
			FakeSocket.last.hear({ type: 'presence', seq, who: [], senders: seq, receivers: 0 });
			vi.advanceTimersByTime(1);
		}
		vi.advanceTimersByTime(200);
		expect(view().senders).toBe(1000);
		expect(pictures).toBeLessThan(10);
	});
	it('tells of each file once', () => {
		const told: string[] = [];
		open({ file: (name: string, state: string) => told.push(`${name} ${state}`) });
		FakeSocket.last.welcome();
		FakeSocket.last.hear({ type: 'file', seq: 1, state: 'added', name: 'a' });
		FakeSocket.last.hear({ type: 'file', seq: 2, state: 'removed', name: 'a' });
		FakeSocket.last.hear({ type: 'file', seq: 1, state: 'added', name: 'a' });
		expect(told).toEqual(['a added', 'a removed']);
	});
	it('passes over what is not JSON, or not text', () => {
		open();
		FakeSocket.last.welcome();
		FakeSocket.last.onmessage?.({ data: '{' });
		FakeSocket.last.onmessage?.({ data: new ArrayBuffer(2) });
		expect(view().connection).toBe('online');
	});
});

describe('again', () => {
	it('as the same client, from what it has heard', () => {
		open();
		FakeSocket.last.welcome();
		FakeSocket.last.hear({ type: 'presence', seq: 7, who: [], senders: 1, receivers: 2 });
		FakeSocket.last.break();
		expect(view()).toMatchObject({ connection: 'reconnecting', senders: 1 });
		vi.advanceTimersByTime(1000);
		expect(FakeSocket.last.query).toMatchObject({ client: 'me', secret: 'secret-of-me', since: '7' });
		FakeSocket.last.welcome('me', true);
		expect(view()).toMatchObject({ connection: 'online', senders: 1, seq: 7 });
	});
	it('with waits that grow, up to a limit', () => {
		open();
		const waits: number[] = [];
		for (let attempt = 0; attempt < 12; attempt++) {
			const count = FakeSocket.all.length;
			FakeSocket.last.break();
			let waited = 0;
			for (; FakeSocket.all.length === count && waited < 60_000; waited += 50) vi.advanceTimersByTime(50);
			waits.push(waited);
		}
		expect(waits[0]!).toBeLessThanOrEqual(300);
		expect(Math.max(...waits)).toBeLessThanOrEqual(15_050);
		expect(waits.at(-1)!).toBeGreaterThan(5000);
	});
	it('at once when the network is back, also where the socket looks alive', () => {
		open();
		FakeSocket.last.welcome();
		const old = FakeSocket.last;
		network.dispatchEvent(new Event('online'));
		expect(FakeSocket.all).toHaveLength(2);
		expect(old.wasClosed).toBe(true);
		expect(view().connection).toBe('online');
		old.break(); // what it still says is not heard
		expect(FakeSocket.all).toHaveLength(2);
	});
	it('at once when the person looks', () => {
		open();
		for (let attempt = 0; attempt < 8; attempt++) {
			FakeSocket.last.break();
			if (attempt < 7) vi.advanceTimersByTime(15_000);
		}
		const count = FakeSocket.all.length;
		page.dispatchEvent(new Event('visibilitychange'));
		expect(FakeSocket.all).toHaveLength(count + 1);
	});
	it('after a laptop slept', () => {
		open();
		FakeSocket.last.welcome();
		vi.advanceTimersByTime(60_000);
		expect(FakeSocket.all).toHaveLength(1);
		vi.setSystemTime(Date.now() + 3_600_000);
		vi.advanceTimersByTime(5_000);
		expect(FakeSocket.all).toHaveLength(2);
	});
	it('when nobody welcomes it', () => {
		open();
		vi.advanceTimersByTime(12_000);
		expect(FakeSocket.all.length).toBeGreaterThan(1);
	});
	it('says that it is offline where the browser says so', () => {
		open();
		FakeSocket.last.welcome();
		vi.stubGlobal('navigator', { onLine: false });
		FakeSocket.last.break();
		expect(view().connection).toBe('offline');
	});
	it('as somebody else when its identity is another page\'s', () => {
		open();
		FakeSocket.last.welcome();
		FakeSocket.last.break(4001);
		vi.advanceTimersByTime(1000);
		expect(FakeSocket.last.query['client']).toBeUndefined();
	});
	it('later when the room is full', () => {
		open();
		FakeSocket.last.break(1013);
		vi.advanceTimersByTime(29_000);
		expect(FakeSocket.all).toHaveLength(1);
		vi.advanceTimersByTime(2_000);
		expect(FakeSocket.all).toHaveLength(2);
	});
	it('never after close()', () => {
		open();
		FakeSocket.last.welcome();
		room.close();
		network.dispatchEvent(new Event('online'));
		page.dispatchEvent(new Event('visibilitychange'));
		vi.advanceTimersByTime(100_000);
		expect(FakeSocket.all).toHaveLength(1);
		expect(FakeSocket.last.wasClosed).toBe(true);
	});
});

describe('a confirmation', () => {
	it('is said when it can be, and again until it is heard back', () => {
		open();
		room.confirm('a.txt', 'root');
		expect(FakeSocket.last.said).toEqual([]);
		FakeSocket.last.welcome();
		expect(FakeSocket.last.said).toEqual([{ type: 'confirm', file: 'a.txt', root: 'root' }]);
		FakeSocket.last.break();
		vi.advanceTimersByTime(1000);
		FakeSocket.last.welcome('me', true);
		expect(FakeSocket.last.said).toHaveLength(1);
		FakeSocket.last.hear({ type: 'transfer', seq: 3, id: 't', file: 'a.txt', direction: 'down', state: 'confirmed', bytes: 1, size: 1, bytes_per_s: 0, seconds_left: null, stalled: null, client: 'me' });
		FakeSocket.last.break();
		vi.advanceTimersByTime(1000);
		FakeSocket.last.welcome('me', true);
		expect(FakeSocket.last.said).toEqual([]);
	});
});
