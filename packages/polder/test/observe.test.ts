import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment, guestbookHomes } from "./guestbook-database.ts";
import { jsonOf, type PolderProcess, startPolder } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let env: Readonly<Record<string, string>>;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database(guestbookHomes));
  folder = opened.use(await copyGuestbook());
  env = { ...guestbookEnvironment(database).env, OTEL_TRACES_SAMPLER: "always_on" };
});
afterEach(() => opened.disposeAsync());

function start(more: Readonly<Record<string, string>> = {}): PolderProcess {
  return opened.use(
    startPolder(["start", "--gateway", "--gateway-port", "0"], { cwd: folder.path, env: { ...env, ...more } }),
  );
}

async function urlOf(running: PolderProcess): Promise<string> {
  const [, url = ""] = await running.says(/"message":"ready",.*"gateway":"([^"]+)"/);
  return url;
}

const sign = (url: string, guest: string): Promise<Response> =>
  fetch(`${url}/guestbook/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ guest, words: "Hello" }),
  });

const trace = (...args: readonly string[]) => polder(["trace", ...args], { cwd: folder.path });

test("what failed is found by the trace and by the instance of its problem, and the log names both", async () => {
  await folder.edit("domains/guestbook/sign-book.ts", [
    "  const entryId",
    '  if (guest === "Mallory") throw new Error("out of luck");\n  const entryId',
  ]);
  const running = start();
  const response = await sign(await urlOf(running), "Mallory");
  const problem = (await response.json()) as { code: string; instance: string; trace: string };
  expect(problem.code).toBe("HANDLER_FAILED");
  const line = JSON.parse((await running.says(/.*guestbook\.sign failed.*/))[0]);
  expect(line).toMatchObject({ traceId: problem.trace, domain: "guestbook", spanId: expect.any(String) });
  expect(problem.instance).toBe(`urn:uuid:${line.correlationId}`);
  await until(async () => (await trace(problem.trace)).code === 0, "the trace is kept");
  for (const id of [problem.trace, problem.instance, line.correlationId]) {
    const { out } = await trace(id);
    expect(out).toContain(`trace ${problem.trace}`);
    expect(out).toContain("handle guestbook.sign  FAILED: out of luck");
  }
  await sign(await urlOf(running), "Ada");
  const listed = async () => (jsonOf(await trace("--json")) as { data: readonly { failed: boolean }[] }).data;
  await until(async () => (await listed()).length === 2, "both traces are kept");
  expect((await listed()).map(({ failed }) => failed)).toEqual([false, true]);
  expect((await trace("--failed")).out).toContain("serve guestbook.sign  FAILED");
});

test("before there are traces, that is said", async () => {
  const listed = await trace();
  expect(listed).toMatchObject({ code: 0 });
  expect(listed.out).toContain("No trace is kept here yet");
  expect(await trace("abcdef")).toMatchObject({ code: 1 });
});

test("the thresholds of what is slow are those of the configuration, and so is whether there are metrics", async () => {
  await folder.edit("polder.config.ts", [
    "gateway: {",
    "metrics: false, slow: { handlerMs: 0.001 }, traces: false,\n  gateway: {",
  ]);
  const running = start();
  const url = await urlOf(running);
  await sign(url, "Ada");
  const [line] = await running.says(/.*a handler was slow.*guestbook\.sign.*/);
  expect(JSON.parse(line)).toMatchObject({ level: "warn", domain: "guestbook", handler: "guestbook.sign" });
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  running.child.kill("SIGTERM");
  await running.ended;
  expect((await trace()).out).toContain("No trace is kept here yet");
});

describe("with a collector", () => {
  test("spans go there by OTLP, and none is kept here", async () => {
    const bodies: unknown[] = [];
    const collector = createServer((incoming, outgoing) => {
      void json(incoming).then((body) => {
        bodies.push(body);
        outgoing.end("{}");
      });
    }).listen(0, "127.0.0.1");
    opened.defer(() => void collector.close());
    await once(collector, "listening");
    const { port } = collector.address() as AddressInfo;
    const running = start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_SERVICE_NAME: "the guestbook",
    });
    await sign(await urlOf(running), "Ada");
    const sent = (text: string) => JSON.stringify(bodies).includes(text);
    await until(async () => sent("handle welcome.greet-guests"), "the delivery is sent");
    for (const text of ["serve guestbook.sign", "publish guestbook.Signed", "commit", "the guestbook"])
      expect(sent(text), text).toBe(true);
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
    expect((await trace()).out).toContain("No trace is kept here yet");
  });

  test("that never answers, calls are answered all the same, and the end is not held up", async () => {
    const hanging = createServer(() => undefined).listen(0, "127.0.0.1");
    opened.defer(() => {
      hanging.closeAllConnections();
      hanging.close();
    });
    await once(hanging, "listening");
    const asked = once(hanging, "request");
    const { port } = hanging.address() as AddressInfo;
    const running = start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_BSP_SCHEDULE_DELAY: "1",
      OTEL_BSP_MAX_QUEUE_SIZE: "10",
    });
    const url = await urlOf(running);
    expect((await sign(url, "Ada")).status).toBe(200);
    await asked;
    for (let guest = 0; guest < 50; guest += 1) expect((await sign(url, `guest ${guest}`)).status).toBe(200);
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });
});
