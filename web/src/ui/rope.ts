// SPDX-License-Identifier: Apache-2.0
//
// rope.ts - the shape of a laid rope: where it hangs, and its strands
//
// A parabola: close enough to a catenary at the sags we draw, and its x runs evenly, so that cutting it
// at a fraction of the width shows that fraction of the rope.

export interface Hang {
	width: number;
	sag: number; // pixels that the middle hangs below the ends
	top: number; // y of the ends
}

export function ropeAt(hang: Hang, x: number): number {
	const along = x / hang.width;
	return hang.top + 4 * hang.sag * along * (1 - along);
}

export function ropePath(hang: Hang, lift = 0): string {
	const y = hang.top - lift;
	return `M0 ${y}Q${hang.width / 2} ${round(y + 2 * hang.sag)} ${hang.width} ${y}`;
}

/** The lines between the strands: one S for each turn, across the rope, leaning with its lay. */
export function ropeStrands(hang: Hang, thickness: number, pitch: number): string {
	const half = thickness / 2 - 0.5;
	const lean = pitch * 0.55;
	let path = '';
	for (let x = -2 * pitch; x < hang.width + 2 * pitch; x += pitch) {
		const y = ropeAt(hang, x);
		const rise = ropeAt(hang, x + lean) - y;
		path += `M${round(x - lean)} ${round(y + half - rise)}C${round(x + lean * 0.2)} ${round(y + half)} ${round(x - lean * 0.2)} ${round(y - half)} ${round(x + lean)} ${round(y - half + rise)}`;
	}
	return path;
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}
