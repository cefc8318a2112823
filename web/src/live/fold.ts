// SPDX-License-Identifier: Apache-2.0
//
// fold.ts - what is known of a share's room, folded out of its events
//
// A picture is a new object for each event, and pure but for two things that all pictures of one room share and that
// are changed in place, so that an event costs the same whatever the share holds: `transfers` and `renewed`.
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
import { isMoving, type Transfer, Transfers } from './transfers';

export interface Room {
	readonly seq: number; // the last event heard; -1: none of this server's life
	readonly client: string | null; // who we are there
	readonly presenceSeq: number;
	readonly senders: number;
	readonly receivers: number;
	readonly who: readonly Seat[];
	readonly transfers: Transfers;
	readonly isEnded: boolean; // the share
	readonly changes: number; // grows when the share became another, or may have
	readonly isKnown: boolean; // a snapshot, or presence, has been heard
	readonly awaited: number; // transfers that the snapshot still has to say
	readonly renewed: Set<string>; // those it has said
}

export const emptyRoom = (): Room => ({
	seq: -1,
	client: null,
	presenceSeq: -1,
	senders: 0,
	receivers: 0,
	who: [],
	transfers: new Transfers(),
	isEnded: false,
	changes: 0,
	isKnown: false,
	awaited: 0,
	renewed: new Set(),
});

const RANK: Record<TransferState, number> = { waiting: 0, uploading: 1, uploaded: 2, confirmed: 3, failed: 4, cancelled: 4 };

/** What a transfer that was in @was is in after @said came. */
export function stateNext(was: TransferState, said: TransferState): TransferState {
	if (was === 'confirmed' || was === 'failed' || was === 'cancelled') return was;
	if (was === 'uploaded') return said === 'confirmed' ? said : was;
	return RANK[said] > RANK[was] ? said : was;
}

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
	if (next !== was) room.transfers.set(next);
	if (room.awaited === 0) return room;
	room.renewed.add(event.id);
	const awaited = room.awaited - 1;
	return awaited > 0 ? { ...room, awaited } : pruned({ ...room, awaited });
}

/** F4. */
function pruned(room: Room): Room {
	room.transfers.prune(room.renewed);
	return { ...room, renewed: new Set() };
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
		default:
			return room; // files are the list's, and signals are no part of the picture; and what we do not know is passed over
	}
}
