// SPDX-License-Identifier: Apache-2.0
//
// pages.test.ts - every page in every state that looks different: as a picture, to a screen reader, on the narrowest phone
//
// Pictures are written to build/screenshots, light and dark, wide and on a phone, to be looked at.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { PICTURES } from './harness/browser';
import { pixelsOf } from './harness/pixels';
import { PATIENCE_MS } from './harness/portal';
import { scenes } from './harness/scenes';
import { Stage } from './harness/stage';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterEach(() => stage.clear());
afterAll(() => stage.close());

const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const NARROW = { width: 320, height: 640 };
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
	id: string;
	nodes: { html: string; failureSummary?: string }[];
}

for (const [name, scene] of Object.entries(scenes)) {
	it(`${name}: drawn, read out, and no wider than the narrowest phone`, async () => {
		const page = await scene(stage, { viewport: WIDE, reducedMotion: 'reduce' });
		const findings: string[] = [];
		for (const theme of ['light', 'dark'] as const) {
			await page.emulateMedia({ colorScheme: theme });
			await expect.poll(() => page.getAttribute('html', 'data-theme'), { timeout: PATIENCE_MS, interval: 20 }).toBe(theme);
			await page.setViewportSize(WIDE);
			await picture(page, `${name}-${theme}-wide`);
			findings.push(...(await readOut(page)).map((finding) => `${theme}: ${finding}`));
			await page.setViewportSize(PHONE);
			await picture(page, `${name}-${theme}-phone`);
		}
		findings.push(...(await readOut(page)).map((finding) => `on a phone: ${finding}`));
		await page.setViewportSize(NARROW);
		findings.push(...(await tooWide(page)));
		expect(findings).toEqual([]);
	});
}

async function picture(page: Page, name: string): Promise<void> {
	const png = await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, animations: 'disabled' });
	const { colours, ground } = await pixelsOf(stage.browser, png);
	expect(colours, name).toBeGreaterThan(16);
	expect(ground, name).toBeLessThan(0.995);
}

/** What axe-core finds against WCAG 2.2 A and AA. */
async function readOut(page: Page): Promise<string[]> {
	await page.evaluate(AXE);
	const violations = await page.evaluate(async (rules) => {
		const axe = (window as unknown as { axe: { run: (where: Document, options: object) => Promise<{ violations: Finding[] }> } }).axe;
		return (await axe.run(document, { runOnly: rules, resultTypes: ['violations'] })).violations;
	}, RULES);
	return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`));
}

/** What makes the page scroll sideways. */
function tooWide(page: Page): Promise<string[]> {
	return page.evaluate(() => {
		const { scrollWidth, clientWidth } = document.documentElement;
		if (scrollWidth <= clientWidth) {
			return [];
		}
		const wide = [...document.querySelectorAll('body *')].filter((element) => element.getBoundingClientRect().right > clientWidth + 1);
		return [`${scrollWidth} px wide: ${wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120)).join(' | ')}`];
	});
}
