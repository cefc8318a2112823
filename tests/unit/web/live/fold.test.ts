// SPDX-License-Identifier: Apache-2.0
//
// Goal: what was once known of a transfer is never unsaid, in whatever order events come.
// Method: stories in order; then the same events shuffled, repeated and cut, with a seed.

import type { RoomEvent, TransferEvent, TransferState } from '../../../../web/src/api/types';
import { emptyRoom, fold, type Room, stateNext } from '../../../../web/src/live/fold';
import { ENDED_MAX } from '../../../../web/src/live/transfers';
import { pick, seeded, shuffled } from '../fake/random';

const transfer = (seq: number, id: string, state: TransferState, bytes: number, part: Partial<TransferEvent> = {}): TransferEvent => ({
	type: 'transfer',
	seq,
	id,
	file: `${id}.txt`,
	direction: 'up',
	state,
	bytes,
	size: 100,
	bytes_per_s: 10,
	seconds_left: null,
	stalled: null,
	client: null,
	...part,
});
const welcome = (resumed: boolean): RoomEvent => ({ type: 'welcome', seq: 0, client: 'me', secret: 's', role: 'receiver', resumed });
const snapshot = (seq: number, transfers: number, senders = 1): RoomEvent => ({ type: 'snapshot', seq, gap: false, transfers, who: [{ client: 'me', role: 'receiver' }], senders, receivers: 1 });
const presence = (seq: number, senders: number): RoomEvent => ({ type: 'presence', seq, who: [], senders, receivers: 0 });
const ids = (room: Room) => [...room.transfers.values()].map(({ id }) => id);
const told = (events: RoomEvent[], from: Room = emptyRoom()) => events.reduce(fold, from);

describe('a room', () => {
	it('is what its events say', () => {
		const room = told([welcome(false), snapshot(5, 1), transfer(5, 'a', 'uploading', 10), presence(6, 2), transfer(7, 'a', 'uploaded', 100)]);
		expect(room).toMatchObject({ seq: 7, client: 'me', senders: 2, isKnown: true, isEnded: false });
		expect(room.transfers.get('a')).toMatchObject({ state: 'uploaded', bytes: 100, file: 'a.txt' });
	});

	it('counts changes of the share, and not those of its files', () => {
		const room = told([
			{ type: 'share', seq: 1, state: 'changed' },
			{ type: 'file', seq: 2, state: 'added', name: 'x' },
			{ type: 'share', seq: 3, state: 'ended' },
		]);
		expect(room).toMatchObject({ changes: 2, isEnded: true, seq: 3 });
	});

	it('passes over what it does not know', () => {
		const room = fold(emptyRoom(), { type: 'weather', seq: 9 } as unknown as RoomEvent);
		expect({ ...room, seq: -1 }).toEqual(emptyRoom());
	});

	it('does not take older presence for news', () => {
		expect(told([presence(5, 3), presence(4, 0)]).senders).toBe(3);
	});

	it('takes the presence of a server that began anew, whose numbers are small', () => {
		expect(told([presence(500, 3), welcome(false), snapshot(1, 0, 1)])).toMatchObject({ senders: 1, seq: 1 });
	});

	it('goes on counting where it is resumed', () => {
		expect(told([presence(500, 3), welcome(true)]).seq).toBe(500);
	});

	it('drops what moved and is not in the snapshot, and keeps what had ended', () => {
		const before = () => told([transfer(1, 'moving', 'uploading', 5), transfer(2, 'done', 'uploaded', 100), transfer(3, 'there', 'uploading', 7)]);
		const room = told([welcome(false), snapshot(1, 1), transfer(1, 'there', 'uploading', 7)], before());
		expect(ids(room)).toEqual(['done', 'there']);
		expect(ids(told([welcome(false), snapshot(1, 0)], before()))).toEqual(['done']);
	});

	it('drops nothing before the snapshot is whole', () => {
		const before = told([transfer(1, 'a', 'uploading', 5)]);
		expect(told([welcome(false), snapshot(1, 2), transfer(1, 'b', 'uploading', 7)], before).transfers.get('a')).toBeDefined();
	});

	it('replaces a transfer that changes, and leaves alone one that does not', () => {
		const room = told([transfer(1, 'a', 'uploaded', 100)]);
		const was = room.transfers.get('a')!;
		expect(fold(room, transfer(2, 'a', 'uploading', 50)).transfers.get('a')).toBe(was);
		expect(fold(room, transfer(3, 'a', 'confirmed', 100)).transfers.get('a')).not.toBe(was);
		expect(was.state).toBe('uploaded');
	});

	it('remembers whose a transfer is', () => {
		const room = told([transfer(1, 'a', 'uploading', 1, { client: 'you' }), transfer(2, 'a', 'uploading', 2, { client: null })]);
		expect(room.transfers.get('a')!.client).toBe('you');
	});
});

const STATES: TransferState[] = ['waiting', 'uploading', 'uploaded', 'confirmed', 'failed', 'cancelled'];

describe('never back', () => {
	it('by the table of net/talk/transfer_state.h', () => {
		const forward: Record<TransferState, TransferState[]> = {
			waiting: ['uploading', 'uploaded', 'confirmed', 'failed', 'cancelled'],
			uploading: ['uploaded', 'confirmed', 'failed', 'cancelled'],
			uploaded: ['confirmed'],
			confirmed: [],
			failed: [],
			cancelled: [],
		};
		for (const was of STATES) for (const said of STATES) expect(stateNext(was, said), `${was}, ${said}`).toBe(forward[was].includes(said) ? said : was);
	});

	it('in any order of any events', () => {
		for (let seed = 0; seed < 100; seed++) {
			const random = seeded(seed);
			const story: RoomEvent[] = [];
			for (let seq = 1; seq < 30; seq++) {
				story.push(random() < 0.8 ? transfer(seq, pick(random, ['a', 'b', 'c']), pick(random, STATES), Math.floor(random() * 100)) : presence(seq, seq));
			}
			let room = emptyRoom();
			for (const event of shuffled(random, [...story, ...story.slice(0, 10)])) {
				const was = { ...room, all: [...room.transfers.values()] };
				room = fold(room, event);
				expect(room.seq, `seed ${seed}`).toBeGreaterThanOrEqual(was.seq);
				expect(room.senders, `seed ${seed}`).toBeGreaterThanOrEqual(was.senders); // grows with seq in this story
				for (const before of was.all) {
					const { id } = before;
					const after = room.transfers.get(id)!;
					expect(after.bytes, `seed ${seed}, ${id}`).toBeGreaterThanOrEqual(before.bytes);
					expect(stateNext(before.state, after.state), `seed ${seed}, ${id}`).toBe(after.state);
				}
			}
		}
	});

	it('ends the same for every order in which one upload may be heard', () => {
		const story = [transfer(1, 'a', 'waiting', 0), transfer(2, 'a', 'uploading', 40), transfer(3, 'a', 'uploaded', 100), transfer(4, 'a', 'confirmed', 100)];
		for (let seed = 0; seed < 24; seed++) {
			expect(told(shuffled(seeded(seed), story)).transfers.get('a'), `seed ${seed}`).toMatchObject({ state: 'confirmed', bytes: 100 });
		}
	});
});

describe('the largest share', () => {
	const COUNT = 10_000;
	const PATIENCE_MS = 2_000; // was 6,500 where each event copied all transfers, and is some 50

	it('costs no more for each event than a small one', () => {
		const begunMs = Date.now();
		let room = told([welcome(false), snapshot(1, COUNT)]);
		for (let count = 0; count < COUNT; count++) room = fold(room, transfer(count, `t${count}`, 'uploading', 1));
		for (let count = 0; count < COUNT; count++) room = fold(room, transfer(COUNT + count, `t${count}`, 'uploaded', 100));
		expect(room).toMatchObject({ awaited: 0, seq: 2 * COUNT - 1 });
		expect(Date.now() - begunMs).toBeLessThan(PATIENCE_MS);
	});

	it.each(['up', 'down'] as const)('is forgotten, of what went %s and ended first, beyond a limit', (direction) => {
		const extra = 5;
		let room = told([transfer(0, 'moving', 'uploading', 1, { direction })]);
		for (let count = 0; count < ENDED_MAX[direction] + extra; count++) room = fold(room, transfer(count, `t${count}`, 'uploaded', 1, { direction }));
		expect(ids(room)).toHaveLength(ENDED_MAX[direction] + 1);
		expect(ids(room).slice(0, 2)).toEqual(['moving', `t${extra}`]);
		expect(room.transfers.ofFile('t0.txt')).toEqual([]);
		expect(room.transfers.ofFile(`t${extra}.txt`)).toHaveLength(1);
		expect(room.transfers.downloadsEnded).toBe(direction === 'down' ? ENDED_MAX.down + extra : 0);
	});
});
