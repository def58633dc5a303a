// Shows that the handler calls what README.md says, on stand-ins that record the calls. `npm ci`, then `node --test`.

import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const CHAT = 'chat-1';
const SENDER = 'c-sender';
/** How long the stand-in waits for posts that do not come. Then a test fails. */
const MAX_WAIT_MS = 2_000;

/**
 * Starts a stand-in for DynamoDB and @connections. `gone` are connections that do not exist any more. No post is
 * answered before `together` posts have been open at the same time, unless they do not come.
 */
async function standIn({ gone, together }) {
  const calls = [];
  let inFlight = 0;
  let release;
  const arrived = new Promise((resolve) => (release = resolve));
  const answers = {
    GetItem: () => ({ Item: { connectionId: { S: SENDER }, userId: { S: 'liam' }, chatId: { S: CHAT } } }),
    // Two pages.
    Scan: ({ ExclusiveStartKey }) => ExclusiveStartKey
      ? { Items: [{ connectionId: { S: 'c-2' } }, { connectionId: { S: SENDER } }] }
      : { Items: [{ connectionId: { S: 'c-1' } }], LastEvaluatedKey: { connectionId: { S: 'c-1' } } },
    PutItem: () => ({}),
    UpdateItem: () => ({}),
    DeleteItem: () => ({}),
  };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) {
      chunks.push(chunk);
    }
    const body = Buffer.concat(chunks).toString();
    const target = request.headers['x-amz-target'];
    if (target) {
      const operation = target.split('.')[1];
      calls.push({ operation, body: JSON.parse(body) });
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      response.end(JSON.stringify(answers[operation](JSON.parse(body))));
      return;
    }
    inFlight += 1;
    const connectionId = decodeURIComponent(request.url.split('/').at(-1));
    calls.push({ operation: 'post', connectionId, body: JSON.parse(body), inFlight });
    if (inFlight === together) {
      release();
    }
    await Promise.race([arrived, sleep(MAX_WAIT_MS)]);
    await sleep(20);
    inFlight -= 1;
    response.statusCode = gone.includes(connectionId) ? 410 : 200;
    response.setHeader('x-amzn-errortype', response.statusCode === 410 ? 'GoneException' : '');
    response.end('');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { calls, server, url: `http://127.0.0.1:${server.address().port}` };
}

/** Runs one event on a fresh copy of the handler. Returns the answer and the recorded calls. */
async function run(routeKey, body, { atOnce = false, gone = [], query } = {}) {
  const { calls, server, url } = await standIn({ gone, together: atOnce ? 2 : 1 });
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: url,
    CONNECTIONS_ENDPOINT: `${url}/live`,
    CONNECTIONS_TABLE: 'connections',
    MESSAGES_TABLE: 'messages',
    POSTS_AT_ONCE: String(atOnce),
  });
  const { handler } = await import(`./handler.mjs?copy=${Math.random()}`);
  const requestContext = { routeKey, connectionId: SENDER };
  const answer = await handler({ requestContext, queryStringParameters: query, body: JSON.stringify(body) });
  server.closeAllConnections();
  server.close();
  return { answer, calls, operations: calls.map(({ operation }) => operation) };
}

test('a send scans all pages and posts one after another', async () => {
  const { answer, calls, operations } = await run('sendmessage', { text: 'Hello' });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(operations, ['GetItem', 'PutItem', 'Scan', 'Scan', 'post', 'post']);
  assert.deepEqual(calls[1].body.Item.seenBy, { L: [{ S: 'liam' }] });
  const posts = calls.slice(4);
  assert.deepEqual(posts.map(({ connectionId }) => connectionId), ['c-1', 'c-2']);
  assert.deepEqual(posts.map(({ inFlight }) => inFlight), [1, 1]);
  assert.equal(posts[0].body.text, 'Hello');
});

test('with POSTS_AT_ONCE, the posts overlap', async () => {
  const { calls } = await run('sendmessage', { text: 'Hello' }, { atOnce: true });
  assert.deepEqual(calls.slice(4).map(({ inFlight }) => inFlight), [1, 2]);
});

test('a connection that is gone is removed', async () => {
  const { answer, calls } = await run('sendmessage', { text: 'Hello' }, { gone: ['c-1'] });
  assert.equal(answer.statusCode, 200);
  const removed = calls.filter(({ operation }) => operation === 'DeleteItem');
  assert.deepEqual(removed.map(({ body }) => body.Key), [{ connectionId: { S: 'c-1' } }]);
});

test('a connection is stored with the name that the client gives', async () => {
  const { calls } = await run('$connect', null, { query: { name: 'maria', chatId: CHAT } });
  const item = { connectionId: { S: SENDER }, userId: { S: 'maria' }, chatId: { S: CHAT } };
  assert.deepEqual(calls.map(({ operation, body }) => [operation, body.Item]), [['PutItem', item]]);
});

test('a mark appends the reader to the list of the message', async () => {
  const { operations, calls } = await run('markseen', { messageId: 'm-1' });
  assert.deepEqual(operations, ['GetItem', 'UpdateItem']);
  assert.match(calls[1].body.UpdateExpression, /list_append\(seenBy, :reader\)/);
});
