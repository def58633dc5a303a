// The types that openapi-typescript makes from docs/openapi.yaml. .ci/run compiles this file, and so checks them. A line
// under @ts-expect-error must not compile.
import type { components, operations } from "../../target/apis/openapi";

type Schemas = components["schemas"];

/** A message is one of these, without a union inside of the union. `type` and the members tell which one. */
export function label(message: Schemas["Message"]): string {
  if ("deletedAt" in message) return `deleted by ${message.deletedBy}`;
  if ("attachment" in message) return message.attachment.fileName;
  return message.content;
}

/** An empty list is a list of user ids. */
export function users(text: Schemas["TextMessage"], chat: Schemas["PrivateChat"]): string[] {
  return [...text.deletedFor, ...chat.admins, ...text.seenBy];
}

export function hiddenFrom(message: Schemas["OwnDeletedMessage"]): [string[], number] {
  return [message.deletedFor, message.rev];
}

/** `type` tells a new attachment's members. */
export function pixels(attachment: Schemas["NewAttachment"]): number {
  return attachment.type === "image" ? attachment.width * attachment.height : 0;
}

export const text: Schemas["NewMessage"] = { type: "text", content: "Hello", mentions: ["bob"] };
export const image: Schemas["NewMessage"] = { type: "image", attachmentId: "019ae0f4-7a01-7d3c-9b77-0c5e4d2f1a68" };
// @ts-expect-error A text needs content.
export const noContent: Schemas["NewMessage"] = { type: "text" };
// @ts-expect-error A text has no attachment.
export const both: Schemas["NewMessage"] = { type: "text", content: "Hello", attachmentId: "1" };

/** The code of a problem is one of those that the route has. */
export type SendConflict = operations["sendMessage"]["responses"][409]["content"]["application/problem+json"]["code"];
export const conflict: SendConflict = "chat_closed";
// @ts-expect-error It has another status.
export const elsewhere: SendConflict = "not_an_admin";
