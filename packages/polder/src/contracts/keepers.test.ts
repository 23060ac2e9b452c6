import { expect, test } from "vitest";
import { keepersOf } from "./keepers.ts";
import type { MajorUse } from "./major-use.ts";

const day = (number: number): Date => new Date(Date.UTC(2030, 0, number));

/** Recorded for long enough, and nobody was seen. */
const silent: MajorUse = {
  contract: "customer",
  major: 1,
  since: day(10),
  users: [],
  waiting: [],
  recorded: { from: day(1), until: day(20) },
};
const seen = { version: "1.0.0", environment: "production", seenAt: day(12), calls: 7, callsPerDay: 7 };

test("nobody is left", () => {
  expect(keepersOf(silent)).toEqual([]);
});

test("who was seen, who only declares it, and who does both in two environments", () => {
  const users = [
    { consumer: "gateway", seen },
    { consumer: "order", needs: "1.0.0", seen },
    { consumer: "order", needs: "1.0.0", seen: { ...seen, environment: "test" } },
    { consumer: "mail", needs: "1.1.0" },
    { consumer: "desk", needs: "2.0.0", seen },
  ];
  expect(keepersOf({ ...silent, users })).toEqual([
    { kind: "used", why: "gateway uses 1.0.0 in production: last seen 2030-01-12T00:00:00.000Z" },
    { kind: "used", why: "order uses 1.0.0 in production: last seen 2030-01-12T00:00:00.000Z" },
    { kind: "used", why: "order uses 1.0.0 in test: last seen 2030-01-12T00:00:00.000Z" },
    { kind: "used", why: "desk uses 1.0.0 in production: last seen 2030-01-12T00:00:00.000Z" },
    { kind: "declared", why: "order declares that it needs 1.0.0" },
    { kind: "declared", why: "mail declares that it needs 1.1.0" },
  ]);
});

test("silence of which nobody knows is no proof", () => {
  const { recorded: _recorded, ...never } = silent;
  expect(keepersOf(never)).toMatchObject([{ kind: "unproven", why: expect.stringContaining("never been recorded") }]);
  const late = { ...silent, recorded: { from: day(11), until: day(20) } };
  expect(keepersOf(late)).toMatchObject([
    { kind: "unproven", why: expect.stringContaining("since 2030-01-11T00:00:00.000Z only") },
  ]);
  const over = { ...silent, recorded: { from: day(1), until: day(9) } };
  expect(keepersOf(over)).toMatchObject([
    { kind: "unproven", why: expect.stringContaining("nothing has been recorded since 2030-01-09T00:00:00.000Z") },
  ]);
});

test("events that are still to be handled", () => {
  const waiting = [{ subscription: "order.follow", problem: "has put 2 events aside" }];
  expect(keepersOf({ ...silent, waiting })).toEqual([{ kind: "waiting", why: "order.follow has put 2 events aside" }]);
});
