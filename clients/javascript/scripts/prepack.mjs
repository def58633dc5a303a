// Makes what the package ships and the repository does not keep. First types/: what tsc makes from the sources, and the
// generated src/api.d.ts, which tsc checks but does not copy; without that copy, a consumer would silently get `any`.
// Then the licences, which are those of the workspace.
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../", import.meta.url));
rmSync(`${home}types`, { recursive: true, force: true });
execFileSync(process.execPath, [`${home}node_modules/typescript/bin/tsc`, "--project", home], { stdio: "inherit" });
copyFileSync(`${home}src/api.d.ts`, `${home}types/api.d.ts`);
for (const licence of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(`${home}../../${licence}`, `${home}${licence}`);
