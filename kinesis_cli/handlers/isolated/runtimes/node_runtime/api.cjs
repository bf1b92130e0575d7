'use strict';

// The Runtime API, as a client that keeps its connection.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

const http = require('node:http');

const PREFIX = '/2018-06-01/runtime/';
const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
// An idle connection does not keep the process busy, so `beforeExit` tells when the function's own
// work is done.
const agent = new http.Agent({ keepAlive: true });

// Send a request. Resolves to the answer's headers and its text.
function send(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const options = { agent, hostname, port, method, path: PREFIX + path, headers };
    const request = http.request(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ headers: response.headers, text: Buffer.concat(parts).toString() });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function post(path, body, errorType) {
  const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
  if (errorType !== undefined) {
    headers['Lambda-Runtime-Function-Error-Type'] = errorType.replace(/[^\x20-\x7e]/g, '?');
  }
  return send('POST', path, body, headers);
}

module.exports = {
  next: () => send('GET', 'invocation/next'),
  respond: (requestId, text) => post(`invocation/${requestId}/response`, text),
  fail: (requestId, document) => {
    const path = requestId === undefined ? 'init/error' : `invocation/${requestId}/error`;
    return post(path, JSON.stringify(document), document.errorType);
  },
};
