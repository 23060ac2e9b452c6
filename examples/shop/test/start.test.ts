import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilDone } from "../until-done.ts";
import { type ShopDatabase, shopDatabase } from "./shop-database.ts";

// What a newcomer sees of `npm start`.

let database: ShopDatabase;
const children: ChildProcess[] = [];

beforeAll(async () => {
  database = await shopDatabase();
});
afterAll(async () => {
  // Those of a test that failed half-way; the others have ended.
  for (const child of children) child.kill("SIGKILL");
  await database[Symbol.asyncDispose]();
});

test("it runs so many orders, lets the auditor look, and ends", { timeout: 90_000 }, async () => {
  const { code, out } = await start("--orders", "30", "--rate", "100", "--seed", "7", "--port", "0").ended;
  expect(code).toBe(0);
  expect(out).toContain("with the seed 7.");
  expect(out).toContain("The auditor finds that all domains agree to the unit.");
  expect(out.split("\n").filter((line) => line.length > 120 && !line.includes("postgres://"))).toEqual([]);
  const kept = `select count(*)::int as orders from "order".orders`;
  expect(await database.rows(kept)).toEqual([{ orders: 30 }]);

  // The same seed once more: the same commands under the same keys, which are answered and not done again.
  expect((await start("--orders", "30", "--rate", "100", "--seed", "7", "--port", "0").ended).code).toBe(0);
  expect(await database.rows(kept)).toEqual([{ orders: 30 }]);
});

test("Ctrl-C closes the shop in good order", { timeout: 60_000 }, async () => {
  const shop = start("--port", "0");
  await untilDone(async () => (shop.out().includes("placed") ? [] : ["no line yet"]));
  shop.interrupt();
  const { code, error } = await shop.ended;
  expect(code).toBe(0);
  expect(error).not.toMatch(/^ +at /m);
});

test("wrong options are named, with what is allowed, and nothing is started", async () => {
  const { code, out, error } = await start("--rate", "fast").ended;
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(error).toMatch(/^--rate is "fast"; it must be a number above 0/);
});

test("a port that is taken is named, with the way out", { timeout: 60_000 }, async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { code, error } = await start("--port", String(port)).ended;
  other.close();
  expect(code).toBe(3);
  expect(error).toContain(`Port ${port} on 127.0.0.1 is taken`);
  expect(error).toContain("npm start -- --port 0");
  expect(error).not.toMatch(/^ +at /m);
});

test("customers who find no shop say so", { timeout: 60_000 }, async () => {
  const { code, error } = await start("--at", "http://127.0.0.1:1").ended;
  expect({ code, error }).toEqual({
    code: 3,
    error: expect.stringMatching(/^No shop answers at http:\/\/127.0.0.1:1\./),
  });
});

function start(...args: readonly string[]) {
  const program = new URL("../start.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=source", program, ...args], {
    env: { ...process.env, ...database.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const ended = Promise.all([once(child, "close"), text(child.stderr)]).then(([[code], error]) => ({
    code: code as number,
    out,
    error,
  }));
  return { ended, out: () => out, interrupt: () => child.kill("SIGINT") };
}
