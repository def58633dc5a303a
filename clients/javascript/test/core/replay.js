// Replays the traces in clients/traces: what the reducer and the outbox of the Rust client did, step by step.
import { isDeepStrictEqual } from "node:util";
import { readFileSync, readdirSync } from "node:fs";
import { changes, factsOfOutbox, factsOfState, summary } from "./facts.js";

const FOLDER = new URL("../../../traces/", import.meta.url);

/** The files with traces, each with its lines. */
export const traceFiles = () =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => ({ name, lines: readFileSync(new URL(name, FOLDER), "utf8").trimEnd().split("\n") }));

/** The methods of a state that return events. The others return nothing, or whether something happened. */
const NEWS = new Set(["applyEvent", "applySync", "applyInboxPage", "applySentMessage", "applyChangedMessage"]);
NEWS.add("applyCreatedChat").add("removeChat");
const QUIET = new Set(["setVisible", "markBehind", "markChatBehind", "markGapsBehind", "markDisconnected"]);
for (const name of ["Details", "OwnMember", "Users", "Members", "Block", "User"]) QUIET.add(`apply${name}`);
const ANSWERED = new Set(["applyOlderPage", "applyReadPosition"]);

/** A state and the syncs that were begun, by number. */
function replayState(State, { me, now }) {
  const state = new State(me);
  const syncs = [undefined];
  const step = ({ do: method, args = [], sync, as }) => {
    args = args.map((argument) => argument ?? undefined);
    if (as) {
      if (as !== syncs.length) throw new Error(`sync ${as} does not follow`);
      const [request] = args;
      const begun = method === "startSync" ? { request, sentAt: state.plan.now } : method === "nextRequest" && state.nextRequest();
      if (!begun?.request) throw new Error(`a sync was next, now it is ${JSON.stringify(begun)}`);
      syncs.push(begun);
      return {};
    }
    if (sync) args.unshift(syncs[sync]);
    const known = NEWS.has(method) || QUIET.has(method) || ANSWERED.has(method);
    if (!known) throw new Error(`nobody replays the step ${method}`);
    const result = state[method](...args);
    return NEWS.has(method) ? { news: result } : ANSWERED.has(method) ? { result } : {};
  };
  return { step, facts: () => factsOfState(state, now) };
}

function replayOutbox(Outbox) {
  const outbox = new Outbox();
  const steps = {
    push: (...args) => {
      try {
        outbox.push(...args);
      } catch (error) {
        return error.code ?? error;
      }
    },
    pushMany: (chat, draft, count) => {
      for (let number = 0; number < count; number++) outbox.push(chat, draft, `${number}`);
    },
    startNext: (now) => outbox.startNext(now)?.clientMessageId,
    scheduleRetry: (...args) => outbox.scheduleRetry(...args),
    resetInFlight: () => outbox.resetInFlight(),
    countFailure: (id) => outbox.countFailure(id),
    remove: (id) => outbox.remove(id)?.clientMessageId,
    confirm: (message) => outbox.confirm(message)?.clientMessageId,
  };
  const step = ({ do: method, args = [] }) => {
    if (!Object.hasOwn(steps, method)) throw new Error(`nobody replays the step ${method}`);
    return { result: steps[method](...args) };
  };
  return { step, facts: () => factsOfOutbox(outbox) };
}

/**
 * Replays the lines of a file. Returns how many traces and steps it has. Throws an error that names the line and what
 * differs in it.
 */
export function replay({ name, lines }, { State, Outbox }) {
  let subject, facts;
  const count = { traces: 0, steps: 0 };
  for (const [index, text] of lines.entries()) {
    const context = `clients/traces/${name}:${index + 1}`;
    try {
      const line = JSON.parse(text);
      if (line.new) {
        if (line.new === "state") subject = replayState(State, line);
        else if (line.new === "outbox") subject = replayOutbox(Outbox);
        else throw new Error(`nobody replays a trace of ${line.new}`);
        facts = {};
        count.traces++;
        continue;
      }
      const { news = [], result } = subject.step(line);
      const before = facts;
      facts = subject.facts();
      same(line, "news", line.news ?? [], news.map(summary), news);
      same(line, "result", line.result, result);
      same(line, "facts", line.facts ?? {}, changes(before, facts));
      count.steps++;
    } catch (error) {
      throw new Error(`${context}: ${error.message}`, { cause: error });
    }
  }
  return count;
}

function same({ do: method }, name, then, now, whole = now) {
  if (isDeepStrictEqual(then, now)) return;
  throw new Error(`${method}: ${name} were ${JSON.stringify(then)}, now ${JSON.stringify(now)}: ${JSON.stringify(whole)}`);
}
