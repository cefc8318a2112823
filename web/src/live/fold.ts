// SPDX-License-Identifier: Apache-2.0
//
// fold.ts - what is known of a share's room, folded out of its events by a pure function
//
//   F1  A transfer's state only goes forward (net/talk/transfer_state.h): waiting, uploading, uploaded,
//       confirmed; or failed, cancelled from the first two. Its bytes only grow. Whatever order, repetition
//       or past the messages come in, that holds.
//   F2  Presence is a state as a whole: the newest (by seq) is the truth.
//   F3  A server that begins anew counts seq from the start: a welcome that does not resume forgets how far
//       we have heard, and nothing else.
//   F4  A snapshot says how many transfers follow it. What still moved in our eyes and is not among them has
//       ended unheard, and goes; what had ended stays as it ended.

import type { RoomEvent, Seat, TransferEvent, TransferState } from '../api/types';

export interface Transfer {
	readonly id: string;
	readonly file: string;
	readonly direction: 'up' | 'down';
	readonly state: TransferState;
	readonly bytes: number;
	readonly size: number | null;
	readonly bytesPerSecond: number;
	readonly stalled: string | null;
	readonly client: string | null;
}

export interface Room {
	readonly seq: number; // the last event heard; -1: none of this server's life
	readonly client: string | null; // who we are there
	readonly presenceSeq: number;
	readonly senders: number;
	readonly receivers: number;
	readonly who: readonly Seat[];
	readonly transfers: ReadonlyMap<string, Transfer>; // in the order in which they were first heard of
	readonly isEnded: boolean; // the share
	readonly changes: number; // grows when the share or its list of files became another
	readonly isKnown: boolean; // a snapshot, or presence, has been heard
	readonly awaited: number; // transfers that the snapshot still has to say
	readonly renewed: ReadonlySet<string>; // those it has said
}

export const EMPTY_ROOM: Room = {
	seq: -1,
	client: null,
	presenceSeq: -1,
	senders: 0,
	receivers: 0,
	who: [],
	transfers: new Map(),
	isEnded: false,
	changes: 0,
	isKnown: false,
	awaited: 0,
	renewed: new Set(),
};

const RANK: Record<TransferState, number> = { waiting: 0, uploading: 1, uploaded: 2, confirmed: 3, failed: 4, cancelled: 4 };

/** What a transfer that was in @was is in after @said came. */
export function stateNext(was: TransferState, said: TransferState): TransferState {
	if (was === 'confirmed' || was === 'failed' || was === 'cancelled') return was;
	if (was === 'uploaded') return said === 'confirmed' ? said : was;
	return RANK[said] > RANK[was] ? said : was;
}

export const isMoving = (state: TransferState): boolean => state === 'waiting' || state === 'uploading';

function transferOf(event: TransferEvent): Transfer {
	return {
		id: event.id,
		file: event.file,
		direction: event.direction,
		state: event.state,
		bytes: event.bytes,
		size: event.size,
		bytesPerSecond: event.bytes_per_s,
		stalled: event.stalled,
		client: event.client,
	};
}

function transferNext(was: Transfer, event: TransferEvent): Transfer {
	const state = stateNext(was.state, event.state);
	const isPast = RANK[event.state] < RANK[state] || event.bytes < was.bytes;
	const bytes = Math.max(was.bytes, event.bytes);
	if (isPast || (state === was.state && !isMoving(state))) return state === was.state && bytes === was.bytes ? was : { ...was, state, bytes };
	return { ...transferOf(event), state, bytes, client: event.client ?? was.client };
}

function withTransfer(room: Room, event: TransferEvent): Room {
	const was = room.transfers.get(event.id);
	const next = was === undefined ? transferOf(event) : transferNext(was, event);
	let { transfers } = room;
	if (next !== was) transfers = new Map(room.transfers).set(event.id, next);
	if (room.awaited === 0) return { ...room, transfers };
	const renewed = new Set(room.renewed).add(event.id);
	const awaited = room.awaited - 1;
	return awaited > 0 ? { ...room, transfers, renewed, awaited } : pruned({ ...room, transfers, renewed, awaited });
}

/** F4. */
function pruned(room: Room): Room {
	const transfers = new Map([...room.transfers].filter(([id, transfer]) => !isMoving(transfer.state) || room.renewed.has(id)));
	return { ...room, transfers, renewed: new Set() };
}

function withPresence(room: Room, event: { seq: number; who: Seat[]; senders: number; receivers: number }): Room {
	if (event.seq < room.presenceSeq) return room;
	return { ...room, presenceSeq: event.seq, who: event.who, senders: event.senders, receivers: event.receivers, isKnown: true };
}

export function fold(before: Room, event: RoomEvent): Room {
	if (event.type === 'welcome') {
		const room = { ...before, client: event.client, awaited: 0, renewed: new Set<string>() };
		return event.resumed ? room : { ...room, seq: -1, presenceSeq: -1 };
	}
	const room = event.seq > before.seq ? { ...before, seq: event.seq } : before;
	switch (event.type) {
		case 'snapshot': {
			const next = { ...withPresence(room, event), awaited: event.transfers, renewed: new Set<string>(), changes: room.changes + 1 };
			return event.transfers > 0 ? next : pruned(next);
		}
		case 'presence':
			return withPresence(room, event);
		case 'transfer':
			return withTransfer(room, event);
		case 'share':
			return { ...room, changes: room.changes + 1, isEnded: room.isEnded || event.state === 'ended' };
		case 'file':
			return { ...room, changes: room.changes + 1 };
		default:
			return room; // signals are no part of the picture; and what we do not know is passed over
	}
}
