import { errors, exportJWK, generateKeyPair, type JWK } from "jose";
import { expect, test } from "vitest";
import { createKeySet, type KeySet } from "./key-set.ts";

const [first, second] = await Promise.all(["a.1", "a.2"].map(publicKey));

async function publicKey(kid: string): Promise<JWK> {
  const { publicKey: key } = await generateKeyPair("EdDSA");
  return { ...(await exportJWK(key)), kid, alg: "EdDSA" };
}

/** A place of keys that the test changes, with a clock that it sets. */
function place() {
  const state = { keys: [first] as (JWK | undefined)[], loads: 0, nowMs: 0, isBroken: false };
  const set = createKeySet({
    load: async () => {
      state.loads += 1;
      if (state.isBroken) throw new Error("out of reach");
      return { keys: state.keys.filter((key) => key !== undefined) };
    },
    refreshMs: 1_000,
    cooldownMs: 100,
    now: () => state.nowMs,
  });
  return { state, set };
}

const find = async (set: KeySet, kid: string) =>
  await set.getKey({ alg: "EdDSA", kid }, { payload: "", signature: "" });
const kids = async (set: KeySet) => (await set.keys()).map(({ kid }) => kid);

test("keys are loaded once for all who come at the same time, and stay the same objects", async () => {
  const { state, set } = place();
  const found = await Promise.all([1, 2, 3].map(() => find(set, "a.1")));
  expect(state.loads).toBe(1);
  expect(new Set(found).size).toBe(1);
  state.nowMs = 5_000;
  expect(await find(set, "a.1")).toBe(found[0]);
  expect(state.loads).toBe(2);
});

test("a key that nobody knows is looked for at once, but not at every token that names it", async () => {
  const { state, set } = place();
  await find(set, "a.1");
  state.nowMs = 200;
  state.keys = [first, second];
  expect(await find(set, "a.2")).toBeDefined();
  for (const _ of [1, 2, 3]) await expect(find(set, "b.1")).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  expect(state.loads).toBe(2);
});

test("a key that was taken out is not believed any more once the keys are old", async () => {
  const { state, set } = place();
  await find(set, "a.1");
  state.keys = [second];
  state.nowMs = 2_500;
  await expect(find(set, "a.1")).rejects.toBeInstanceOf(errors.JWKSNoMatchingKey);
  expect(await kids(set)).toEqual(["a.2"]);
});

test("keys that cannot be loaded again stay in use, and are tried for again", async () => {
  const { state, set } = place();
  await find(set, "a.1");
  state.isBroken = true;
  for (const nowMs of [2_500, 2_550, 3_000]) {
    state.nowMs = nowMs;
    expect(await kids(set)).toEqual(["a.1"]);
  }
  expect(state.loads).toBe(3);
  state.isBroken = false;
  state.keys = [second];
  state.nowMs = 4_000;
  await kids(set);
  expect(await kids(set)).toEqual(["a.2"]);
});

test("without any key the reason is thrown, until there are some", async () => {
  const { state, set } = place();
  state.isBroken = true;
  await expect(find(set, "a.1")).rejects.toThrow("out of reach");
  await expect(set.keys()).rejects.toThrow("out of reach");
  expect(state.loads).toBe(1);
  state.isBroken = false;
  state.nowMs = 100;
  expect(await kids(set)).toEqual(["a.1"]);
});
