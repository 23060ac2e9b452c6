import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient, httpTransport } from "@polder/http";
import { api, domain, handler, type Implementation, implement, need, PolderError, query, team } from "@polder/model";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { startHost } from "../src/index.ts";
import { homesOf } from "./hosting.ts";

// Front asks Middle, Middle asks Back, and what Back does is up to each test. Each runs in a host of its own.

const versions = { "1.0.0": { ask: query("GET /ask", { output: z.object({ path: z.string() }) }) } };
const Front = api("front", { versions });
const Middle = api("middle", { versions });
const Back = api("back", { versions });
const shape = { owner: team("Clerks", { contact: "#clerks" }), capability: "Ask" };
const front = domain("front", { ...shape, publishes: [Front], needs: [need(Middle, "1.0.0")] });
const middle = domain("middle", { ...shape, publishes: [Middle], needs: [need(Back, "1.0.0")] });
const back = domain("back", { ...shape, publishes: [Back] });

/** Lets a few milliseconds pass: what a handler that does something takes at least. */
async function work(): Promise<void> {
  const begunMs = performance.now();
  while (performance.now() - begunMs < 3) await new Promise(setImmediate);
}

interface Behaviour {
  /** What Front and Middle allow the call that they make. */
  readonly deadlineMs?: { readonly front?: number; readonly middle?: number };
  readonly back: (context: { readonly signal: AbortSignal }) => Promise<{ readonly path: string }>;
}

function implementations(behaviour: Behaviour): readonly [Implementation, Implementation, Implementation] {
  const limit = (ms: number | undefined) => (ms === undefined ? {} : { deadlineMs: ms });
  const ask = {
    front: handler(front, Front.ask, async ({ call }) => {
      await work();
      const answer = await call(Middle).ask({}, limit(behaviour.deadlineMs?.front));
      return { path: `front ${answer.value.path}` };
    }),
    middle: handler(middle, Middle.ask, async ({ call }) => {
      await work();
      const answer = await call(Back).ask({}, limit(behaviour.deadlineMs?.middle));
      return { path: `middle ${answer.value.path}` };
    }),
    back: handler(back, Back.ask, behaviour.back),
  };
  return [
    implement(front, { apis: { front: { ask: ask.front } } }),
    implement(middle, { apis: { middle: { ask: ask.middle } } }),
    implement(back, { apis: { back: { ask: ask.back } } }),
  ];
}

/** Stands before a server and writes down the deadline of every request that goes through. */
async function deadlineRecorder(target: string) {
  const seenMs: number[] = [];
  const proxy = createServer((incoming, outgoing) => {
    seenMs.push(Number(incoming.headers["polder-deadline-ms"]));
    const onward = httpRequest(target + (incoming.url ?? ""), {
      method: incoming.method ?? "GET",
      headers: incoming.headers,
    });
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    seenMs,
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
}

let server: TestServer;
let database: TestDatabase;
beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database(homesOf(implementations({ back: async () => ({ path: "" }) })));
});
afterEach(() => database[Symbol.asyncDispose]());

/** The three in a row, over HTTP; and the deadlines that each of them got. */
async function chain(behaviour: Behaviour) {
  await using opened = new AsyncDisposableStack();
  const [first, second, third] = implementations(behaviour);
  const hop = async (implementation: Implementation, urls: Readonly<Record<string, string>>) => {
    const host = await startHost({ implementations: [implementation], address: database.appAddress, urls });
    opened.use(host);
    return opened.use(await deadlineRecorder(host.url));
  };
  const last = await hop(third, {});
  const between = await hop(second, { back: last.url });
  const entry = await hop(first, { middle: between.url });
  const open = opened.move();
  return {
    client: createClient(Front, "1.0.0", { transport: httpTransport({ baseUrl: entry.url }) }),
    seenMs: () => [entry, between, last].map((recorder) => recorder.seenMs[0] ?? Number.NaN),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

test("three hops share one deadline: each has less than the one before", async () => {
  await using hops = await chain({ back: async () => ({ path: "back" }) });
  expect(await hops.client.ask({}, { deadlineMs: 20_000 })).toEqual({ ok: true, value: { path: "front middle back" } });
  const [first = 0, second = 0, third = 0] = hops.seenMs();
  expect(first).toBeLessThanOrEqual(20_000);
  // A call has 5 seconds of its own where it says nothing, and less where less is left.
  expect(second).toBeLessThanOrEqual(5_000);
  expect(third).toBeLessThan(second);
});

test("with less than the default left, each hop has what the one before has left", async () => {
  await using hops = await chain({ back: async () => ({ path: "back" }) });
  await hops.client.ask({}, { deadlineMs: 4_000 });
  const [first = 0, second = 0, third = 0] = hops.seenMs();
  expect(first).toBeLessThanOrEqual(4_000);
  expect(second).toBeLessThan(first);
  expect(third).toBeLessThan(second);
});

test("when the last one hangs until the deadline it is told to stop, and the caller hears it in time", async () => {
  const stopped = Promise.withResolvers<unknown>();
  const back = ({ signal }: { readonly signal: AbortSignal }): Promise<never> => {
    signal.addEventListener("abort", () => stopped.resolve(signal.reason));
    return new Promise(() => undefined);
  };
  await using hops = await chain({ back });
  // On a busy machine those before may not get the time to say whom they waited for.
  await expect(hops.client.ask({}, { deadlineMs: 3_000 })).rejects.toMatchObject({
    code: expect.stringMatching(/^(DEPENDENCY_FAILED|CALL_DEADLINE_EXCEEDED)$/),
  });
  expect(await stopped.promise).toMatchObject({ code: expect.stringMatching(/^CALL_(DEADLINE_EXCEEDED|ABORTED)$/) });
});

test("a deadline in the middle is a 504 that names who was waited for, at every hop", async () => {
  await using hops = await chain({ back: () => new Promise(() => undefined), deadlineMs: { middle: 100 } });
  await expect(hops.client.ask({}, { deadlineMs: 20_000 })).rejects.toMatchObject({
    code: "DEPENDENCY_FAILED",
    details: {
      problem: { status: 504, dependency: { api: "middle", operation: "ask", code: "DEPENDENCY_FAILED" } },
    },
  });
});

test("a failure at the end is told through all hops, is repeated by its neighbour alone, and its words stay where they are", async () => {
  let runs = 0;
  const back = async (): Promise<never> => {
    runs += 1;
    throw new PolderError("POSTGRES_UNREACHABLE", "the password is 1234", {});
  };
  await using hops = await chain({ back });
  const error: unknown = await hops.client.ask({}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "DEPENDENCY_FAILED",
    details: { problem: { status: 503, dependency: { api: "middle", code: "DEPENDENCY_FAILED" } } },
  });
  expect(JSON.stringify(error)).not.toContain("1234");
  // Three attempts, and not three for each of three.
  expect(runs).toBe(3);
});
