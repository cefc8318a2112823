// SPDX-License-Identifier: Apache-2.0
//
// Goal: sizes, times and parts read well, and never say more than is true.
// Method: both languages, at the edges where a unit or a digit changes.
import { de } from '../../../../web/src/text/de';
import { en } from '../../../../web/src/text/en';
import { createFormat } from '../../../../web/src/text/format';

const english = createFormat('en-GB', en);
const german = createFormat('de-DE', de);
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

test('sizes change their unit before they show four digits', () => {
	const sizes: [number, string][] = [
		[0, '0 B'], [999, '999 B'], [1000, '1 kB'], [999_499, '999 kB'], [999_500, '1.0 MB'], [12_340_000, '12.3 MB'],
		[123_400_000, '123 MB'], [2_400_000_000, '2.40 GB'], [5e12, '5.00 TB'],
	];
	for (const [bytes, text] of sizes) {
		expect(plain(english.size(bytes))).toBe(text);
	}
	expect(plain(german.size(2_400_000_000))).toBe('2,40 GB');
	expect(plain(german.speed(84_300_000))).toBe('84,3 MB/s');
});

test('all but everything is not everything', () => {
	expect(plain(english.percent(0.99999))).toBe('99%');
	expect(plain(english.percent(1))).toBe('100%');
	expect(plain(english.percent(1.2))).toBe('100%');
	expect(plain(english.percent(-1))).toBe('0%');
	expect(plain(german.percent(0.5))).toBe('50 %');
});

test('durations have the precision that one can use', () => {
	const durations: [number, string][] = [[0.2, '1 s'], [59, '59 s'], [63, '1 min'], [200, '3 min 20 s'], [2000, '33 min'], [3600, '1 h'], [3725, '1 h 2 min'], [200_000, '2 days']];
	for (const [seconds, text] of durations) {
		expect(plain(english.duration(seconds))).toBe(text);
	}
});

test('when it ends', () => {
	expect(english.relative(new Date(Date.now() + 23 * 3600e3).toISOString())).toBe('in 23 hours');
	expect(german.relative(new Date(Date.now() + 7 * 86400e3).toISOString())).toBe('in 7 Tagen');
});
