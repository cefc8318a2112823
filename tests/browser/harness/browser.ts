// SPDX-License-Identifier: Apache-2.0
//
// browser.ts - Debian's Chromium, and pages in it that must not say anything on their console
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from 'playwright-core';

const EXECUTABLE = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Where pictures of every page go, to be looked at. */
export const PICTURES = fileURLToPath(new URL('../../../build/screenshots/', import.meta.url));

export async function browserStart(): Promise<Browser> {
	mkdirSync(PICTURES, { recursive: true });
	return chromium.launch({
		executablePath: EXECUTABLE,
		args: [
			'--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
			'--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
		],
	});
}

/** One person: a context of their own, so nothing of another's is there. */
export class Person {
	/** What the console said that no test expects. */
	readonly complaints: string[] = [];

	private constructor(readonly context: BrowserContext, readonly page: Page) {}

	static async come(browser: Browser, options: BrowserContextOptions = {}): Promise<Person> {
		const context = await browser.newContext({ locale: 'en-GB', acceptDownloads: true, ...options });
		const page = await context.newPage();
		const person = new Person(context, page);
		page.on('console', (message) => {
			// A request that fails is said there by the browser itself, whether the page copes or not.
			if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')
				&& !message.text().includes('WebSocket connection')) {
				person.complaints.push(message.text());
			}
		});
		page.on('pageerror', (error) => person.complaints.push(String(error.stack ?? error)));
		return person;
	}

	async leave(): Promise<void> {
		await this.context.close();
		if (this.complaints.length > 0) {
			throw new Error(`the page complained:\n${this.complaints.join('\n')}`);
		}
	}
}
