import { afterEach, beforeEach, expect, test } from "vitest";
import { jsonOf } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let folder: ProjectFolder;

beforeEach(async () => {
  folder = await copyGuestbook();
});
afterEach(() => folder[Symbol.asyncDispose]());

const run = (args: string, env: Readonly<Record<string, string>> = {}) =>
  polder(args.split(" "), { cwd: folder.path, env });

test("keys are made, replaced and retired, and no secret is shown", async () => {
  expect(await run("keys list")).toMatchObject({ code: 0, out: "There are no keys yet.\n" });
  const made = await run("keys rotate --json");
  expect(jsonOf(made)).toMatchObject({
    data: ["guestbook.1", "welcome.1", "gateway.1"].map((kid) => ({ kid, state: "signing", hasPrivate: true })),
  });
  expect(jsonOf(await run("keys rotate welcome --json"))).toMatchObject({
    data: [{ kid: "welcome.2", state: "next" }],
  });
  const inUse = await run("keys retire welcome.1");
  expect(inUse).toMatchObject({ code: 2, out: "", err: expect.stringContaining("KEY_IN_USE, see ") });
  await run("keys rotate welcome --delay 0");
  expect(await run("keys retire")).toMatchObject({
    code: 1,
    out: "Nothing was retired.\nwelcome.1 may still be on its way in a token; run this again in a few minutes.\n",
  });
  expect(await run("keys retire welcome.1 welcome.2")).toMatchObject({
    code: 0,
    out: "Retired welcome.1, welcome.2.\n",
  });
  const listed = await run("keys list");
  expect(listed.out).toMatch(/^KEY +STATE +SIGNS FROM +PRIVATE HALF\nguestbook\.1 +signing +\d{4}-.* +here\n/);
  expect(listed.out.match(/^[a-z]+\.\d+/gm)).toEqual(["guestbook.1", "gateway.1", "welcome.3"]);
});

test("mistakes are refused, and nothing is done", async () => {
  expect(await run("keys rotate nobody")).toMatchObject({
    code: 2,
    err: expect.stringContaining("DOMAIN_UNKNOWN, see "),
  });
  expect(await run("keys retire order.1")).toMatchObject({
    code: 2,
    err: expect.stringContaining("KEY_UNKNOWN, see "),
  });
  const elsewhere = await run("keys rotate", { POLDER_PUBLIC_KEYS: "https://keys.test/polder.json" });
  expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining("KEYS_READ_ONLY, see ") });
  expect((await run("keys list")).out).toBe("There are no keys yet.\n");
});

test("polder domains says what is open, and to whom", async () => {
  const { out } = await run("domains");
  expect(out).toContain("  open        guestbook.sign (anyone), guestbook.entries (anyone)\n");
  expect(jsonOf(await run("domains --json"))).toMatchObject({
    data: [{}, { open: [{ name: "welcome.greeted", access: "anyone" }] }],
  });
});
