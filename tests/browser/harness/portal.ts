// SPDX-License-Identifier: Apache-2.0
//
// portal.ts - what people do on the pages, and what they wait for there: one function for each
import { readFileSync } from 'node:fs';
import type { Download, Locator, Page } from 'playwright-core';
import { en } from '../../../web/src/text/en';

/** What the pages say, by their own list: a better sentence there breaks no test, one that is gone does. */
export const words = en;

export const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 45_000); // for one condition: machines may be slow, and no test depends on how slow

/** Chosen on the send page that is open. */
export async function choose(page: Page, ...paths: string[]): Promise<void> {
	await page.getByTestId('file-input').setInputFiles(paths);
}

/** The send page, with these files in it. Returns the link. */
export async function send(page: Page, ...paths: string[]): Promise<string> {
	await page.goto('/');
	await page.getByRole('heading', { name: words.start.title }).waitFor({ timeout: PATIENCE_MS });
	await choose(page, ...paths);
	return linkOf(page);
}

export async function linkOf(page: Page): Promise<string> {
	const link = page.getByTestId('link');
	await link.waitFor({ timeout: PATIENCE_MS });
	return (await link.getAttribute('href')) ?? '';
}

/** The rows of the send page. */
export function uploads(page: Page, name?: string): Locator {
	const rows = page.getByTestId('upload');
	return name === undefined ? rows : rows.filter({ hasText: name });
}

/** The rows of the receive page. */
export function files(page: Page, name?: string): Locator {
	const rows = page.getByTestId('file');
	return name === undefined ? rows : rows.filter({ hasText: name });
}

/** Waits until the row is in one of these states. */
export function inState(row: Locator, ...states: string[]): Promise<void> {
	return inStateWithin(PATIENCE_MS, row, ...states);
}

export async function inStateWithin(timeout: number, row: Locator, ...states: string[]): Promise<void> {
	await expect.poll(() => row.getAttribute('data-state'), { timeout, interval: 50 }).toMatch(new RegExp(`^(${states.join('|')})$`));
}

/** Waits until the page says it, anywhere. */
export async function says(page: Page | Locator, text: string | RegExp): Promise<void> {
	await page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: PATIENCE_MS });
}

export async function button(page: Page | Locator, name: string | RegExp): Promise<void> {
	await page.getByRole('button', { name, exact: true }).click({ timeout: PATIENCE_MS });
}

/** How far the large bar of the page is, in percent. */
export async function percent(page: Page): Promise<number> {
	return Number(await page.locator('.rope').getAttribute('aria-valuenow'));
}

/** Waits until the bar is at least there. */
export async function reached(page: Page, least: number): Promise<void> {
	await expect.poll(() => percent(page), { timeout: PATIENCE_MS, interval: 50 }).toBeGreaterThanOrEqual(least);
}

/** Waits until the row's own bar is at least there. */
export async function rowReached(row: Locator, least: number): Promise<void> {
	await expect.poll(async () => Number(await row.getByRole('progressbar').getAttribute('aria-valuenow', { timeout: PATIENCE_MS })), { timeout: PATIENCE_MS, interval: 50 })
		.toBeGreaterThanOrEqual(least);
}

/** Does something that makes the browser save a file, and waits for it. */
export function saved(page: Page, doing: () => Promise<unknown>): Promise<Download> {
	const saving = Promise.all([page.waitForEvent('download', { timeout: PATIENCE_MS }), doing()]).then(([download]) => download);
	saving.catch(() => undefined); // a test that fails before it awaits this has said why
	return saving;
}

/** The bytes of a file that the browser saved. */
export async function bytesOf(download: Download): Promise<Buffer> {
	return readFileSync(await download.path());
}

export interface ShareJson {
	id: string;
	url: string;
	owner_token: string;
	expires_at: string | null;
	downloads_max: number | null;
	has_password: boolean;
	message: string | null;
	mode: string;
	files: { name: string; size: number | null; received: number; is_complete: boolean }[];
}

export const shareOf = (link: string): string => link.slice(link.lastIndexOf('/') + 1);

/** What the server itself says about a share. */
export async function ask(link: string): Promise<ShareJson> {
	const url = new URL(link);
	const answer = await fetch(`${url.origin}/api/v1/shares/${shareOf(link)}`, { headers: { Accept: 'application/json' } });
	if (!answer.ok) {
		throw new Error(`the server answers ${answer.status}`);
	}
	return (await answer.json()) as ShareJson;
}

/** A share that no page made. */
export async function create(site: string, policy: object, content: Record<string, string | Uint8Array<ArrayBuffer>> = {}): Promise<ShareJson> {
	const answer = await fetch(`${site}/api/v1/shares`, { method: 'POST', body: JSON.stringify(policy) });
	const share = (await answer.json()) as ShareJson;
	for (const [name, bytes] of Object.entries(content)) {
		const put = await fetch(`${site}/s/${share.id}/${encodeURIComponent(name)}`, {
			method: 'PUT', body: bytes, headers: { Authorization: `Bearer ${share.owner_token}` },
		});
		if (!put.ok) {
			throw new Error(`the server answers ${put.status}`);
		}
	}
	return share;
}
