import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { testServer, until } from "@polder/postgres/testing";
import { expect, test } from "vitest";
import { logHead, subscriptionStatus } from "../src/index.ts";
import type { FaultAddresses } from "./faults.ts";
import { openWholesale, publish, sold, wholesaleHomes } from "./wholesale.ts";

test("a process that is stopped past its lease and continued: the other has taken over, and its late commit is refused", async ({
  signal,
}) => {
  await using server = await testServer();
  await using database = await server.database(wholesaleHomes);
  await using wholesale = openWholesale(database);
  await publish(wholesale.sales, sold("a", 1), sold("b", 2));
  wholesale.relay.wake();

  const addresses: FaultAddresses = {
    sales: database.appAddress("sales"),
    ledger: database.appAddress("ledger"),
    reader: database.appAddress("ledger"),
    salesAdmin: database.address,
    ledgerAdmin: database.address,
  };
  const worker = fork(join(import.meta.dirname, "stopped-worker.ts"), [JSON.stringify(addresses)], {
    execArgv: ["--conditions=source"],
    signal,
    killSignal: "SIGKILL",
  });
  worker.on("error", () => undefined);
  expect((await once(worker, "message"))[0]).toEqual({ at: "deliver:before-commit" });
  worker.kill("SIGSTOP");

  await wholesale.subscribe({ leaseMs: 500 });
  await until(async () => (await wholesale.entries()).length === 2, "the other process has written both down");
  worker.kill("SIGCONT");
  const refused = once(worker, "message");
  worker.send("go on");
  expect((await refused)[0]).toEqual({ refused: "LEASE_LOST" });

  // They share the work again, and nothing was written twice.
  await publish(wholesale.sales, sold("a", 3), sold("b", 4));
  wholesale.relay.wake();
  await until(async () => (await wholesale.entries()).length >= 4, "what came later is written down");
  await until(
    async () =>
      (await subscriptionStatus(database.admin, "ledger", (publisher) => logHead(database.admin, publisher)))[0]
        ?.lag === 0,
    "the lag is 0",
  );
  expect((await wholesale.entries()).map(({ n }) => n).sort()).toEqual([1, 2, 3, 4]);
  const exited = once(worker, "exit");
  worker.disconnect();
  await exited;
});
