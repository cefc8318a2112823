// SPDX-License-Identifier: Apache-2.0
// The reference server of tus as its page has it: node server.js PORT FOLDER. Its files lie in FOLDER.
const http = require('node:http');
const { Server } = require('@tus/server');
const { FileStore } = require('@tus/file-store');

const [port, directory] = process.argv.slice(2);
const tus = new Server({ path: '/files', relativeLocation: true, datastore: new FileStore({ directory }) });
const server = http.createServer((request, response) => tus.handle(request, response));
server.keepAliveTimeout = 300000;
server.requestTimeout = 0;
server.listen(Number(port), '127.0.0.1');
