// SPDX-License-Identifier: Apache-2.0
//
// stage.ts - what a file of tests plays on: a daemon, a browser, files, and the people who come and leave again
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { browserStart, Person } from './browser';
import { Daemon } from './daemon';
import { Files } from './files';
import { Proxy, type ProxyOptions } from './proxy';

export class Stage {
	readonly files = new Files();
	private readonly people: Person[] = [];
	private readonly proxies: Proxy[] = [];

	private constructor(readonly daemon: Daemon, readonly browser: Browser) {}

	static async open(options: Record<string, string> = {}): Promise<Stage> {
		const [daemon, browser] = await Promise.all([Daemon.start(options), browserStart()]);
		return new Stage(daemon, browser);
	}

	async person(site = this.daemon.url, options: BrowserContextOptions = {}): Promise<Person> {
		const person = await Person.come(this.browser, site, options);
		this.people.push(person);
		return person;
	}

	async proxy(options: ProxyOptions = {}): Promise<Proxy> {
		const proxy = await Proxy.start(this.daemon.port, options);
		this.proxies.push(proxy);
		return proxy;
	}

	/** After each test. Throws what the pages complained of. */
	async clear(): Promise<void> {
		const left = await Promise.allSettled(this.people.splice(0).map((person) => person.leave()));
		await Promise.all(this.proxies.splice(0).map((proxy) => proxy.end()));
		for (const one of left) {
			if (one.status === 'rejected') {
				throw one.reason;
			}
		}
	}

	async close(): Promise<void> {
		this.files.end();
		await this.browser.close();
		await this.daemon.end();
	}
}
