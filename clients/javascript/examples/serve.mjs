// Serves the examples for a browser: `npm run examples`, then open what it prints. It bundles those in JSX.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const PORT = 5173;
const home = fileURLToPath(new URL("../", import.meta.url));
const types = { ".html": "text/html", ".js": "text/javascript" };

/** The example in JSX as one script. @param {string} source */
export async function bundle(source) {
  const options = { bundle: true, format: "esm", jsx: "automatic", write: false };
  return (await build({ entryPoints: [source], define: { "process.env.NODE_ENV": '"development"' }, ...options }))
    .outputFiles[0].contents;
}

/** The file of a URL. @param {string} url */
async function file(url) {
  let path = join(home, normalize(new URL(url, "http://localhost").pathname));
  if (path.endsWith("/")) path += "index.html";
  const isBundle = path.endsWith("/react/app.js");
  return { type: types[extname(path)], body: isBundle ? await bundle(path + "x") : await readFile(path) };
}

/** A server of the package's files. */
export const server = createServer(async ({ url = "/" }, response) => {
  try {
    const { type = "application/octet-stream", body } = await file(url);
    response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
  } catch (error) {
    response.writeHead(404).end(String(error));
  }
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  server.listen(PORT, "127.0.0.1");
  for (const query of ["vanilla/?as=alice&with=bob", "vanilla/?as=bob&with=alice", "react/?as=alice"]) {
    console.log(`http://127.0.0.1:${PORT}/examples/${query}`);
  }
}
