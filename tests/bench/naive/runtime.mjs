// Runs the handler on the Lambda Runtime API: one event after the other, until Lambda ends the process.
//
// Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. On AWS, the managed runtime nodejs20.x has
// this loop in native code. This one uses Node's own HTTP client with one connection, so that it costs little.

import http from 'node:http';
import { handler } from './handler.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const address = process.env.AWS_LAMBDA_RUNTIME_API;
// AWS gives host and port. The bench gives a URL with a path, which names the instance.
const base = `${address.startsWith('http') ? address : `http://${address}`}/2018-06-01/runtime/invocation`;

/** Sends one request. Resolves to the headers and the body of the answer. */
function request(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = http.request(`${base}${path}`, { method, agent }, (answer) => {
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(chunks) }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

for (;;) {
  const { headers, body } = await request('GET', '/next');
  const id = headers['lambda-runtime-aws-request-id'];
  try {
    await request('POST', `/${id}/response`, JSON.stringify(await handler(JSON.parse(body))));
  } catch (error) {
    const report = { errorType: error.name, errorMessage: error.message, stackTrace: [] };
    await request('POST', `/${id}/error`, JSON.stringify(report));
  }
}
