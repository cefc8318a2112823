// SPDX-License-Identifier: Apache-2.0
//
// phone.test.ts - sending and receiving on a telephone, by touch; each page's width is in pages.test.ts
import { readFileSync } from 'node:fs';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { bytesOf, files, inState, linkOf, PATIENCE_MS, saved, says, uploads, words } from './harness/portal';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const PHONE: BrowserContextOptions = { viewport: { width: 320, height: 568 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const FINGER_PX = 40; // what a button measures at least, in one direction

async function tap(page: Page, name: string): Promise<void> {
	await page.getByRole('button', { name, exact: true }).tap({ timeout: PATIENCE_MS });
}

/** Nothing is cut off, nothing scrolls sideways, and fingers hit what they aim at. */
async function fits(page: Page): Promise<void> {
	const wrong = await page.evaluate((least) => {
		const found: string[] = [];
		if (document.documentElement.scrollWidth > 320 || innerWidth > 320) {
			found.push(`the page is ${Math.max(document.documentElement.scrollWidth, innerWidth)} px wide`);
		}
		for (const element of document.querySelectorAll('main button, main a.button, header a, footer button, footer a')) {
			const { width, height, left, right } = element.getBoundingClientRect();
			if (width > 0 && (Math.max(width, height) < least || Math.min(width, height) < 24 || left < -0.5 || right > 320.5)) {
				found.push(`${Math.round(width)} x ${Math.round(height)} at ${Math.round(left)}: ${element.outerHTML.slice(0, 100)}`);
			}
		}
		return found;
	}, FINGER_PX);
	expect(wrong).toEqual([]);
}

it('a file is sent from one telephone to another', async () => {
	const path = stage.files.make('IMG_20260603_101112_with_a_name_that_does_not_end_and_has_no_gap_anywhere.jpg', 700_000);
	const sender = await stage.person(undefined, PHONE);
	await sender.context.addInitScript(() => Reflect.deleteProperty(window, 'showOpenFilePicker'));
	await sender.page.goto('/');
	await sender.page.getByRole('heading', { name: words.start.title }).waitFor();
	await fits(sender.page);
	const asked = sender.page.waitForEvent('filechooser');
	await tap(sender.page, words.start.choose);
	await (await asked).setFiles(path);
	const link = await linkOf(sender.page);
	await inState(uploads(sender.page), 'uploaded');
	await fits(sender.page);
	await tap(sender.page, words.link.showCode);
	await sender.page.getByRole('img', { name: words.link.code(link) }).waitFor();
	await fits(sender.page);

	const receiver = await stage.person(undefined, PHONE);
	await receiver.page.goto(link);
	const name = path.slice(path.lastIndexOf('/') + 1);
	await receiver.page.getByRole('heading', { name }).waitFor();
	await fits(receiver.page);
	const download = await saved(receiver.page, () => tap(receiver.page, words.receive.downloadOf(name)));
	expect((await bytesOf(download)).equals(readFileSync(path))).toBe(true);
	await inState(files(receiver.page), 'verified');
	await fits(receiver.page);
	await inState(uploads(sender.page), 'confirmed');
	await fits(sender.page);
	await sender.page.getByRole('link', { name: words.page.shares }).tap();
	await says(sender.page, words.receivers.state.confirmed);
	await fits(sender.page);
});

it('what the telephone wants to be on the screen, is: link and what happens to it, without scrolling', async () => {
	const sender = await stage.person(undefined, PHONE);
	await sender.page.goto('/');
	await sender.page.getByRole('heading', { name: words.start.title }).waitFor();
	await sender.page.getByTestId('file-input').setInputFiles(stage.files.make('a.txt', 100));
	await inState(uploads(sender.page), 'uploaded');
	for (const one of [sender.page.getByTestId('link'), sender.page.getByRole('button', { name: words.link.copy }), sender.page.getByText(words.total.uploaded).first()]) {
		const box = await one.boundingBox();
		expect((box?.y ?? 1000) + (box?.height ?? 0)).toBeLessThanOrEqual(568);
	}
});
