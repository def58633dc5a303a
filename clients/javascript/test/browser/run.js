// Runs the tests in Chromium, against the system of this repository: `npm run test:browser -- --seeds 20`.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  options: { seeds: { type: "string", default: "2" }, from: { type: "string", default: "1" } },
  allowPositionals: true,
});
const here = fileURLToPath(new URL(".", import.meta.url));
const files = readdirSync(here).filter((name) => name.endsWith(".test.js"));
const chosen = positionals.length === 0 ? files : files.filter((name) => positionals.some((part) => name.includes(part)));
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => Number(values.from) + index);
// One file at a time: each has a system and a browser of its own.
const { status } = spawnSync(
  process.execPath,
  ["--test", "--test-timeout=300000", "--test-concurrency=1", "--test-reporter=spec", ...chosen.map((name) => here + name)],
  { stdio: "inherit", env: { ...process.env, LAMBDA_CHAT_SEEDS: seeds.join() } },
);
process.exitCode = status ?? 1;
