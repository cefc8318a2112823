// SPDX-License-Identifier: Apache-2.0
//
// format.ts - numbers as people read them: sizes, speeds, times, shares of a whole
//
// Units are decimal (1 MB = 1,000,000 bytes), as in file managers of macOS, GNOME and in what networks are sold by.
import type { Words } from './en';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const FRACTION_DIGITS = [0, 0, 1, 2, 2, 2];
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface Format {
	number(value: number, digits?: number): string;
	size(bytes: number): string;
	speed(bytesPerSecond: number): string;
	/** Rounded down: 100 % is said when it is true. */
	percent(fraction: number): string;
	duration(seconds: number): string;
	/** "in 23 hours", "2 minutes ago" */
	relative(when: string): string;
	moment(when: string): string;
}

export function createFormat(locale: string, words: Words): Format {
	const plain = [0, 1, 2].map((digits) => new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }));
	const share = new Intl.NumberFormat(locale, { style: 'percent' });
	const near = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
	const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
	const number = (value: number, digits = 0) => (plain[digits] ?? plain[0]!).format(value);

	function size(bytes: number): string {
		let unit = 0;
		let value = bytes;
		while (value >= 999.5 && unit < UNITS.length - 1) {
			value /= 1000;
			unit += 1;
		}
		const digits = Math.min(FRACTION_DIGITS[unit]!, value >= 100 ? 0 : value >= 10 ? 1 : 2);
		return `${number(value, digits)}\u00a0${UNITS[unit]}`;
	}

	function duration(seconds: number): string {
		const left = Math.max(1, Math.round(seconds));
		if (left < MINUTE) {
			return words.time.seconds(left);
		}
		if (left < HOUR) {
			// Far away, seconds are noise.
			const rest = left < 10 * MINUTE ? Math.floor((left % MINUTE) / 5) * 5 : 0;
			return rest ? `${words.time.minutes(Math.floor(left / MINUTE))} ${words.time.seconds(rest)}` : words.time.minutes(Math.round(left / MINUTE));
		}
		if (left < DAY) {
			const rest = Math.floor((left % HOUR) / MINUTE);
			return rest ? `${words.time.hours(Math.floor(left / HOUR))} ${words.time.minutes(rest)}` : words.time.hours(Math.floor(left / HOUR));
		}
		return words.time.days(Math.floor(left / DAY));
	}

	function relative(when: string): string {
		const seconds = (Date.parse(when) - Date.now()) / 1000;
		const away = Math.abs(seconds);
		if (away < HOUR) {
			return near.format(Math.round(seconds / MINUTE), 'minute');
		}
		return away < 2 * DAY ? near.format(Math.round(seconds / HOUR), 'hour') : near.format(Math.round(seconds / DAY), 'day');
	}

	return {
		number,
		size,
		speed: (bytesPerSecond) => `${size(bytesPerSecond)}/s`,
		percent: (fraction) => share.format(Math.floor(Math.min(1, Math.max(0, fraction)) * 100) / 100),
		duration,
		relative,
		moment: (when) => date.format(new Date(when)),
	};
}
