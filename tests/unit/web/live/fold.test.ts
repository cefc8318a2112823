// SPDX-License-Identifier: Apache-2.0
//
// Goal: what was once known of a transfer is never unsaid, in whatever order events come.
// Method: stories in order; then the same events shuffled, repeated and cut, with a seed.

import type { RoomEvent, TransferEvent, TransferState } from '../../../../web/src/api/types';
import { EMPTY_ROOM, fold, type Room, stateNext } from '../../../../web/src/live/fold';
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
const told = (events: RoomEvent[], from: Room = EMPTY_ROOM) => events.reduce(fold, from);

describe('a room', () => {
	it('is what its events say', () => {
		const room = told([welcome(false), snapshot(5, 1), transfer(5, 'a', 'uploading', 10), presence(6, 2), transfer(7, 'a', 'uploaded', 100)]);
		expect(room).toMatchObject({ seq: 7, client: 'me', senders: 2, isKnown: true, isEnded: false });
		expect(room.transfers.get('a')).toMatchObject({ state: 'uploaded', bytes: 100, file: 'a.txt' });
	});

	it('counts changes of the share and of its files', () => {
		const room = told([
			{ type: 'share', seq: 1, state: 'changed' },
			{ type: 'file', seq: 2, state: 'added', name: 'x' },
			{ type: 'share', seq: 3, state: 'ended' },
		]);
		expect(room).toMatchObject({ changes: 3, isEnded: true });
	});

	it('passes over what it does not know', () => {
		const room = fold(EMPTY_ROOM, { type: 'weather', seq: 9 } as unknown as RoomEvent);
		expect({ ...room, seq: -1 }).toEqual(EMPTY_ROOM);
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
		const before = told([transfer(1, 'moving', 'uploading', 5), transfer(2, 'done', 'uploaded', 100), transfer(3, 'there', 'uploading', 7)]);
		const room = told([welcome(false), snapshot(1, 1), transfer(1, 'there', 'uploading', 7)], before);
		expect([...room.transfers.keys()]).toEqual(['done', 'there']);
		expect(told([welcome(false), snapshot(1, 0)], before).transfers.has('moving')).toBe(false);
	});

	it('drops nothing before the snapshot is whole', () => {
		const before = told([transfer(1, 'a', 'uploading', 5)]);
		expect(told([welcome(false), snapshot(1, 2), transfer(1, 'b', 'uploading', 7)], before).transfers.has('a')).toBe(true);
	});

	it('hands out new objects, and the same ones where nothing changed', () => {
		const before = told([transfer(1, 'a', 'uploaded', 100)]);
		const after = fold(before, transfer(2, 'a', 'uploading', 50));
		expect(after.transfers.get('a')).toBe(before.transfers.get('a'));
		expect(told([transfer(2, 'a', 'confirmed', 100)], before).transfers).not.toBe(before.transfers);
		expect(before.transfers.get('a')!.state).toBe('uploaded');
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
			let room = EMPTY_ROOM;
			for (const event of shuffled(random, [...story, ...story.slice(0, 10)])) {
				const was = room;
				room = fold(room, event);
				expect(room.seq, `seed ${seed}`).toBeGreaterThanOrEqual(was.seq);
				expect(room.senders, `seed ${seed}`).toBeGreaterThanOrEqual(was.senders); // grows with seq in this story
				for (const [id, before] of was.transfers) {
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
