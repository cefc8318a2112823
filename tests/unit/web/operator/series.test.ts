// SPDX-License-Identifier: Apache-2.0
//
// Goal: charts are differences over the server's own time; a restart or a sleep is a gap, never a spike.
// Method: samples made by hand.

import type { MetricsJson } from '../../../../web/src/api/types';
import { hourOf, liveNext, nowOf, type Rates, ratesOf, type Sample, seriesOf } from '../../../../web/src/operator/series';

const sample = (atMs: number, count: number): Sample => ({
	atMs,
	cpuSeconds: count / 1000,
	totals: { received_bytes: count * 10, sent_bytes: count * 20, requests: count, errors: 0, uploads: 3, downloads: 4, connections: 7 },
});

describe('rates', () => {
	it('are differences over seconds', () => {
		expect(ratesOf(sample(0, 0), sample(2000, 100))).toEqual({ atMs: 2000, receivedPerSecond: 500, sentPerSecond: 1000, requestsPerSecond: 50, errorsPerSecond: 0, cpu: 0.05, connections: 7 });
	});
	it('are not said over no time, or over a restart', () => {
		expect(ratesOf(sample(5, 1), sample(5, 2))).toBeNull();
		expect(ratesOf(sample(5, 1), sample(4, 2))).toBeNull();
		expect(ratesOf(sample(0, 500), sample(1000, 3))).toBeNull();
	});
	it('have uploads and downloads of all reactors', () => {
		const reactor = { index: 0, slabs: 1, slabs_in_use: 1, memory: 1, connections: 1, uploads: 2, downloads: 5 };
		const now = nowOf(ratesOf(sample(0, 0), sample(1000, 1)), sample(0, 0).totals, [reactor, { ...reactor, index: 1 }]);
		expect(now).toMatchObject({ uploads: 4, downloads: 10, connections: 7 });
		expect(nowOf(null, sample(0, 0).totals, [])).toBeNull();
	});
});

describe('the last minutes', () => {
	it('are cut where the page slept, and end', () => {
		let points: Rates[] = [];
		for (let second = 1; second <= 400; second++) points = liveNext(points, ratesOf(sample((second - 1) * 1000, 0), sample(second * 1000, 1))!);
		expect(points).toHaveLength(300);
		points = liveNext(points, ratesOf(sample(500_000, 0), sample(501_000, 1))!);
		const { times, sentPerSecond } = seriesOf(points);
		expect(sentPerSecond.slice(-2)).toEqual([null, 20]);
		expect(times.every((time, index) => index === 0 || time > times[index - 1]!)).toBe(true);
	});
});

describe('the last hour', () => {
	it('is the server\'s history, each step by its length', () => {
		const history: MetricsJson['history'] = { step_ms: 10_000, end_ms: 100_000, received_bytes: [0, 1000], sent_bytes: [5, 10], requests: [1, 2], errors: [0, 1], cpu_ms: [500, 10_000], connections: [3, 4] };
		expect(hourOf(history)).toEqual({
			times: [90, 100],
			receivedPerSecond: [0, 100],
			sentPerSecond: [0.5, 1],
			requestsPerSecond: [0.1, 0.2],
			errorsPerSecond: [0, 0.1],
			cpu: [0.05, 1],
			connections: [3, 4],
		});
	});
});
