// SPDX-License-Identifier: Apache-2.0
//
// types.ts - what the server says and takes, word for word as net/talk/API.md has it
//
// Fields may be added to answers, so nothing here is checked for what it has besides.

export type ShareMode = 'stored' | 'live' | 'spill';

export interface FileJson {
	name: string;
	url: string;
	size: number | null;
	received: number;
	is_complete: boolean;
	root: string | null;
	created_at: string;
	stored_from?: number; // mode spill: the bytes before this one have passed and are gone
}

export interface ShareJson {
	id: string;
	url: string;
	owner_token?: string; // said only when it is created
	link_name: string | null;
	mode: ShareMode;
	created_at: string;
	expires_at: string | null;
	downloads?: number; // said to owners only
	downloads_max: number | null;
	has_password: boolean;
	message: string | null;
	size: number;
	file_count: number;
	files?: FileJson[]; // not in answers to POST and PATCH
	next?: string | null;
}

export interface ShareListJson {
	shares: ShareJson[];
	next: string | null;
}

/** Members of a POST; a PATCH takes all but the last two. What is left out stays as it is. */
export interface PolicyJson {
	expires_in?: string | number | null;
	downloads_max?: number | null;
	password?: string | null;
	message?: string | null;
	link_name?: string;
	mode?: ShareMode;
}

// ---- events ----

export type TransferState = 'waiting' | 'uploading' | 'uploaded' | 'confirmed' | 'failed' | 'cancelled';
export type Role = 'sender' | 'receiver';

export interface Seat {
	client: string;
	role: Role;
	away?: boolean;
}

export interface TransferEvent {
	type: 'transfer';
	seq: number;
	id: string;
	file: string;
	direction: 'up' | 'down';
	state: TransferState;
	bytes: number;
	size: number | null;
	bytes_per_s: number;
	seconds_left: number | null;
	stalled: string | null;
	client: string | null;
}

interface Presence {
	seq: number;
	who: Seat[]; // the first 64; the counts are of all
	senders: number;
	receivers: number;
}

export type RoomEvent =
	| { type: 'welcome'; seq: number; client: string; secret: string; role: Role; resumed: boolean }
	| (Presence & { type: 'snapshot'; gap: boolean; transfers: number })
	| (Presence & { type: 'presence' })
	| TransferEvent
	| { type: 'share'; seq: number; state: 'changed' | 'ended' }
	| { type: 'file'; seq: number; state: 'added' | 'removed'; name: string }
	| { type: 'signal'; seq: number; from: string; data: unknown };

// ---- for operators ----

export interface MetricsJson {
	version: string;
	node: string;
	time_ms: number;
	uptime_s: number;
	hash_kernel: string;
	cpu_seconds: number;
	memory: { budget: number; resident_peak: number };
	store: { stored_bytes: number; reserved_bytes: number; free_bytes: number; quota: number | null };
	reactors: {
		index: number;
		slabs: number;
		slabs_in_use: number;
		memory: number;
		connections: number;
		uploads: number;
		downloads: number;
	}[];
	totals: {
		received_bytes: number;
		sent_bytes: number;
		requests: number;
		errors: number;
		uploads: number;
		downloads: number;
		connections: number;
	};
	/** Oldest first; each is the amount within its step, but for connections: the count at its end. */
	history: {
		step_ms: number;
		end_ms: number;
		received_bytes: number[];
		sent_bytes: number[];
		requests: number[];
		errors: number[];
		cpu_ms: number[];
		connections: number[];
	};
	/** Only to who shows an operator's token. */
	transfers?: {
		share: string;
		file: string;
		direction: 'up' | 'down';
		bytes: number;
		size: number | null;
		bytes_per_s: number;
		stalled: string | null;
	}[];
	transfers_cut?: boolean; // not all of them fitted
}

export interface ClusterJson {
	self: string;
	leader: string | null;
	epoch: number;
	mode: string;
	nodes: { id: string; address: string; role: string; health: string; version: string; load: number | null }[];
}

export interface HealthJson {
	status: string;
	version: string;
	uploads: boolean; // whether who asks may upload now
	bytes_free: number;
}
