// SPDX-License-Identifier: Apache-2.0
//
// storage.ts - localStorage or sessionStorage in memory, which a test may break

export class FakeStorage implements Storage {
	readonly #items = new Map<string, string>();
	isBroken = false;
	[name: string]: unknown;

	get length(): number {
		return this.#items.size;
	}
	key = (index: number) => [...this.#items.keys()][index] ?? null;
	clear = () => this.#items.clear();
	getItem(key: string): string | null {
		this.#check();
		return this.#items.get(key) ?? null;
	}
	setItem(key: string, value: string): void {
		this.#check();
		this.#items.set(key, value);
	}
	removeItem(key: string): void {
		this.#check();
		this.#items.delete(key);
	}
	#check(): void {
		if (this.isBroken) throw new DOMException('forbidden', 'SecurityError');
	}
}
