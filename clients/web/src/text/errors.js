// What an error means for the reader, and what to do.

const KB = 1024;

/** What the page itself refuses. Its message is a sentence for the reader. */
export class Refusal extends Error {}

/** @param {any} error a ChatError, or a Refusal @returns {string} */
export function explain(error) {
  if (error instanceof Refusal) return error.message;
  const { code, limit, retryAfterMs } = error ?? {};
  switch (code) {
    case "network":
    case "timeout":
    case "not_connected":
    case "stopped":
    case "gateway":
      return "There is no connection to the server. Check the network, then try again.";
    case "rate_limited":
      return `That was too fast. Wait ${Math.max(1, Math.ceil((retryAfterMs ?? 1000) / 1000))} s, then try again.`;
    case "blocked":
      return "This person does not receive messages from you. Write to somebody else.";
    case "blocked_by_you":
      return "You block this person. End the block to write to them.";
    case "cannot_be_added":
      return "Somebody of them cannot be added. Check the names.";
    case "not_a_participant":
    case "chat_not_found":
      return "You are not in this chat any more. Ask a member to add you again.";
    case "chat_closed":
      return "This group is closed. It can be read, but not written to.";
    case "not_an_admin":
      return "Only admins of the group can do that. Ask one of them.";
    case "not_the_sender":
      return "Only the sender can do that.";
    case "edit_window_over":
      return "A message can be edited for 15 minutes. Send a new one instead.";
    case "message_not_found":
      return "The message is not there any more.";
    case "content_too_large":
      return `That is too long${limit ? `: at most ${Math.floor(limit / KB)} KB fit` : ""}. Make it shorter, or send it in parts.`;
    case "too_many_participants":
      return `That are too many people${limit ? `: at most ${limit} fit` : ""}. Take some out.`;
    case "conflict":
      return limit
        ? `There can be ${limit} at most. Take one away first.`
        : "That is not possible as things are now. Load the page again, then retry.";
    case "attachment_not_found":
    case "attachment_not_uploaded":
    case "file_lost":
      return "The file is not there any more. Choose it again and send it anew.";
    case "bucket":
      return "The file could not be transferred. Try again.";
    case "damaged_attachment":
      return "The file arrived damaged. Try again, or ask for it anew.";
    case "outbox_full":
      return "1000 messages wait to be sent. Wait until some of them are sent.";
    case "token":
    case "token_refused":
    case "token_expired":
    case "unauthenticated":
      return "You are not signed in any more. Sign in again.";
    case "invalid_request": {
      const [first] = error.errors ?? [];
      return first
        ? `The server does not accept the ${first.field}: ${first.reason}. Change it, then try again.`
        : "The server does not accept that. Change it, then try again.";
    }
    case "auth_service_unavailable":
    case "unavailable":
    case "internal":
    case "unexpected":
      return "The server could not do that just now. Try again in a moment.";
    default:
      return `That did not work: ${error?.message ?? error}. Try again.`;
  }
}
