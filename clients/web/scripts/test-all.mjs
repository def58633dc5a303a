// Runs the tests in each variant: both widths, both themes, both directions. `npm run test:all -- 360-dark-rtl` runs the
// named ones alone.
import { spawnSync } from "node:child_process";
import { VARIANTS } from "../test/harness.js";

const asked = process.argv.slice(2);
const failed = [];
for (const WEB_VARIANT of asked.length ? asked : VARIANTS) {
  console.log(`\n${WEB_VARIANT}`);
  const { status } = spawnSync("npm", ["test"], { stdio: "inherit", env: { ...process.env, WEB_VARIANT } });
  if (status) failed.push(WEB_VARIANT);
}
console.log(failed.length ? `\nfailed: ${failed.join(", ")}` : "\nall variants passed");
process.exitCode = failed.length ? 1 : 0;
