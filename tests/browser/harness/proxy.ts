// SPDX-License-Identifier: Apache-2.0
//
// proxy.ts - what stands between people and servers: a proxy that takes no body over a limit (413), as
// nginx and others come by default, passes bodies on no faster than it is told, can lose its network, and
// passes everything else on as it is, WebSockets included
import { type IncomingMessage, type Server, createServer, request } from 'node:http';
import { type Socket, connect } from 'node:net';
import { once } from 'node:events';
import { Transform, type TransformCallback } from 'node:stream';

const TICK_MS = 20;

export interface ProxyOptions {
	bodyMax?: number; // bytes; more is answered with 413
	bytesPerSecond?: number; // of each body on its way up
	downBytesPerSecond?: number; // of each answer
}

/**
 * Bytes pass at a rate; all that come are taken at once, so that the end of who sends them is not hidden
 * behind bytes that nobody has read yet.
 */
class Throttle extends Transform {
	constructor(private readonly bytesPerSecond: () => number, writableHighWaterMark = 2 ** 30) {
		super({ writableHighWaterMark, readableHighWaterMark: 65536 });
	}

	override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		const step = (at: number) => {
			if (this.destroyed) {
				return;
			}
			const size = Math.max(1, Math.floor((this.bytesPerSecond() * TICK_MS) / 1000));
			this.push(piece.subarray(at, at + size));
			if (at + size >= piece.length) {
				setTimeout(done, (TICK_MS * (piece.length - at)) / size);
			} else {
				setTimeout(() => step(at + size), TICK_MS);
			}
		};
		step(0);
	}
}

export class Proxy {
	refused = 0; // requests answered with 413
	passed = 0; // bodies passed on
	largest = 0; // bytes, of those
	private readonly sockets = new Set<Socket>();

	private isCut = false;

	private constructor(
		private readonly server: Server, readonly port: number, private readonly options: ProxyOptions,
	) {}

	static async start(target: number, options: ProxyOptions = {}): Promise<Proxy> {
		const server = createServer();
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		const address = server.address();
		if (address === null || typeof address === 'string') {
			throw new Error('the kernel gave no port');
		}
		const proxy = new Proxy(server, address.port, options);
		server.on('request', (asked, answer) => {
			const size = Number(asked.headers['content-length'] ?? 0);
			if (size > (options.bodyMax ?? Infinity)) {
				proxy.refused += 1;
				answer.writeHead(413, { Connection: 'close' }).end('413 Request Entity Too Large');
				return;
			}
			proxy.passed += size > 0 ? 1 : 0;
			proxy.largest = Math.max(proxy.largest, size);
			const onward = request({ port: target, method: asked.method, path: asked.url, headers: asked.headers }, (got) => {
				answer.writeHead(got.statusCode ?? 502, got.headers);
				if (options.downBytesPerSecond === undefined) {
					got.pipe(answer);
				} else {
					const throttle = new Throttle(() => options.downBytesPerSecond ?? Infinity, 65536);
					got.pipe(throttle).pipe(answer);
					answer.on('close', () => throttle.destroy());
				}
				got.on('error', () => answer.destroy());
			});
			onward.on('error', () => answer.destroy());
			// Who asked has gone: the server hears of it, as it would without a proxy.
			answer.on('close', () => onward.destroy());
			if (options.bytesPerSecond === undefined) {
				asked.pipe(onward);
			} else {
				const throttle = new Throttle(() => options.bytesPerSecond ?? Infinity);
				asked.pipe(throttle).pipe(onward);
				onward.on('close', () => throttle.destroy());
			}
		});
		server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) => {
			const onward = connect(target, '127.0.0.1', () => {
				const fields = asked.rawHeaders.reduce(
					(text, word, i) => text + (i % 2 === 0 ? `${word}: ` : `${word}\r\n`), '');
				onward.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${fields}\r\n`);
				onward.write(head);
				socket.pipe(onward).pipe(socket);
			});
			onward.on('error', () => socket.destroy());
			socket.on('error', () => onward.destroy());
		});
		server.on('connection', (socket: Socket) => {
			if (proxy.isCut) {
				socket.destroy();
				return;
			}
			proxy.sockets.add(socket);
			socket.on('close', () => proxy.sockets.delete(socket));
		});
		return proxy;
	}

	get url(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** From now on bodies pass at this rate; undefined in the options at the start means: without one. */
	rate(bytesPerSecond: number): void {
		this.options.bytesPerSecond = bytesPerSecond;
	}

	/** The same of answers. */
	downRate(bytesPerSecond: number): void {
		this.options.downBytesPerSecond = bytesPerSecond;
	}

	/** The network is gone: every connection breaks, and none comes about until mend(). */
	cut(): void {
		this.isCut = true;
		for (const socket of this.sockets) {
			socket.destroy();
		}
	}

	mend(): void {
		this.isCut = false;
	}

	async end(): Promise<void> {
		const closed = once(this.server, 'close');
		this.server.close();
		for (const socket of this.sockets) {
			socket.destroy();
		}
		await closed;
	}
}
