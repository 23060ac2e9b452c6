import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createClient, createDispatcher, httpTransport, rotatingTransport, serveHttp } from "../src/index.ts";
import { Inventory, serveInventory } from "./inventory.ts";

const hard = { signal: AbortSignal.abort() };

/** An instance of Inventory on a port, and the number of calls that it has let in. */
async function openInstance(port = 0) {
  const inventory = serveInventory();
  const server = await serveHttp({ dispatcher: createDispatcher({ served: [inventory.served] }), port });
  return { url: server.url, calls: () => inventory.admitted.length, close: () => server.stop(hard) };
}

/** A client of several instances, with a clock that the test moves. */
function clientOf(...baseUrls: readonly string[]) {
  const clock = { nowMs: 0 };
  const transports = baseUrls.map((baseUrl) => httpTransport({ baseUrl }));
  const transport = rotatingTransport(transports, { restMs: 5_000, nowMs: () => clock.nowMs });
  const client = createClient(Inventory, "1.0.0", { transport });
  const call = async (times: number): Promise<void> => {
    for (let made = 0; made < times; made += 1) {
      const reserved = await client.reserve({ sku: "tulip" });
      expect(reserved.ok).toBe(true);
    }
  };
  return { client, clock, call };
}

test("instances are called in turn; one that is gone is passed over for a while", async () => {
  const [first, second] = [await openInstance(), await openInstance()];
  const { client, clock, call } = clientOf(first.url, second.url);
  await call(6);
  expect([first.calls(), second.calls()]).toEqual([3, 3]);

  await first.close();
  // The first one may find a connection that is closing under it; then it has failed, and the others go on.
  await client.reserve({ sku: "tulip" }).catch(() => undefined);
  const before = second.calls();
  await call(6);
  expect(second.calls()).toBe(before + 6);

  const again = await openInstance(Number(new URL(first.url).port));
  await call(2);
  expect(again.calls()).toBe(0);
  clock.nowMs = 6_000;
  await call(4);
  expect([again.calls(), second.calls()]).toEqual([2, before + 10]);
  await Promise.all([again.close(), second.close()]);
});

test("a name that does not resolve is passed over; alone it is CALL_UNREACHABLE, and so it is when nobody is there", async () => {
  const instance = await openInstance();
  const nowhere = "http://inventory.invalid:4000";
  await clientOf(nowhere, instance.url).call(3);
  expect(instance.calls()).toBe(3);
  await instance.close();
  for (const urls of [[nowhere], [nowhere, instance.url], [instance.url, instance.url]]) {
    const calling = clientOf(...urls).client.reserve({ sku: "tulip" });
    await expect(calling).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
  }
});

test("a call that may have arrived does not go on to another instance by itself", async () => {
  const instance = await openInstance();
  await using cutting = await listen(createServer(({ socket }) => socket.destroy()));
  const { client, call } = clientOf(cutting.url, instance.url);
  await expect(client.reserve({ sku: "tulip" })).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
  expect(instance.calls()).toBe(0);
  await call(3);
  expect(instance.calls()).toBe(3);
  await instance.close();
});

test("there is one at least", () => {
  expect(() => rotatingTransport([])).toThrow(RangeError);
});

async function listen(server: Server) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
