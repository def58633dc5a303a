// A chat back end as AWS's tutorials and samples show it. README.md says where each choice comes from.
//
// Tables: CONNECTIONS_TABLE {connectionId, userId, chatId}, key connectionId;
//         MESSAGES_TABLE {messageId, chatId, userId, text, sentAt, seenBy}, key messageId.

import { randomUUID } from 'node:crypto';
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand, DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand, paginateScan,
} from '@aws-sdk/lib-dynamodb';

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}));
const { CONNECTIONS_TABLE, MESSAGES_TABLE, CONNECTIONS_ENDPOINT } = process.env;
/** Whether the posts of a message run at the same time. Otherwise each waits for the one before. */
const POSTS_AT_ONCE = process.env.POSTS_AT_ONCE === 'true';
/** The bench counts the capacity that answers report. */
const COUNTED = { ReturnConsumedCapacity: 'TOTAL' };

/** The client for posts. The samples make one for each event; kept, it costs less. */
let management;

export async function handler(event) {
  const { routeKey, connectionId } = event.requestContext;
  switch (routeKey) {
    case '$connect':
      return connect(connectionId, event.queryStringParameters);
    case '$disconnect':
      return disconnect(connectionId);
    case 'sendmessage':
      return sendMessage(connectionId, JSON.parse(event.body), event.requestContext);
    case 'markseen':
      return markSeen(connectionId, JSON.parse(event.body));
    default:
      return { statusCode: 404 };
  }
}

// The user's name comes from the query string: nobody checks it.
async function connect(connectionId, { name, chatId }) {
  const Item = { connectionId, userId: name, chatId };
  await documents.send(new PutCommand({ TableName: CONNECTIONS_TABLE, Item, ...COUNTED }));
  return { statusCode: 200 };
}

async function disconnect(connectionId) {
  await documents.send(new DeleteCommand({ TableName: CONNECTIONS_TABLE, Key: { connectionId }, ...COUNTED }));
  return { statusCode: 200 };
}

async function sendMessage(connectionId, { text }, context) {
  const sender = await findConnection(connectionId);
  const message = {
    messageId: randomUUID(),
    chatId: sender.chatId,
    userId: sender.userId,
    text,
    sentAt: new Date().toISOString(),
    seenBy: [sender.userId],
  };
  await documents.send(new PutCommand({ TableName: MESSAGES_TABLE, Item: message, ...COUNTED }));
  const connections = await findConnections(sender.chatId);
  const others = connections.filter((connection) => connection.connectionId !== connectionId);
  const data = JSON.stringify(message);
  management ??= new ApiGatewayManagementApiClient({
    endpoint: CONNECTIONS_ENDPOINT ?? `https://${context.domainName}/${context.stage}`,
  });
  if (POSTS_AT_ONCE) {
    await Promise.all(others.map((connection) => post(connection, data)));
  } else {
    for (const connection of others) {
      await post(connection, data);
    }
  }
  return { statusCode: 200, body: JSON.stringify({ messageId: message.messageId }) };
}

async function markSeen(connectionId, { messageId }) {
  const reader = await findConnection(connectionId);
  await documents.send(new UpdateCommand({
    TableName: MESSAGES_TABLE,
    Key: { messageId },
    UpdateExpression: 'SET seenBy = list_append(seenBy, :reader)',
    ExpressionAttributeValues: { ':reader': [reader.userId] },
    ...COUNTED,
  }));
  return { statusCode: 200 };
}

async function findConnection(connectionId) {
  const found = await documents.send(
    new GetCommand({ TableName: CONNECTIONS_TABLE, Key: { connectionId }, ...COUNTED }),
  );
  return found.Item;
}

/** All connections of a chat. DynamoDB reads the whole table and filters afterwards. */
async function findConnections(chatId) {
  const scan = {
    TableName: CONNECTIONS_TABLE,
    ProjectionExpression: 'connectionId',
    FilterExpression: 'chatId = :chatId',
    ExpressionAttributeValues: { ':chatId': chatId },
    ...COUNTED,
  };
  const connections = [];
  for await (const page of paginateScan({ client: documents }, scan)) {
    connections.push(...page.Items);
  }
  return connections;
}

async function post({ connectionId }, data) {
  try {
    await management.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: data }));
  } catch (error) {
    if (error.name !== 'GoneException') {
      throw error;
    }
    await disconnect(connectionId);
  }
}
