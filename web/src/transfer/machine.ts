// SPDX-License-Identifier: Apache-2.0
//
// machine.ts - the states of one upload, and of one download, as pure functions over tables of legal edges
//
//   upload:    queued <-> sending <-> stalled <-> paused, each -> uploaded -> confirmed
//                                                         each -> failed | cancelled
//   download:  running <-> stalled <-> paused, each -> verifying -> verified | taken
//              running | stalled -> taken       (by the browser's own download)
//              paused -> verifying | ...        (the pause came too late: the last byte was here already)
//              each that is not final -> failed | cancelled
//
//   M1  An edge that is not in the table changes nothing: what comes twice, late or out of order is the past.
//   M2  Confirmed bytes only grow; but for `restart`, which says that what the server had is lost.
//   M3  A stall is there in `stalled` and `paused` only, a failure in `failed` only.

import type { DownloadState, Failure, Stall, UploadState } from './model';

const UPLOAD_EDGES: Record<UploadState, readonly UploadState[]> = {
	queued: ['sending', 'stalled', 'paused', 'uploaded', 'failed', 'cancelled'],
	sending: ['queued', 'stalled', 'paused', 'uploaded', 'failed', 'cancelled'],
	stalled: ['queued', 'sending', 'paused', 'uploaded', 'failed', 'cancelled'],
	paused: ['queued', 'uploaded', 'failed', 'cancelled'],
	uploaded: ['confirmed'],
	confirmed: [],
	failed: [],
	cancelled: [],
};

const DOWNLOAD_EDGES: Record<DownloadState, readonly DownloadState[]> = {
	running: ['stalled', 'paused', 'verifying', 'verified', 'taken', 'failed', 'cancelled'],
	stalled: ['running', 'paused', 'verifying', 'verified', 'taken', 'failed', 'cancelled'],
	paused: ['running', 'verifying', 'verified', 'taken', 'failed', 'cancelled'],
	verifying: ['verified', 'taken', 'failed', 'cancelled'],
	verified: [],
	taken: ['verified'],
	failed: [],
	cancelled: [],
};

export interface Machine<S> {
	readonly state: S;
	readonly stall: Stall | null;
	readonly failure: Failure | null;
	readonly done: number; // bytes
}

export type UploadMachine = Machine<UploadState>;
export type DownloadMachine = Machine<DownloadState>;

export type MachineEvent<S> =
	| { type: 'go'; state: S } // to a state that needs no reason
	| { type: 'stall'; stall: Stall }
	| { type: 'bytes'; done: number }
	| { type: 'fail'; failure: Failure }
	| { type: 'restart' }; // from the first byte

export const QUEUED: UploadMachine = { state: 'queued', stall: null, failure: null, done: 0 };
export const RUNNING: DownloadMachine = { state: 'running', stall: null, failure: null, done: 0 };

function moved<S extends string>(edges: Record<S, readonly S[]>, was: Machine<S>, state: S, stall: Stall | null, failure: Failure | null): Machine<S> {
	if (state === was.state) return state === 'stalled' && stall !== was.stall ? { ...was, stall } : was;
	if (!edges[was.state].includes(state)) return was;
	return { state, stall, failure, done: was.done };
}

function next<S extends UploadState | DownloadState>(edges: Record<S, readonly S[]>, was: Machine<S>, event: MachineEvent<S>): Machine<S> {
	const isFinal = edges[was.state].length === 0;
	switch (event.type) {
		case 'go':
			return moved(edges, was, event.state, event.state === 'paused' ? 'paused' : null, null);
		case 'stall':
			return moved(edges, was, 'stalled' as S, event.stall, null);
		case 'fail':
			return moved(edges, was, 'failed' as S, null, event.failure);
		case 'bytes':
			return isFinal || event.done <= was.done ? was : { ...was, done: event.done };
		case 'restart':
			return edges[was.state].includes('failed' as S) && was.done > 0 ? { ...was, done: 0 } : was;
	}
}

export const uploadNext = (was: UploadMachine, event: MachineEvent<UploadState>): UploadMachine => next(UPLOAD_EDGES, was, event);
export const downloadNext = (was: DownloadMachine, event: MachineEvent<DownloadState>): DownloadMachine => next(DOWNLOAD_EDGES, was, event);

/** Is it over, whatever comes? An uploaded file is, though it may still be confirmed. */
export const isUploadOver = (state: UploadState): boolean => !UPLOAD_EDGES[state].includes('cancelled');
export const isDownloadOver = (state: DownloadState): boolean => !DOWNLOAD_EDGES[state].includes('cancelled');
