// SPDX-License-Identifier: Apache-2.0
//
// operator.ts - an operator's session in memory: ?state=token, failed, stale, cluster, or a busy node
import type { OperatorSession, OperatorView, Series } from '../../../web/src/transfer/model';
import { share, still } from './session';

const state = new URLSearchParams(location.search).get('state') ?? '';
const MB = 1e6;
const GB = 1e9;

function series(count: number, step: number): Series {
	const now = Math.floor(Date.now() / 1000);
	const wave = (i: number, a: number, b: number) => Math.max(0, a * (1 + 0.5 * Math.sin(i / b) + 0.25 * Math.sin(i / 3.1)));
	const column = (make: (i: number) => number | null) => Array.from({ length: count }, (_, i) => make(i));
	return {
		times: Array.from({ length: count }, (_, i) => now - (count - i) * step),
		receivedPerSecond: column((i) => (i > 40 && i < 46 ? null : wave(i, 310 * MB, 17))),
		sentPerSecond: column((i) => wave(i, 480 * MB, 29)),
		requestsPerSecond: column((i) => wave(i, 140, 11)),
		errorsPerSecond: column((i) => (i % 37 === 0 ? 4 : 0)),
		cpu: column((i) => wave(i, 0.8, 23)),
		connections: column((i) => Math.round(wave(i, 210, 41))),
	};
}

const nodes: NonNullable<OperatorView['cluster']>['nodes'] = [
	{ id: 'quay-1', address: '10.0.4.11:5000', role: 'storage', health: 'alive', version: '0.4.0', load: 0.41, isSelf: true, isLeader: true },
	{ id: 'quay-2', address: '10.0.4.12:5000', role: 'storage', health: 'alive', version: '0.4.0', load: 0.22, isSelf: false, isLeader: false },
	{ id: 'quay-3', address: '10.0.4.13:5000', role: 'storage', health: 'suspect', version: '0.4.0', load: null, isSelf: false, isLeader: false },
];

function operatorView(): OperatorView {
	const base: OperatorView = {
		state: 'ready', wrongToken: false, failure: null, connection: 'online',
		node: {
			id: 'quay-1', version: '0.4.0', uptimeSeconds: 356_000, hashKernel: 'avx512', memoryBudget: 412 * MB, memoryPeak: 268 * MB,
			reactors: [0, 1, 2, 3].map((index) => ({ index, slabs: 1024, slabsInUse: [212, 640, 88, 1001][index]!, memory: 67 * MB, connections: 40 + index, uploads: index, downloads: 3 * index })),
			storeUsed: 812 * GB, storeFree: 1.1e12, quota: null, cpuSecondsPerGiB: 0.61,
		},
		now: { receivedPerSecond: 342 * MB, sentPerSecond: 511 * MB, requestsPerSecond: 143.2, errorsPerSecond: 0.4, connections: 214, uploads: 6, downloads: 18 },
		live: series(180, 1), hour: series(360, 10),
		transfers: [
			{ share: 'a', file: 'Harbour survey 2026, raw footage.mov', direction: 'up', bytes: 1.49 * GB, size: 2.4 * GB, bytesPerSecond: 84 * MB, stall: null },
			{ share: 'a', file: 'Harbour survey 2026, raw footage.mov', direction: 'down', bytes: 0.6 * GB, size: 2.4 * GB, bytesPerSecond: 0.2 * MB, stall: 'receiver-slow' },
			{ share: 'b', file: 'backup.tar', direction: 'up', bytes: 40 * GB, size: null, bytesPerSecond: 210 * MB, stall: null },
		],
		transfersCut: false,
		cluster: { mode: 'single', leader: 'quay-1', epoch: 7, nodes: state === 'cluster' ? nodes : nodes.slice(0, 1) },
		shares: [
			{ ...share({ message: 'The footage from Tuesday, uncut.' }), size: 2.4 * GB, fileCount: 2 },
			{ ...share({ id: 'crew-list', hasPassword: true, downloads: 2, downloadsMax: 5 }), size: 1.2 * MB, fileCount: 1 },
			{ ...share({ id: 'J8sPq0aVb2LmT6yRk4Nw', mode: 'live' }), size: 0, fileCount: 0 },
		],
		sharesMore: true,
	};
	switch (state) {
		case 'token':
			return { ...base, state: 'token', wrongToken: true, node: null, now: null };
		case 'failed':
			return { ...base, state: 'failed', failure: { code: 'refused', detail: null }, node: null, now: null };
		case 'stale':
			return { ...base, connection: 'reconnecting' };
		default:
			return base;
	}
}

export function openOperator(): OperatorSession {
	const store = still(operatorView());
	return {
		subscribe: store.subscribe,
		token: () => Promise.resolve(false),
		forget: () => store.set({ ...store.get(), state: 'token' }),
		search: () => undefined,
		more: () => undefined,
		end: () => Promise.resolve(false),
		close: () => undefined,
	};
}
