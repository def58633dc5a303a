// docs/API.md, "POST /attachments": uploads with progress and cancel, and downloads that are checked.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { digestOf } from "../../src/engine/sha256.js";
import { FakeServer, Refusal, SILENCE } from "./fake-server.js";
import { online, texts } from "./helpers.js";

const attachment = {
  type: "image",
  fileName: "a.png",
  contentType: "image/png",
  width: 2,
  height: 3,
  blurHash: "00I}XR",
};
const file = new Blob(["some bytes"]);

async function begin(options) {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  server.clock.realMs = 15;
  const { engine, updates } = await online(server, "alice", options);
  return { server, clock: server.clock, engine, updates };
}
const xml = (status, code) => new Response(`<Error><Code>${code}</Code></Error>`, { status });
const puts = (server) => server.requests.filter(({ name }) => name === "PUT bucket");

/** Like that of a browser, over the `fetch` of a fake server. */
const xhrOf = (server) =>
  class {
    upload = {};
    #headers = {};
    #controller = new AbortController();
    open(method, url) {
      Object.assign(this, { method, url });
    }
    setRequestHeader(name, value) {
      this.#headers[name] = value;
    }
    send(body) {
      const target = body ? this.upload : this;
      target.onprogress?.({ loaded: (body?.size ?? 10) / 2, lengthComputable: true });
      server
        .fetch(this.url, { method: this.method, headers: this.#headers, body, signal: this.#controller.signal })
        .then(
          async (response) => {
            Object.assign(this, { status: response.status, response: await response.blob() });
            this.onload();
          },
          () => this.#controller.signal.aborted || this.onerror({}),
        )
        .finally(() => this.onloadend());
    }
    abort() {
      this.isAborted = true;
      this.#controller.abort();
      this.onabort({});
      server.aborted = (server.aborted ?? 0) + 1;
    }
  };

test("the SHA-256 of pages without crypto.subtle is that of others", () => {
  for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 100_000]) {
    const bytes = randomBytes(size);
    assert.equal(
      Buffer.from(digestOf(bytes)).toString("hex"),
      createHash("sha256").update(bytes).digest("hex"),
      `${size}`,
    );
  }
});

test("a file is uploaded with what the caller says of it, then its message goes", async () => {
  const { server, clock, engine } = await begin();
  engine.send("c", { type: "image", content: "caption" }, { file, attachment });
  assert.deepEqual([engine.outbox[0].progress, engine.outbox[0].file], [0, file]);
  await clock.until(() => !engine.outbox.length);
  const [announced] = server.seen("POST /attachments");
  const sha256 = createHash("sha256").update("some bytes").digest("hex");
  assert.deepEqual(announced.body, { ...attachment, chatId: "c", sizeBytes: 10, sha256 });
  assert.equal(await server.bucket.get("/a1").text(), "some bytes");
  assert.deepEqual(server.seen("sendMessage")[0].fields.attachmentId, "a1");
  engine.stop();
});

test("XMLHttpRequest, where there is one, tells the progress", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  server.clock.realMs = 15;
  const { engine, updates } = await online(server, "alice", { XMLHttpRequest: xhrOf(server) });
  const progress = [];
  engine.subscribe(({ type }) => type === "outbox" && engine.outbox[0] && progress.push(engine.outbox[0].progress));
  engine.send("c", { type: "image" }, { file, attachment });
  await server.clock.until(() => !engine.outbox.length);
  assert.deepEqual([...new Set(progress)], [0, 0.5, 1]);
  engine.stop();
});

test("an upload whose bytes do not move for a minute is tried again, and one that is slow is not", async () => {
  const server = new FakeServer();
  server.chat("c", "alice", "bob");
  server.clock.realMs = 15;
  /** @type {any[]} */
  const requests = [];
  const { engine } = await online(server, "alice", {
    XMLHttpRequest: class extends xhrOf(server) {
      constructor() {
        super();
        requests.push(this);
      }
    },
  });
  server.script = ({ name }) => (name === "PUT bucket" && puts(server).length <= 1 ? SILENCE : undefined);
  engine.send("c", { type: "image" }, { file, attachment });
  await server.clock.until(() => requests.length);
  for (let n = 0; n < 3; n++) {
    await server.clock.advance(50_000);
    requests[0].upload.onprogress({ loaded: 6 + n });
  }
  assert.equal(server.aborted, undefined, "it moves");
  await server.clock.until(() => !engine.outbox.length);
  assert.deepEqual([server.aborted, puts(server).length], [1, 2]);
  assert.equal(server.seen("POST /attachments").length, 1);
  engine.stop();
  await server.clock.settle();
  assert.equal(server.clock.timers, 0);
});

for (const kind of ["fetch", "XMLHttpRequest"]) {
  test(`discard ends an upload by ${kind}, and the next message goes`, async () => {
    const server = new FakeServer();
    server.chat("c", "alice", "bob");
    server.clock.realMs = 15;
    const { engine } = await online(server, "alice", kind === "fetch" ? {} : { XMLHttpRequest: xhrOf(server) });
    let isAborted = false;
    server.script = ({ name }) => (name === "PUT bucket" ? SILENCE : undefined);
    const fetch = server.fetch;
    const id = engine.send("c", { type: "image" }, { file, attachment });
    engine.send("c", { content: "next" });
    await server.clock.until(() => puts(server).length === 1);
    assert.equal(engine.outbox[0].state, "uploading");
    engine.discard(id);
    await server.clock.until(() => !engine.outbox.length);
    assert.deepEqual(texts(engine), ["next"]);
    if (kind !== "fetch") assert.equal(server.aborted, 1);
    engine.stop();
    await server.clock.settle();
    assert.equal(server.clock.timers, 0);
  });
}

test("errors of the bucket that may pass are tried again, in all four times", async () => {
  for (const [status, code] of [
    [503, "SlowDown"],
    [409, "ConditionalRequestConflict"],
    [400, "RequestTimeout"],
  ]) {
    const { server, clock, engine } = await begin();
    let failures = 3;
    server.script = ({ name }) => (name === "PUT bucket" && failures-- > 0 ? xml(status, code) : undefined);
    engine.send("c", { type: "image" }, { file, attachment });
    await clock.until(() => !engine.outbox.length);
    assert.equal(puts(server).length, 4);
    assert.equal(server.seen("POST /attachments").length, 1);
    engine.stop();
  }
});

test("after four tries a transfer is given up; the error says that it may pass", async () => {
  const { server, clock, engine } = await begin();
  server.script = ({ name }) => (name === "PUT bucket" ? xml(503, "SlowDown") : undefined);
  let failed;
  engine.upload("c", attachment, file).catch((error) => (failed = error));
  await clock.until(() => failed);
  const { code, status, retryable } = failed;
  assert.deepEqual([code, status, retryable, puts(server).length], ["bucket", 503, true, 4]);
  engine.stop();
});

test("an object that exists counts as uploaded", async () => {
  const { server, clock, engine } = await begin();
  server.script = ({ name }) => (name === "PUT bucket" ? xml(412, "PreconditionFailed") : undefined);
  engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => !engine.outbox.length);
  assert.equal(puts(server).length, 1);
  engine.stop();
});

test("a presigned URL that has expired: the attachment is announced again", async () => {
  const { server, clock, engine } = await begin();
  let n = 0;
  server.script = ({ name }) => (name === "PUT bucket" && ++n === 1 ? xml(403, "AccessDenied") : undefined);
  engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.seen("POST /attachments").length, 2);
  assert.equal(server.seen("sendMessage")[0].fields.attachmentId, "a2");
  engine.stop();
});

test("an upload that the bucket refuses for good fails with the file kept, and without the URL in the error", async () => {
  const { server, clock, engine } = await begin();
  server.script = ({ name }) => (name === "PUT bucket" ? xml(400, "BadDigest") : undefined);
  const id = engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  const { error } = engine.outbox[0];
  assert.deepEqual([error.code, error.status], ["bucket", 400]);
  assert.ok(!error.message.includes("http"));
  server.script = () => undefined;
  engine.retry(id);
  await clock.until(() => !engine.outbox.length);
  engine.stop();
});

test("an attachment that is refused fails at once", async () => {
  const { server, clock, engine } = await begin();
  server.script = ({ name }) =>
    name === "POST /attachments" ? new Refusal(400, "content_too_large", { limit: 5 }) : undefined;
  engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => engine.outbox[0]?.state === "failed");
  assert.equal(engine.outbox[0].error.limit, 5);
  engine.stop();
});

test("an attachment that was not sent within a day is uploaded again", async () => {
  const { server, clock, engine } = await begin();
  let n = 0;
  server.script = ({ name }) =>
    name === "sendMessage" && ++n === 1 ? new Refusal(404, "attachment_not_found") : undefined;
  engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.seen("sendMessage")[1].fields.attachmentId, "a2");
  engine.stop();
});

test("a connection that is lost in an upload: it goes again, and the message is sent once", async () => {
  const { server, clock, engine } = await begin();
  let n = 0;
  server.script = ({ name }) => {
    if (name !== "PUT bucket" || ++n > 1) return undefined;
    server.isReachable = false;
    server.cut();
    return xml(503, "SlowDown");
  };
  engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => engine.link.status === "offline");
  await clock.advance(60_000);
  server.isReachable = true;
  await clock.until(() => !engine.outbox.length);
  assert.equal(server.chats.get("c").messages.length, 1);
  engine.stop();
});

test("a download is checked: size and SHA-256", async () => {
  const { server, clock, engine } = await begin();
  engine.send("c", { type: "image" }, { file, attachment });
  await clock.until(() => !engine.outbox.length);
  const progress = [];
  const download = await engine.download("c", 1, { onProgress: (value) => progress.push(value) });
  assert.equal(await download.blob.text(), "some bytes");
  assert.equal(download.attachment.fileName, "a.png");
  assert.equal(progress.at(-1), 1);
  for (const damaged of ["some byte", "same bytes"]) {
    server.bucket.set("/a1", new Blob([damaged]));
    await assert.rejects(engine.download("c", 1), { code: "damaged_attachment" });
  }
  engine.stop();
});

test("a signal aborts a download and an upload of their own", async () => {
  const { server, clock, engine } = await begin();
  server.attachment = { attachmentId: "a", sizeBytes: 1, sha256: "" };
  server.script = ({ name }) => (name.endsWith("bucket") ? SILENCE : undefined);
  for (const begin of [
    (signal) => engine.download("c", 1, { signal }),
    (signal) => engine.upload("c", attachment, file, { signal }),
  ]) {
    const controller = new AbortController();
    const work = begin(controller.signal);
    work.catch(() => {});
    const before = server.requests.length;
    await clock.until(() => server.requests.some(({ name }, index) => index >= before && name.endsWith("bucket")));
    controller.abort();
    await assert.rejects(work, { code: "aborted" });
  }
  engine.stop();
});
