// Starts the local cloud for the tests of the package and of the web client.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Where the built programs are. */
export const programs =
  process.env.LAMBDA_CHAT_BINARIES ?? fileURLToPath(new URL("../../../target/debug", import.meta.url));

/** The addresses, by the names that the program prints. */
const NAMES = { httpUrl: "HTTP API", webSocketUrl: "WebSocket API", authUrl: "Auth Service", bucketUrl: "S3" };

/**
 * Starts the local cloud on free ports, in memory.
 * @param {...string} parameters of the template, as `NAME=VALUE`
 * @returns {Promise<{httpUrl: string, webSocketUrl: string, authUrl: string, bucketUrl: string,
 *   stop: () => Promise<void>}>} `stop` ends when the program has ended
 */
export async function startLocalCloud(...parameters) {
  const ports = ["http", "ws", "auth", "dynamodb", "s3", "metrics"].flatMap((name) => [`--${name}-port`, "0"]);
  const options = parameters.flatMap((parameter) => ["--parameter", parameter]);
  const child = spawn(join(programs, "lambda-chat"), ["start", "--memory", ...options, ...ports], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // Also if the tests fail in between: a program that is left holds their output, and whoever reads it waits for ever.
  process.once("exit", () => child.kill());
  child.on("error", () => {}); // There is no such program: it prints nothing, and the message below says what to do.
  const ended = once(child, "close").catch(() => {});
  /** @type {Record<string, string>} */
  const printed = {};
  const lines = createInterface({ input: child.stdout });
  await new Promise((resolve) => {
    lines.on("close", resolve);
    lines.on("line", (line) => {
      const [, name, url] = /^ +([A-Z][\w ]*?\d?) +(\w+:\/\/\S+)/.exec(line) ?? [];
      if (name) printed[name] = url;
      // Later lines are read and dropped: a full pipe would stop the program.
      if (printed[NAMES.bucketUrl]) resolve(undefined);
    });
  });
  const found = Object.entries(NAMES).map(([key, name]) => [key, printed[name]]);
  if (found.some(([, url]) => !url)) {
    child.kill();
    throw new Error("lambda-chat did not start. Build it with: cargo build --workspace");
  }
  return {
    .../** @type {{httpUrl: string, webSocketUrl: string, authUrl: string, bucketUrl: string}} */ (Object.fromEntries(found)),
    async stop() {
      child.kill();
      await ended;
    },
  };
}
