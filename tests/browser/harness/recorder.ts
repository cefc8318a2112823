// SPDX-License-Identifier: Apache-2.0
//
// recorder.ts - what a page showed in the course of time: each row's states, and the percents of its large bars
//
// recorderInstall() runs in the page before its own scripts do, so it may use nothing of this file.
import type { Page } from 'playwright-core';

export interface Shown {
	rows: { name: string; states: string[] }[];
	percents: Record<string, number[]>; // by the bar's name
	linkMs: number | null; // from the moment that files were chosen until the link was there
}

export function recorderInstall(): void {
	const shown: Shown = { rows: [], percents: {}, linkMs: null };
	const rows = new WeakMap<Element, Shown['rows'][number]>();
	let chosenMs: number | null = null;
	(window as unknown as { shown: Shown }).shown = shown;

	const look = () => {
		for (const element of document.querySelectorAll('[data-testid="upload"], [data-testid="file"]')) {
			const state = (element as HTMLElement).dataset['state'] ?? '';
			let row = rows.get(element);
			if (!row) {
				row = { name: element.querySelector('p')?.textContent ?? '', states: [] };
				rows.set(element, row);
				shown.rows.push(row);
			}
			if (row.states.at(-1) !== state) {
				row.states.push(state);
			}
		}
		const bar = document.querySelector('.rope[role="progressbar"]');
		if (bar !== null) {
			const percents = (shown.percents[bar.getAttribute('aria-label') ?? ''] ??= []);
			const percent = Number(bar.getAttribute('aria-valuenow'));
			if (percents.at(-1) !== percent) {
				percents.push(percent);
			}
		}
		if (chosenMs !== null && shown.linkMs === null && document.querySelector('[data-testid="link"]')) {
			shown.linkMs = performance.now() - chosenMs;
		}
	};
	new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
	document.addEventListener('change', (event) => {
		if ((event.target as HTMLInputElement).type === 'file') {
			chosenMs ??= performance.now();
		}
	}, true);
	// A violation of the page's policy is said as an error, wherever the browser itself says it.
	document.addEventListener('securitypolicyviolation', (event) =>
		console.error(`the policy was violated: ${event.violatedDirective} by ${event.blockedURI}`));
}

/** Of this life of the page: a reload begins a new one. */
export function shownBy(page: Page): Promise<Shown> {
	return page.evaluate(() => (window as unknown as { shown: Shown }).shown);
}

const RANK: Record<string, number> = {
	arriving: 0, complete: 1,
	queued: 2, sending: 2, stalled: 2, paused: 2, running: 2,
	verifying: 3, uploaded: 3, taken: 4, confirmed: 5, verified: 5, failed: 6, cancelled: 6,
};

/** Throws where a state or the percents went back. */
export function onlyForward(shown: Shown): void {
	for (const { name, states } of shown.rows) {
		for (let i = 1; i < states.length; i += 1) {
			if ((RANK[states[i]!] ?? -1) < (RANK[states[i - 1]!] ?? -1)) {
				throw new Error(`${name} went back: ${states.join(', ')}`);
			}
		}
	}
	for (const [name, percents] of Object.entries(shown.percents)) {
		for (let i = 1; i < percents.length; i += 1) {
			if (percents[i]! < percents[i - 1]!) {
				throw new Error(`the bar "${name}" went back: ${percents.join(', ')}`);
			}
		}
	}
}
