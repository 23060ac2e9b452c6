import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@polder/model";
import { openSecrets } from "@polder/postgres";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openIdentity, openKeyRing, publicKeysPlace, RETIRE_AFTER_SECONDS } from "../src/index.ts";

let directory: string;
let nowMs: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "polder-keys-"));
  nowMs = Date.now();
});
afterEach(() => rm(directory, { recursive: true }));

function ringWith(env: Readonly<Record<string, string>> = {}, given?: string) {
  const secrets = openSecrets({ directory, env });
  const place = publicKeysPlace({ given, directory, polderDirectory: directory });
  const ring = openKeyRing({ place, secrets, now: () => nowMs });
  const states = async () => Object.fromEntries((await ring.list()).map(({ kid, state }) => [kid, state]));
  return { ring, states, place, secrets };
}

const mode = async (file: string) => ((await stat(join(directory, file))).mode & 0o777).toString(8);

describe("keys on disk", () => {
  test("are made once, public ones for all to read, private ones for the owner", async () => {
    const { ring, states } = ringWith();
    ring.ensure(["order", "product-catalog"]);
    ringWith().ring.ensure(["order", "product-catalog", "gateway"]);
    expect(await states()).toEqual({ "order.1": "signing", "product-catalog.1": "signing", "gateway.1": "signing" });
    expect([await mode("keys.json"), await mode("secrets")]).toEqual(["644", "600"]);
    const published = await readFile(join(directory, "keys.json"), "utf8");
    const secrets = JSON.parse(await readFile(join(directory, "secrets"), "utf8")) as Record<string, string>;
    expect(Object.keys(secrets)).toEqual(["order_key_1", "product_catalog_key_1", "gateway_key_1"]);
    for (const secret of Object.values(secrets)) expect(published).not.toContain(secret);
  });

  test("are replaced in steps: known to all, then signing, then retired", async () => {
    const { ring, states } = ringWith();
    expect(ring.rotate(["order"], { delaySeconds: 60 })).toEqual(["order.1"]);
    nowMs += 1_000;
    expect(ring.rotate(["order"], { delaySeconds: 60 })).toEqual(["order.2"]);
    expect(await states()).toEqual({ "order.1": "signing", "order.2": "next" });
    expect(ring.retire()).toEqual([]);
    nowMs += 60_000;
    expect(await states()).toEqual({ "order.1": "replaced", "order.2": "signing" });
    nowMs += (RETIRE_AFTER_SECONDS - 1) * 1_000;
    expect(ring.retire()).toEqual([]);
    nowMs += 1_000;
    expect(ring.retire()).toEqual(["order.1"]);
    expect(await states()).toEqual({ "order.2": "signing" });
    expect(await readFile(join(directory, "secrets"), "utf8")).not.toContain("order_key_1");
  });

  test("that are stolen are retired at once, when another one signs", async () => {
    const { ring, states } = ringWith();
    ring.ensure(["order"]);
    expect(() => ring.retire(["order.1"])).toThrow(expect.objectContaining({ code: "KEY_IN_USE" }));
    expect(() => ring.retire(["order.9"])).toThrow(expect.objectContaining({ code: "KEY_UNKNOWN" }));
    ring.rotate(["order"], { delaySeconds: 0 });
    expect(ring.retire(["order.1"])).toEqual(["order.1"]);
    expect(await states()).toEqual({ "order.2": "signing" });
  });
});

describe("keys of a deployment without a common disk", () => {
  test("public ones from the environment, each process with its own private half", async () => {
    const { ring, secrets } = ringWith();
    ring.ensure(["order", "inventory"]);
    const published = await readFile(join(directory, "keys.json"), "utf8");
    const env = { POLDER_SECRET_ORDER_KEY_1: secrets.get("order_key_1") };
    await rm(join(directory, "secrets"));
    const { place, secrets: ofOrder } = ringWith(env, published);
    const identity = openIdentity({
      declarations: () => [],
      place,
      secrets: ofOrder,
      logger: silentLogger,
    });
    await identity.requireKeys(["order"]);
    await expect(identity.requireKeys(["inventory"])).rejects.toMatchObject({
      code: "KEY_MISSING",
      details: { domain: "inventory", kids: ["inventory.1"] },
    });
    await expect(stat(join(directory, "secrets"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a secret that is not the published key's does not sign", async () => {
    ringWith().ring.ensure(["order"]);
    const { ring } = ringWith({ POLDER_SECRET_ORDER_KEY_1: "A".repeat(43) });
    expect(await ring.list()).toMatchObject([{ kid: "order.1", hasPrivate: false }]);
  });

  test("KEYS_READ_ONLY: they are not written where they are published", () => {
    for (const given of ["https://keys.test/polder.json", '{ "keys": [] }']) {
      const { ring } = ringWith({}, given);
      expect(() => ring.rotate(["order"], { delaySeconds: 0 })).toThrow(
        expect.objectContaining({ code: "KEYS_READ_ONLY" }),
      );
    }
  });

  test.each(['{ "keys": 5 }', "{ nonsense"])("KEYS_UNAVAILABLE: %s is no key set", async (given) => {
    await expect(ringWith({}, given).ring.list()).rejects.toMatchObject({ code: "KEYS_UNAVAILABLE" });
  });
});
