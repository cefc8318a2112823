// SPDX-License-Identifier: Apache-2.0
//
// session.ts - the operator's page: numbers once a second, the nodes, and the shares, by the public interface only
//
//   token -> loading -> ready | failed;  any -> token, when the server does not know the token (any more)

import { Client } from '../api/client';
import { ApiError } from '../api/error';
import { failureOf } from '../api/failure';
import type { ClusterJson, MetricsJson, ShareJson } from '../api/types';
import { Store } from '../live/store';
import { isOffline } from '../live/wake';
import type { OperatorSession, OperatorView, Stall } from '../transfer/model';
import { shareViewOf } from '../transfer/share_view';
import { hourOf, liveNext, nowOf, type Rates, ratesOf, type Sample, sampleOf, seriesOf } from './series';
import { operatorToken } from './token';

const METRICS_MS = 1_000;
const HIDDEN_MS = 10_000; // while nobody looks
const CLUSTER_EVERY = 5; // questions about metrics
const FAILURES_MAX = 3; // in a row, before it is said
const SEARCH_PAGES_MAX = 50; // that a search reads by itself
const GIB = 2 ** 30;

type Shares = OperatorView['shares'];

const STALLS: Record<string, Stall> = { 'sender idle': 'sender-idle', 'receiver slow': 'receiver-slow', disk: 'disk', quota: 'quota' };

const EMPTY: OperatorView = {
	state: 'token',
	wrongToken: false,
	failure: null,
	node: null,
	now: null,
	live: seriesOf([]),
	hour: seriesOf([]),
	transfers: [],
	transfersCut: false,
	cluster: null,
	shares: [],
	sharesMore: false,
	connection: 'connecting',
};

export class Operating implements OperatorSession {
	readonly #store = new Store<OperatorView>(EMPTY);
	#token: string | null = operatorToken.get();
	#timer: ReturnType<typeof setTimeout> | null = null;
	#sample: Sample | null = null;
	#points: Rates[] = [];
	#failures = 0;
	#asked = 0;
	#shares: ShareJson[] = [];
	#next: string | null = null;
	#isReading = false;
	#wanted = '';
	#isClosed = false;

	constructor(private readonly client: Client) {
		if (this.#token !== null) void this.token(this.#token);
	}

	subscribe(run: (view: OperatorView) => void): () => void {
		return this.#store.subscribe(run);
	}

	/** The list of shares is what only a right token opens, so it is the proof. */
	async token(text: string): Promise<boolean> {
		this.#change({ state: 'loading', wrongToken: false, failure: null });
		try {
			const list = await this.client.shares(text, null);
			this.#token = text;
			operatorToken.set(text);
			this.#shares = list.shares;
			this.#next = list.next;
			this.#change({ state: 'ready', connection: 'online' });
			this.#drawShares();
			void this.#turn();
			return true;
		} catch (error) {
			this.#refused(error, { state: 'failed', failure: failureOf(error) });
			return false;
		}
	}

	/** And all that it opened. */
	forget(): void {
		operatorToken.set(null);
		this.#token = null;
		this.#next = null;
		this.#failures = 0;
		this.#sample = null;
		this.#points = [];
		this.#shares = [];
		if (this.#timer !== null) clearTimeout(this.#timer);
		if (!this.#isClosed) this.#store.set(EMPTY);
	}

	search(text: string): void {
		this.#wanted = text.trim().toLowerCase();
		this.#drawShares();
		if (this.#wanted !== '') void this.#readMore(SEARCH_PAGES_MAX);
	}

	more(): void {
		void this.#readMore(1);
	}

	async end(id: string): Promise<boolean> {
		if (this.#token === null) return false;
		try {
			await this.client.endShare(id, this.#token);
		} catch (error) {
			if (!(error instanceof ApiError && (error.status === 404 || error.status === 410))) {
				this.#refused(error, { failure: failureOf(error) });
				return false;
			}
		}
		this.#shares = this.#shares.filter((share) => share.id !== id);
		this.#drawShares();
		return true;
	}

	close(): void {
		this.#isClosed = true;
		if (this.#timer !== null) clearTimeout(this.#timer);
	}

	#change(part: Partial<OperatorView>): void {
		if (!this.#isClosed) this.#store.set({ ...this.#store.value, ...part });
	}

	#refused(error: unknown, otherwise: Partial<OperatorView>): void {
		const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403);
		if (!isRefused) return this.#change(otherwise);
		this.forget();
		this.#change({ wrongToken: true });
	}

	// ---- numbers ----

	async #turn(): Promise<void> {
		if (this.#timer !== null) clearTimeout(this.#timer);
		const token = this.#token;
		if (token === null || this.#isClosed) return;
		try {
			const metrics = await this.client.metrics(token);
			if (this.#asked++ % CLUSTER_EVERY === 0) this.#change({ cluster: clusterOf(await this.client.cluster(token)) });
			if (token === this.#token) this.#measured(metrics);
		} catch (error) {
			if (token !== this.#token) return; // said of the one before; whoever entered this one has asked by itself
			this.#failures++;
			const isLost = this.#failures >= FAILURES_MAX;
			this.#refused(error, { connection: isOffline() ? 'offline' : 'reconnecting', ...(isLost ? { failure: failureOf(error) } : {}) });
		}
		if (this.#isClosed || this.#token === null) return;
		if (this.#timer !== null) clearTimeout(this.#timer);
		this.#timer = setTimeout(() => void this.#turn(), globalThis.document?.visibilityState === 'hidden' ? HIDDEN_MS : METRICS_MS);
	}

	#measured(metrics: MetricsJson): void {
		const sample = sampleOf(metrics);
		const rates = this.#sample === null ? null : ratesOf(this.#sample, sample);
		this.#sample = sample;
		this.#failures = 0;
		if (rates !== null) this.#points = liveNext(this.#points, rates);
		this.#change({
			connection: 'online',
			failure: null,
			node: nodeOf(metrics),
			now: nowOf(rates, metrics.totals, metrics.reactors),
			live: seriesOf(this.#points),
			hour: hourOf(metrics.history),
			transfers: (metrics.transfers ?? []).map((one) => ({
				share: one.share,
				file: one.file,
				direction: one.direction,
				bytes: one.bytes,
				size: one.size,
				bytesPerSecond: one.bytes_per_s,
				stall: STALLS[one.stalled ?? ''] ?? null,
			})),
			transfersCut: metrics.transfers_cut === true,
		});
	}

	// ---- shares ----

	async #readMore(pages: number): Promise<void> {
		if (this.#isReading) return;
		this.#isReading = true;
		try {
			for (let page = 0; page < pages && this.#next !== null && this.#token !== null && !this.#isClosed; page++) {
				if (page > 0 && this.#wanted === '') return; // nobody searches any more
				const list = await this.client.shares(this.#token, this.#next);
				const known = new Set(this.#shares.map(({ id }) => id));
				this.#shares = [...this.#shares, ...list.shares.filter(({ id }) => !known.has(id))];
				this.#next = list.next;
				this.#drawShares();
			}
		} catch (error) {
			this.#refused(error, { failure: failureOf(error) });
		} finally {
			this.#isReading = false;
		}
	}

	#drawShares(): void {
		const wanted = this.#wanted;
		const isWanted = (share: ShareJson) => [share.id, share.link_name ?? '', share.message ?? ''].some((text) => text.toLowerCase().includes(wanted));
		const shares: Shares = this.#shares.filter(isWanted).map((json) => ({ ...shareViewOf(json), size: json.size, fileCount: json.file_count }));
		this.#change({ shares, sharesMore: this.#next !== null });
	}
}

function nodeOf(metrics: MetricsJson): OperatorView['node'] {
	const moved = metrics.totals.received_bytes + metrics.totals.sent_bytes;
	return {
		id: metrics.node,
		version: metrics.version,
		uptimeSeconds: metrics.uptime_s,
		hashKernel: metrics.hash_kernel,
		memoryBudget: metrics.memory.budget,
		memoryPeak: metrics.memory.resident_peak,
		reactors: metrics.reactors.map(({ slabs_in_use, ...reactor }) => ({ ...reactor, slabsInUse: slabs_in_use })),
		storeUsed: metrics.store.stored_bytes,
		storeFree: metrics.store.free_bytes,
		quota: metrics.store.quota,
		cpuSecondsPerGiB: moved > 0 ? metrics.cpu_seconds / (moved / GIB) : null,
	};
}

function clusterOf(json: ClusterJson): OperatorView['cluster'] {
	return {
		mode: json.mode,
		leader: json.leader,
		epoch: json.epoch,
		nodes: json.nodes.map((node) => ({ ...node, isSelf: node.id === json.self, isLeader: node.id === json.leader })),
	};
}

const client = new Client();

export const openOperator = (): OperatorSession => new Operating(client);
