// SPDX-License-Identifier: Apache-2.0
//
// daemon.ts - a real hawserd in a folder of its own: started, stopped, killed, started again on the same port
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;

function binary(): string {
	const path = process.env.HAWSERD;
	if (!path) {
		throw new Error('HAWSERD names no hawserd: run this through tests/run --only browser');
	}
	return path;
}

/** Nothing of the caller's own settings reaches the daemon. */
function environment(): NodeJS.ProcessEnv {
	return Object.fromEntries(
		Object.entries(process.env).filter(([name]) => !/^(HAWSER|PORT$|LOG_LEVEL$|MAX_FILE_SIZE$)/.test(name)),
	);
}

/** A port that nothing listens on; it stays the daemon's over restarts. */
async function portFree(): Promise<number> {
	const server = createServer().listen(0, '127.0.0.1');
	await once(server, 'listening');
	const address = server.address();
	server.close();
	await once(server, 'close');
	if (address === null || typeof address === 'string') {
		throw new Error('the kernel gave no port');
	}
	return address.port;
}

export class Daemon {
	readonly folder = mkdtempSync(join(tmpdir(), 'hawser-browser-'));
	private process: ChildProcess | null = null;
	private starts = 0;
	port = 0;

	private constructor(private readonly options: Record<string, string>) {}

	static async start(options: Record<string, string> = {}): Promise<Daemon> {
		const daemon = new Daemon(options);
		daemon.port = await portFree();
		await daemon.start();
		return daemon;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	get data(): string {
		return join(this.folder, 'data');
	}

	/** The newest life's log. */
	log(): string {
		return readFileSync(join(this.folder, `log-${this.starts}`), 'utf8');
	}

	get isRunning(): boolean {
		return this.process !== null && this.process.exitCode === null;
	}

	async start(): Promise<void> {
		this.starts += 1;
		const options = {
			data_dir: this.data, listen: `127.0.0.1:${this.port}`, log_format: 'json', reactors: '1', shutdown_timeout: '2s', ...this.options,
		};
		const words = Object.entries(options).flatMap(([key, value]) => [`--${key.replaceAll('_', '-')}`, value]);
		const log = createWriteStream(join(this.folder, `log-${this.starts}`));
		await once(log, 'open');
		this.process = spawn(binary(), words, { stdio: ['ignore', log, log], env: environment() });
		const until = Date.now() + START_TIMEOUT_MS;
		while (!this.log().includes('"event":"ready"')) {
			if (this.process.exitCode !== null || Date.now() > until) {
				throw new Error(`hawserd did not start:\n${this.log()}`);
			}
			await new Promise((resolve) => setTimeout(resolve, 30));
		}
	}

	async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
		const running = this.process;
		this.process = null;
		if (running === null || running.exitCode !== null) {
			return;
		}
		const ended = once(running, 'exit');
		running.kill(signal);
		const timer = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
		await ended;
		clearTimeout(timer);
	}

	/** An operator's token; known to the daemon when this returns. */
	async operatorToken(): Promise<string> {
		const made = spawnSync(binary(), ['--new-token', 'operator', '--data-dir', this.data], {
			env: environment(), encoding: 'utf8',
		});
		if (made.status !== 0) {
			throw new Error(made.stderr);
		}
		const token = made.stdout.trim();
		this.process?.kill('SIGHUP');
		for (let i = 0; i < 200; i += 1) {
			const answer = await fetch(`${this.url}/api/v1/shares`, { headers: { Authorization: `Bearer ${token}` } });
			if (answer.ok) {
				return token;
			}
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
		throw new Error('the daemon does not know its new token');
	}

	/** For the end of a test: nothing is left, and the log has no error. */
	async end(): Promise<void> {
		await this.stop();
		const errors = this.log().split('\n').filter((line) => line.includes('"level":"error"'));
		rmSync(this.folder, { recursive: true, force: true });
		if (errors.length > 0) {
			throw new Error(`hawserd logged errors:\n${errors.join('\n')}`);
		}
	}
}
