// SPDX-License-Identifier: Apache-2.0
//
// verify.worker.ts - one verified download in a thread of its own, so that hashing never holds up the page

import { Client } from '../api/client';
import { BlobSink, FileSink } from './sink';
import { Verification, type VerifyJob, type VerifyNews } from './verify';

export type VerifyOrder =
	| { type: 'begin'; base: string; job: VerifyJob; handle: FileSystemFileHandle | null }
	| { type: 'pause' }
	| { type: 'resume' }
	| { type: 'cancel' };

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
let verification: Verification | null = null;

scope.onmessage = ({ data: order }: MessageEvent<VerifyOrder>) => {
	switch (order.type) {
		case 'begin': {
			const sink = order.handle === null ? new BlobSink() : new FileSink(order.handle);
			const tell = (news: VerifyNews) => scope.postMessage(news);
			verification = new Verification(order.job, sink, new Client(order.base), tell);
			// The page ends this thread when it has heard the end; after cancel(), when it is closed.
			void verification.run().finally(() => scope.close());
			break;
		}
		case 'pause':
			return verification?.pause();
		case 'resume':
			return verification?.resume();
		case 'cancel':
			return verification?.cancel();
	}
};
