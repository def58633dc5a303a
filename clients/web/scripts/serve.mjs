// Serves the web client for tests, with the headers of the real server: `node scripts/serve.mjs [port] [http] [ws] [auth] [bucket]`.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const clients = fileURLToPath(new URL("../../", import.meta.url));
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".png": "image/png",
};
/** What may be asked for: the page and the two packages, without tests and development files. */
const ALLOWED = /^\/(web\/(css|src|examples)\/[\w./-]+|web\/icon\.svg|javascript\/src\/[\w./-]+)$/;

/**
 * The content security policy of the page.
 * @param {{ httpUrl: string, webSocketUrl: string, authUrl?: string, bucketUrl?: string }} system
 */
export function policy({ httpUrl, webSocketUrl, authUrl, bucketUrl }) {
  const origins = (/** @type {(string | undefined)[]} */ ...urls) =>
    urls
      .filter(Boolean)
      .map((url) => new URL(/** @type {string} */ (url)).origin)
      .join(" ");
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: data: https: ${origins(bucketUrl)}`,
    `media-src blob: ${origins(bucketUrl)}`,
    `connect-src 'self' ${origins(httpUrl, authUrl, bucketUrl)} ${webSocketUrl.replace(/^(wss?:\/\/[^/]+).*/, "$1")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

/** @param {{ httpUrl: string, webSocketUrl: string, authUrl?: string, bucketUrl?: string }} system */
export function createWebServer(system) {
  const headers = {
    "content-security-policy": policy(system),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(self)",
    "cache-control": "no-store",
  };
  return createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
    try {
      if (path === "/config.json") {
        const { httpUrl, webSocketUrl, authUrl } = system;
        const body = JSON.stringify({ httpUrl, webSocketUrl, ...(authUrl && { devTokenUrl: `${authUrl}/token` }) });
        return response.writeHead(200, { ...headers, "content-type": TYPES[".json"] }).end(body);
      }
      const file = path === "/" ? "web/index.html" : ALLOWED.test(path) ? path : undefined;
      if (!file) throw new Error("not served");
      const body = await readFile(join(clients, file));
      response
        .writeHead(200, {
          ...headers,
          "content-type": TYPES[/** @type {keyof typeof TYPES} */ (extname(file))] ?? "application/octet-stream",
        })
        .end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [
    port = "5173",
    httpUrl = "http://127.0.0.1:3000",
    webSocketUrl = "ws://127.0.0.1:3001/live",
    authUrl = "http://127.0.0.1:3002",
    bucketUrl = "http://127.0.0.1:3004",
  ] = process.argv.slice(2);
  createWebServer({ httpUrl, webSocketUrl, authUrl, bucketUrl }).listen(Number(port), "127.0.0.1");
  console.log(`http://127.0.0.1:${port}/?as=alice`);
}
