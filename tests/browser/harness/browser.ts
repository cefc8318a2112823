// SPDX-License-Identifier: Apache-2.0
//
// browser.ts - Debian's Chromium, and people in it: whose pages must not complain, and talk to their own server only
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from 'playwright-core';
import { recorderInstall } from './recorder';

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
	/** What no page of ours may do: errors on its console, violations of its policy, requests that leave its origin. */
	readonly complaints: string[] = [];

	private constructor(readonly context: BrowserContext, readonly page: Page, private readonly site: string) {}

	/** @site: the only origin that this person's pages may talk to; addresses are relative to it. */
	static async come(browser: Browser, site: string, options: BrowserContextOptions = {}): Promise<Person> {
		const context = await browser.newContext({ locale: 'en-GB', acceptDownloads: true, baseURL: site, ...options });
		await context.addInitScript(recorderInstall);
		const page = await context.newPage();
		const person = new Person(context, page, site);
		person.watch(page);
		context.on('page', (other) => person.watch(other));
		// Workers ask, too: a context hears of all requests.
		context.on('request', (request) => person.asked(request.url()));
		return person;
	}

	async leave(): Promise<void> {
		await this.context.close();
		if (this.complaints.length > 0) {
			throw new Error(`the page complained:\n${this.complaints.join('\n')}`);
		}
	}

	private watch(page: Page): void {
		page.on('console', (message) => {
			// A request that fails is said there by the browser itself, whether the page copes or not.
			if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')
				&& !message.text().includes('WebSocket connection')) {
				this.complaints.push(message.text());
			}
		});
		page.on('pageerror', (error) => this.complaints.push(String(error.stack ?? error)));
		page.on('websocket', (socket) => this.asked(socket.url().replace(/^ws/, 'http')));
	}

	private asked(url: string): void {
		if (/^https?:/.test(url) && new URL(url).origin !== new URL(this.site).origin) {
			this.complaints.push(`a request left the origin: ${url}`);
		}
	}
}
