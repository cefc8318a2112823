// SPDX-License-Identifier: Apache-2.0
//
// pixels.ts - what is in a picture, by a page that is nobody's: no library of ours decodes PNG
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';

export interface Pixels {
	width: number;
	height: number;
	colours: number; // different ones
	ground: number; // the part of the picture that has the most frequent one, 0 to 1
	code: string | null; // what a camera reads, if there is a QR code
}

type Read = (data: Uint8ClampedArray, width: number, height: number) => { data: string } | null;

let own: { of: Browser; page: Promise<Page> } | null = null;

/** One page for all pictures of a browser; it ends with it. */
function pageIn(browser: Browser): Promise<Page> {
	if (own?.of !== browser) {
		own = { of: browser, page: made(browser) };
	}
	return own.page;
}

async function made(browser: Browser): Promise<Page> {
	const page = await browser.newPage();
	await page.addScriptTag({ path: createRequire(import.meta.url).resolve('jsqr') });
	return page;
}

export async function pixelsOf(browser: Browser, picture: Buffer, hasCode = false): Promise<Pixels> {
	const page = await pageIn(browser);
	const pixels = await page.evaluate(async ([base64, wantsCode]) => {
		const image = new Image();
		image.src = `data:image/png;base64,${base64}`;
		await image.decode();
		const canvas = document.createElement('canvas');
		canvas.width = image.width;
		canvas.height = image.height;
		const pen = canvas.getContext('2d')!;
		pen.drawImage(image, 0, 0);
		const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
		const counts = new Map<number, number>();
		for (const colour of new Uint32Array(data.buffer)) {
			counts.set(colour, (counts.get(colour) ?? 0) + 1);
		}
		const code = wantsCode ? (window as unknown as { jsQR: Read }).jsQR(data, width, height)?.data ?? null : null;
		return { width, height, colours: counts.size, ground: Math.max(...counts.values()) / (width * height), code };
	}, [picture.toString('base64'), hasCode] as const);
	return pixels;
}
