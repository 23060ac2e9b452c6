import { describe, expect, test } from "vitest";
import { sharedLook } from "./shared-look.ts";

const ignore = (): void => undefined;
const { signal: never } = new AbortController();

/** A look at numbers: what was asked for is enough when it is not above the level. Each look waits to be let go. */
function levelLook({ level = 0 } = {}) {
  const looks: { readonly asked: readonly number[]; readonly go: () => void }[] = [];
  let told: (() => void) | undefined;
  let heard = Promise.withResolvers<void>();
  const state = { level, fails: undefined as unknown };
  const look = sharedLook<number, boolean>({
    look: async (asked) => {
      const held = Promise.withResolvers<void>();
      looks.push({ asked, go: held.resolve });
      heard.resolve();
      heard = Promise.withResolvers();
      await held.promise;
      if (state.fails !== undefined) throw state.fails;
      return asked.map((one) => one <= state.level);
    },
    isEnough: (found) => found,
    onNews: (listener) => {
      told = listener;
      return () => {
        told = undefined;
      };
    },
  });
  return {
    look,
    looks,
    state,
    /** The look with this number, from 0, once it has begun. */
    begun: async (number: number) => {
      while (looks.length <= number) await heard.promise;
      return looks[number] as (typeof looks)[number];
    },
    tell: () => told?.(),
    isListening: () => told !== undefined,
  };
}

describe("all who wait share a look", () => {
  test("at a time, and whoever comes while one is under way has a part in the next", async () => {
    const { look, looks, begun, state } = levelLook({ level: 1 });
    const [one, two] = [1, 2].map((level) => look.wait(level, never, ignore));
    const first = await begun(0);
    const three = look.wait(3, never, ignore);
    expect(looks).toHaveLength(1);
    first.go();
    await one;
    const second = await begun(1);
    expect([first.asked, second.asked]).toEqual([
      [1, 2],
      [3, 2],
    ]);
    state.level = 3;
    second.go();
    expect(await Promise.all([two, three])).toEqual([true, true]);
  });

  test("and none is made without anybody who waits", async () => {
    const { look, looks, begun, isListening } = levelLook({ level: 1 });
    const waiting = look.wait(1, never, ignore);
    expect(isListening()).toBe(true);
    (await begun(0)).go();
    await waiting;
    look.news();
    expect([looks.length, isListening()]).toEqual([1, false]);
    const again = look.wait(1, never, ignore);
    (await begun(1)).go();
    expect(await again).toBe(true);
  });

  test("of 500 at most, in turns", async () => {
    const { look, looks, begun, state } = levelLook();
    const waiting = Array.from({ length: 1_200 }, (_, level) => look.wait(level + 1, never, ignore));
    for (const number of [0, 1, 2]) (await begun(number)).go();
    await begun(3);
    expect(looks.map(({ asked }) => asked.length)).toEqual([500, 500, 500, 500]);
    const asked = looks.slice(0, 3).flatMap((one) => one.asked);
    expect(new Set(asked)).toEqual(new Set(Array.from({ length: 1_200 }, (_, level) => level + 1)));
    state.level = 1_200;
    for (const number of [3, 4, 5]) (await begun(number)).go();
    await Promise.all(waiting);
  });
});

test("what each look has found is told until it is enough", async () => {
  const { look, begun, state, tell } = levelLook();
  const seen: boolean[] = [];
  const waiting = look.wait(1, never, (found) => void seen.push(found));
  (await begun(0)).go();
  const second = await begun(1);
  state.level = 1;
  tell();
  second.go();
  await waiting;
  expect(seen).toEqual([false, true]);
});

describe("a wait ends", () => {
  test("with the reason of its signal, at once and alone", async () => {
    const { look, begun, state } = levelLook();
    const controller = new AbortController();
    const given = look.wait(1, controller.signal, ignore);
    const other = look.wait(2, never, ignore);
    const first = await begun(0);
    controller.abort(new Error("no longer wanted"));
    await expect(given).rejects.toThrow("no longer wanted");
    first.go();
    const second = await begun(1);
    expect([first.asked, second.asked]).toEqual([[1, 2], [2]]);
    state.level = 2;
    second.go();
    await other;
    await expect(look.wait(1, controller.signal, ignore)).rejects.toThrow("no longer wanted");
  });

  test("with what a look has failed with, for all who had a part in it", async () => {
    const { look, begun, state } = levelLook();
    state.fails = new Error("a right is missing");
    const waiting = look.wait(1, never, ignore);
    (await begun(0)).go();
    await expect(waiting).rejects.toThrow("a right is missing");
    expect(look.failure()).toBe(state.fails);
  });

  test("not while the database is in trouble", async () => {
    const { look, begun, state } = levelLook({ level: 1 });
    state.fails = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    const waiting = look.wait(1, never, ignore);
    (await begun(0)).go();
    const second = await begun(1);
    expect(look.failure()).toBe(state.fails);
    state.fails = undefined;
    second.go();
    expect(await waiting).toBe(true);
    expect(look.failure()).toBeUndefined();
  });
});
