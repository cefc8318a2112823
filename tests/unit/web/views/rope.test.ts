// SPDX-License-Identifier: Apache-2.0
//
// Goal: the rope hangs from both ends, lowest in the middle, and its x runs evenly with its length of way.
// Method: the curve at its ends, its middle and between; no number that a path cannot hold.
import { ropeAt, ropePath, ropeStrands } from '../../../../web/src/ui/rope';

const hang = { width: 800, sag: 60, top: 20 };

test('ends and middle', () => {
	expect(ropeAt(hang, 0)).toBe(20);
	expect(ropeAt(hang, 800)).toBe(20);
	expect(ropeAt(hang, 400)).toBe(80);
	expect(ropeAt(hang, 200)).toBeCloseTo(65);
});

test('the path is the same curve: a quadratic one, whose control point is twice as deep', () => {
	expect(ropePath(hang)).toBe('M0 20Q400 140 800 20');
	expect(ropePath({ ...hang, sag: 0 })).toBe('M0 20Q400 20 800 20');
});

test('strands cover the whole width', () => {
	const strands = ropeStrands(hang, 11, 9);
	expect(strands).not.toMatch(/NaN|Infinity/);
	const starts = [...strands.matchAll(/M(-?[\d.]+) /g)].map((match) => Number(match[1]));
	expect(Math.min(...starts)).toBeLessThan(0);
	expect(Math.max(...starts)).toBeGreaterThan(790);
});
