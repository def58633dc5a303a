// Makes types/, the declarations that the package ships: what tsc makes from the sources, and the generated
// src/api.d.ts, which tsc checks but does not copy. Without that copy, a consumer would silently get `any`.
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("..", import.meta.url));
rmSync(`${home}/types`, { recursive: true, force: true });
execFileSync(process.execPath, [`${home}/node_modules/typescript/bin/tsc`, "--project", home], { stdio: "inherit" });
copyFileSync(`${home}/src/api.d.ts`, `${home}/types/api.d.ts`);
