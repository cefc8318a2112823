// SPDX-License-Identifier: Apache-2.0
//
// series.ts - numbers over time for the operator's charts: the last minutes out of differences of what we asked
// for ourselves, the last hour out of the server's own history

import type { MetricsJson } from '../api/types';
import type { OperatorView, Series } from '../transfer/model';

const LIVE_POINTS_MAX = 300; // five minutes, at a point a second
const GAP_MS = 5_000; // between two answers, over which the line is cut: the page slept

export interface Sample {
	atMs: number; // the server's clock
	totals: MetricsJson['totals'];
	cpuSeconds: number;
}

export interface Rates {
	atMs: number;
	receivedPerSecond: number | null;
	sentPerSecond: number | null;
	requestsPerSecond: number | null;
	errorsPerSecond: number | null;
	cpu: number | null; // cores
	connections: number | null;
}

export const sampleOf = (metrics: MetricsJson): Sample => ({ atMs: metrics.time_ms, totals: metrics.totals, cpuSeconds: metrics.cpu_seconds });

/** Null: a time that cannot be compared (no difference, or the server began anew). */
export function ratesOf(before: Sample, after: Sample): Rates | null {
	const seconds = (after.atMs - before.atMs) / 1000;
	const { totals: was } = before;
	const { totals: is } = after;
	if (seconds <= 0 || is.requests < was.requests || is.sent_bytes < was.sent_bytes || after.cpuSeconds < before.cpuSeconds) return null;
	return {
		atMs: after.atMs,
		receivedPerSecond: (is.received_bytes - was.received_bytes) / seconds,
		sentPerSecond: (is.sent_bytes - was.sent_bytes) / seconds,
		requestsPerSecond: (is.requests - was.requests) / seconds,
		errorsPerSecond: (is.errors - was.errors) / seconds,
		cpu: (after.cpuSeconds - before.cpuSeconds) / seconds,
		connections: is.connections,
	};
}

/** With the newest at the end; a gap is a point without numbers. */
export function liveNext(points: readonly Rates[], rates: Rates): Rates[] {
	const last = points.at(-1);
	const isCut = last !== undefined && rates.atMs - last.atMs > GAP_MS;
	const gap: Rates = { atMs: rates.atMs - 1, receivedPerSecond: null, sentPerSecond: null, requestsPerSecond: null, errorsPerSecond: null, cpu: null, connections: null };
	return [...points, ...(isCut ? [gap] : []), rates].slice(-LIVE_POINTS_MAX);
}

export function seriesOf(points: readonly Rates[]): Series {
	return {
		times: points.map(({ atMs }) => atMs / 1000),
		receivedPerSecond: points.map((point) => point.receivedPerSecond),
		sentPerSecond: points.map((point) => point.sentPerSecond),
		requestsPerSecond: points.map((point) => point.requestsPerSecond),
		errorsPerSecond: points.map((point) => point.errorsPerSecond),
		cpu: points.map((point) => point.cpu),
		connections: points.map((point) => point.connections),
	};
}

export function hourOf(history: MetricsJson['history']): Series {
	const stepS = history.step_ms / 1000;
	const count = history.received_bytes.length;
	const perSecond = (amounts: readonly number[]) => amounts.map((amount) => amount / stepS);
	return {
		times: Array.from({ length: count }, (_, index) => (history.end_ms - (count - 1 - index) * history.step_ms) / 1000),
		receivedPerSecond: perSecond(history.received_bytes),
		sentPerSecond: perSecond(history.sent_bytes),
		requestsPerSecond: perSecond(history.requests),
		errorsPerSecond: perSecond(history.errors),
		cpu: history.cpu_ms.map((ms) => ms / history.step_ms),
		connections: history.connections,
	};
}

export function nowOf(rates: Rates | null, totals: MetricsJson['totals'], reactors: MetricsJson['reactors']): OperatorView['now'] {
	if (rates === null) return null;
	const sum = (of: (reactor: MetricsJson['reactors'][number]) => number) => reactors.reduce((all, reactor) => all + of(reactor), 0);
	return {
		receivedPerSecond: rates.receivedPerSecond ?? 0,
		sentPerSecond: rates.sentPerSecond ?? 0,
		requestsPerSecond: rates.requestsPerSecond ?? 0,
		errorsPerSecond: rates.errorsPerSecond ?? 0,
		connections: totals.connections,
		uploads: sum((reactor) => reactor.uploads),
		downloads: sum((reactor) => reactor.downloads),
	};
}
