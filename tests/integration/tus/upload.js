// SPDX-License-Identifier: Apache-2.0
// The reference client of tus sends one file to a daemon, as a user's program would.
//
//   node upload.js HOW FILE ENDPOINT TOKEN NAME STORAGE
//
// HOW: whole     in chunks of 5 MiB
//      abort     stops behind the first chunk, forgets everything, finds the upload again in STORAGE
//      deferred  from a stream whose length nobody says
// Prints the upload's address.
'use strict';

const fs = require('fs');
const { PassThrough } = require('stream');
const tus = require('tus-js-client');

const [how, file, endpoint, token, name, storage] = process.argv.slice(2);
const CHUNK_SIZE = 5 * 1024 * 1024;

function options(done, failed) {
	return {
		endpoint,
		chunkSize: CHUNK_SIZE,
		retryDelays: [0, 50, 200, 500, 1000, 2000],
		headers: { Authorization: `Bearer ${token}` },
		metadata: { filename: name, filetype: 'application/octet-stream' },
		urlStorage: new tus.FileUrlStorage(storage),
		storeFingerprintForResuming: true,
		removeFingerprintOnSuccess: true,
		uploadSize: how === 'deferred' ? null : fs.statSync(file).size,
		uploadLengthDeferred: how === 'deferred',
		onSuccess: done,
		onError: failed,
	};
}

// The client knows a file's size by its path, and then believes that no length is deferred.
function source() {
	const stream = fs.createReadStream(file);
	return how === 'deferred' ? stream.pipe(new PassThrough()) : stream;
}

function upload(changes) {
	return new Promise((resolve, reject) => {
		const one = new tus.Upload(source(), options(() => resolve(one), reject));
		Object.assign(one.options, changes(one, resolve));
		one.start();
	});
}

// Two lives of a client: the first ends behind a chunk, the second knows only what STORAGE says.
async function resumed() {
	const first = await upload((one, resolve) => ({
		onChunkComplete: () => one.abort().then(() => resolve(one)),
	}));
	return new Promise((resolve, reject) => {
		const second = new tus.Upload(source(), options(() => resolve(second), reject));
		second.findPreviousUploads().then((found) => {
			if (found.length !== 1) {
				throw new Error(`${found.length} uploads were stored`);
			}
			second.resumeFromPreviousUpload(found[0]);
			let least = Infinity;
			second.options.onProgress = (sent) => { least = Math.min(least, sent); };
			second.options.onSuccess = () => {
				if (second.url !== first.url || least < CHUNK_SIZE) {
					reject(new Error(`it began anew: ${second.url}, ${least}`));
				}
				resolve(second);
			};
			second.start();
		}).catch(reject);
	});
}

(how === 'abort' ? resumed() : upload(() => ({})))
	.then((one) => console.log(one.url))
	.catch((error) => {
		console.error(String(error));
		process.exit(1);
	});
