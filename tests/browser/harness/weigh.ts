// SPDX-License-Identifier: Apache-2.0
//
// weigh.ts - what a page costs who opens it: requests, bytes on the wire, and the time until something is seen
import type { Browser } from 'playwright-core';

export interface Weight {
	requests: number;
	bytes: number; // on the wire: compressed, with heads
	kinds: Record<string, number>; // the same by kind
	firstPaintMs: number; // of content
	largestPaintMs: number;
	shift: number; // cumulative layout shift
	blockedMs: number; // of long tasks, what is over 50 ms
}

export interface Line {
	latencyMs: number;
	bytesPerSecond: number;
	cpuSlowdown: number;
}

/** What Lighthouse takes for a telephone: slow 4G, and a processor of a quarter of the speed. */
export const SLOW_4G: Line = { latencyMs: 150, bytesPerSecond: 1_600_000 / 8, cpuSlowdown: 4 };

/** An empty cache, and a page that is left alone until nothing has come for half a second. */
export async function weigh(browser: Browser, url: string, line: Line | null = null): Promise<Weight> {
	const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 412, height: 823 } });
	const page = await context.newPage();
	const session = await context.newCDPSession(page);
	const kindOf = new Map<string, string>();
	const weight: Weight = { requests: 0, bytes: 0, kinds: {}, firstPaintMs: 0, largestPaintMs: 0, shift: 0, blockedMs: 0 };
	session.on('Network.responseReceived', ({ requestId, type }) => kindOf.set(requestId, type));
	session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
		const kind = kindOf.get(requestId) ?? 'Other';
		weight.requests += 1;
		weight.bytes += encodedDataLength;
		weight.kinds[kind] = (weight.kinds[kind] ?? 0) + encodedDataLength;
	});
	await session.send('Network.enable');
	if (line) {
		await session.send('Network.emulateNetworkConditions', {
			offline: false, latency: line.latencyMs, downloadThroughput: line.bytesPerSecond, uploadThroughput: line.bytesPerSecond,
		});
		await session.send('Emulation.setCPUThrottlingRate', { rate: line.cpuSlowdown });
	}
	await page.addInitScript(() => {
		const seen = { largest: 0, shift: 0, blocked: 0 };
		(window as unknown as { seen: typeof seen }).seen = seen;
		const watch = (type: string, take: (entry: PerformanceEntry) => void) =>
			new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
		watch('largest-contentful-paint', (entry) => (seen.largest = entry.startTime));
		watch('layout-shift', (entry) => (seen.shift += (entry as unknown as { value: number }).value));
		watch('longtask', (entry) => (seen.blocked += Math.max(0, entry.duration - 50)));
	});
	await page.goto(url, { waitUntil: 'networkidle' });
	const seen = await page.evaluate(() => ({
		...(window as unknown as { seen: { largest: number; shift: number; blocked: number } }).seen,
		first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
	}));
	await context.close();
	return { ...weight, firstPaintMs: seen.first, largestPaintMs: seen.largest, shift: seen.shift, blockedMs: seen.blocked };
}
