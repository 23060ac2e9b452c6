import { join } from "node:path";
import { answerOf, publish, standInFor, startTestHost } from "polder/testing";
import { expect, test } from "vitest";
import { Guestbook, Signed } from "./guestbook/domains/guestbook/contract.ts";
import { guestbook } from "./guestbook/domains/guestbook/domain.ts";
import guestbookImplementation from "./guestbook/domains/guestbook/index.ts";
import { Welcome } from "./guestbook/domains/welcome/contract.ts";
import { welcome as welcomeDomain } from "./guestbook/domains/welcome/domain.ts";
import welcome from "./guestbook/domains/welcome/index.ts";

const from = join(import.meta.dirname, "guestbook");

// #region by-itself
test("everyone who signs is greeted, once", async () => {
  await using running = await startTestHost({ from, implementations: [welcome, standInFor(guestbook)] });
  await running.publish(Signed, { guest: "Ada", entryId: "00000000-0000-4000-8000-000000000000" });
  await running.settled();
  expect(answerOf(await running.client(Welcome, "1.0.0").greeted({}))).toEqual({ guests: ["Ada"] });
  expect(await running.database.parked("welcome")).toEqual([]);
});
// #endregion by-itself

test("without a choice, all domains of the project work", async () => {
  await using running = await startTestHost({ from });
  expect(running.host.domains).toEqual(["guestbook", "welcome"]);
  const { entryId } = answerOf(await running.client(Guestbook, "1.0.0").sign({ guest: "Bob", words: "Hello" }));
  await running.settled();
  expect(await running.database.events("guestbook")).toEqual([
    { type: "guestbook.Signed", data: { guest: "Bob", entryId } },
  ]);
  expect(await running.database.rows("select guest from welcome.greeting")).toEqual([{ guest: "Bob" }]);
});

test("a stand-in answers as it is told, held to the contract", async () => {
  const answers = {
    guestbook: {
      entries: async () => ({ entries: [{ guest: "Cora", words: "Hi" }] }),
      sign: async () => ({ entryId: "no UUID" }),
    },
  };
  await using running = await startTestHost({ from, implementations: [standInFor(guestbook, { answers })] });
  const client = running.client(Guestbook, "1.0.0");
  expect(answerOf(await client.entries({}))).toEqual({ entries: [{ guest: "Cora", words: "Hi" }] });
  await expect(client.sign({ guest: "Dan", words: "" })).rejects.toMatchObject({ code: "CALL_FAILED" });
});

test("what a stand-in was not told fails", async () => {
  const implementations = [standInFor(guestbook, { answers: { guestbook: {} } })];
  await using running = await startTestHost({ from, implementations });
  await expect(running.client(Guestbook, "1.0.0").entries({})).rejects.toMatchObject({ code: "CALL_FAILED" });
  const told = { kind: "event", name: "guestbook.Forgotten" } as const;
  await expect(publish(running.host, told, {} as never)).rejects.toMatchObject({ code: "CALL_FAILED" });
});

test("what is refused has no answer", () => {
  const refused = { ok: false, refusal: "SignedAlready", details: { guest: "Ada" } } as const;
  expect(() => answerOf(refused)).toThrow('refused: SignedAlready {"guest":"Ada"}');
});

test("nobody waits for the replica of a domain whose stand-in keeps none", async () => {
  await using running = await startTestHost({ from, implementations: [standInFor(welcomeDomain)] });
  await running.database.rows(
    "insert into welcome._build (copy, kind, version, definition, state) values ('guest', 'replica', 1, '', 'serving')",
  );
  await running.settled();
  const fill = { query: { api: "welcome", operation: "guests" } };
  const keeping = { ...welcome, replicas: [{ name: "guest", events: [], fill } as never] };
  expect(await running.database.underWay([keeping])).toContain("welcome: build 1 of guest, which is not whole yet");
});

test("who handled nothing says what is left", async () => {
  await using running = await startTestHost({ from, implementations: [guestbookImplementation] });
  await running.client(Guestbook, "1.0.0").sign({ guest: "Eve", words: "Hello" });
  expect(await running.database.underWay([welcome])).toEqual(["welcome.greet-guests: not begun with guestbook"]);
});
