import type { LookupFunction } from "node:net";
import { Agent, fetch as undiciFetch } from "undici";
import { expect, test } from "vitest";
import { createClient, createDispatcher, httpTransport, resilientTransport, serveHttp } from "../src/index.ts";
import { Inventory, serveInventory } from "./inventory.ts";

const hard = { signal: AbortSignal.abort() };
const REQUESTS_MAX = 5;
const needed = "needs 127.0.0.2 beside 127.0.0.1, which Linux has";

/** An instance of Inventory at an address of this machine, and the number of calls that it has let in. */
async function openInstance(host: string, port = 0) {
  const inventory = serveInventory();
  const dispatcher = createDispatcher({ served: [inventory.served] });
  const server = await serveHttp({ dispatcher, host, port, limits: { requestsPerConnectionMax: REQUESTS_MAX } });
  return { port: server.port, calls: () => inventory.admitted.length, close: () => server.stop(hard) };
}

/** A name that leads where the test says; nowhere, it is not found. */
function movingName() {
  const name: { address: string | undefined } = { address: undefined };
  const lookup: LookupFunction = (hostname, options, done) => {
    const { address } = name;
    if (address === undefined) {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: "ENOTFOUND" });
      done(error, "", 4);
    } else if (options.all === true) done(null, [{ address, family: 4 }]);
    else done(null, address, 4);
  };
  return { name, lookup };
}

/** A client of Inventory at that name, over HTTP as Polder speaks it; its calls are repeated as any others. */
function clientOf(port: number) {
  const { name, lookup } = movingName();
  const agent = new Agent({ connections: 1, connect: { lookup } });
  const fetch = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher: agent })) as typeof globalThis.fetch;
  const transport = resilientTransport({
    transport: httpTransport({ baseUrl: `http://inventory.test:${port}`, fetch }),
    rules: { attemptsMax: 2, backoffMs: 1, failuresMax: 1_000 },
  });
  const { reserve } = createClient(Inventory, "1.0.0", { transport });
  const call = () => reserve({ sku: "tulip" }, { deadlineMs: 5_000 });
  return { name, call, [Symbol.asyncDispose]: () => agent.destroy() };
}

test("a name that stops resolving fails calls with a code; when it resolves again, elsewhere, they go there", async (context) => {
  if (process.platform !== "linux") context.skip(needed);
  const first = await openInstance("127.0.0.1");
  await using client = clientOf(first.port);
  const { name, call } = client;
  name.address = "127.0.0.1";
  expect(await call()).toMatchObject({ ok: true });
  name.address = undefined;
  await first.close();
  // The first one may find a connection that is closing under it; it fails with the same code.
  for (let calls = 0; calls < 3; calls += 1) await expect(call()).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
  await expect(call()).rejects.toMatchObject({ cause: { cause: { code: "ENOTFOUND" } } });

  const second = await openInstance("127.0.0.2", first.port);
  name.address = "127.0.0.2";
  expect(await call()).toMatchObject({ ok: true });
  expect([first.calls(), second.calls()]).toEqual([1, 1]);
  await second.close();
});

test("a name that leads elsewhere is followed, also while the process at its old address answers", async (context) => {
  if (process.platform !== "linux") context.skip(needed);
  const first = await openInstance("127.0.0.1");
  const second = await openInstance("127.0.0.2", first.port);
  await using client = clientOf(first.port);
  const { name, call } = client;
  name.address = "127.0.0.1";
  await call();
  name.address = "127.0.0.2";
  for (let calls = 1; calls < 3 * REQUESTS_MAX; calls += 1) await call();
  expect([first.calls(), second.calls()]).toEqual([REQUESTS_MAX, 2 * REQUESTS_MAX]);
  await Promise.all([first.close(), second.close()]);
});
