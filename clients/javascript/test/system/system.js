// The real system in memory, if its program is there: `cargo build`, or LAMBDA_CHAT names it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";
import { createClient } from "../../src/index.js";

const program =
  process.env.LAMBDA_CHAT ?? fileURLToPath(new URL("../../../../target/debug/lambda-chat", import.meta.url));

/** Why the tests against the system are left out; false if they are not. */
export const skip = existsSync(program)
  ? false
  : `left out: clients against the real system, because there is no ${program}`;

/** No wait of a test takes longer, even on a slow machine. */
const TEST_TIMEOUT_MS = 30_000;

/** Waits until the value of a Readable is as wanted. */
export async function until(readable, wanted) {
  if (wanted(readable.get())) return readable.get();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not in time: ${wanted}`)), TEST_TIMEOUT_MS);
    const off = readable.subscribe((value) => {
      if (!wanted(value)) return;
      clearTimeout(timer);
      off();
      resolve(value);
    });
  });
}

/** Starts the system on free ports. */
export async function startSystem() {
  const ports = ["http", "ws", "auth", "dynamodb", "s3", "metrics"].flatMap((name) => [`--${name}-port`, "0"]);
  const system = spawn(program, ["start", "--memory", ...ports], { stdio: ["ignore", "pipe", "inherit"] });
  const urls = {};
  let output = "";
  for await (const chunk of system.stdout) {
    output += chunk;
    for (const [, name, url] of output.matchAll(/^ {2}(HTTP API|WebSocket API|Auth Service) +(\S+)/gm))
      urls[name] = url;
    if (output.includes("log lines follow")) break;
  }
  assert.ok(urls["Auth Service"], output);
  const stops = [];
  const token = async (userId) => {
    const answer = await fetch(urls["Auth Service"] + "/token", { method: "POST", body: JSON.stringify({ userId }) });
    return (await answer.json()).token;
  };
  return {
    token,
    /** A client of this user. */
    client(userId, options) {
      const client = createClient({
        httpUrl: urls["HTTP API"],
        webSocketUrl: urls["WebSocket API"],
        token: () => token(userId),
        WebSocket,
        ...options,
      });
      stops.push(client.start());
      return client;
    },
    stop() {
      for (const stop of stops) stop();
      system.kill();
    },
  };
}
