import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { saga, silentLogger } from "@polder/model";
import { openSecrets } from "@polder/postgres";
import { testServer, until } from "@polder/postgres/testing";
import { showSaga } from "@polder/sagas";
import { expect, test } from "vitest";
import { z } from "zod";
import { openIdentity, openKeyRing, publicKeysPlace } from "../src/index.ts";
import { Bank, bank, bankWith, Report, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn } from "./hosting.ts";

const asking = saga(report, "asking", {
  input: z.object({ account: z.string() }),
  answers: Report.ask,
  run: async ({ input, step, answer }) => {
    const found = await step("ask", { run: ({ call }) => call(Bank).balance(input) });
    await answer({ text: found.ok ? "known" : found.refusal });
  },
});

const implementation = reportWith({
  ask: async ({ input, key, tx }) => tx.start(asking, key, input),
  sagas: [asking],
});

test("a step whose caller the callee has never heard of is not tried again", async () => {
  await using server = await testServer();
  await using database = await server.database(bankHomes);
  const directory = await mkdtemp(join(tmpdir(), "polder-keys-"));
  await using kept = new AsyncDisposableStack();
  kept.defer(() => rm(directory, { recursive: true }));
  const place = publicKeysPlace({ given: undefined, directory, polderDirectory: directory });
  const secrets = openSecrets({ directory, env: {} });
  openKeyRing({ place, secrets }).ensure(["bank", "report"]);
  const knowing = (declarations: readonly (typeof bank | typeof report)[]) => ({
    identity: openIdentity({ declarations: () => declarations, place, secrets, logger: silentLogger }),
  });
  await using bankHost = await hostOn(database, [bankWith()], knowing([bank]));
  const { identity } = knowing([bank, report]);
  const urls = { bank: bankHost.host.url };
  await using reportHost = await hostOn(database, [implementation], {
    identity: { ...identity, admit: () => undefined },
    urls,
  });
  const key = "question-1";
  await expect(reportHost.report.ask({ account: "a" }, { key })).rejects.toMatchObject({ code: "SAGA_ABORTED" });
  const shown = await showSaga(database.admin, { domain: "report", saga: "asking", key });
  expect(shown.steps).toMatchObject([{ name: "ask", state: "failed", attempts: 1 }]);
  expect(shown.reason).toContain("CALLER_UNDECLARED");
  await until(
    async () => (await showSaga(database.admin, { domain: "report", saga: "asking", key })).state === "undone",
    "it has ended",
  );
});
