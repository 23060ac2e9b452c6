import { execFile } from "node:child_process";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { openSecrets } from "../src/secrets.ts";
import { newProject } from "./embedded-project.ts";

test("a secret is made once, kept, and open to its owner only", async () => {
  await using project = await newProject();
  const { directory } = project;
  const secrets = openSecrets({ directory, env: {} });
  const secret = secrets.get("orders_app");
  expect(secret).toMatch(/^[\w-]{43}$/);
  expect(secrets.get("orders_app")).toBe(secret);
  expect(openSecrets({ directory, env: {} }).get("orders_app")).toBe(secret);
  expect(secrets.get("__proto__")).toBe(openSecrets({ directory, env: {} }).get("__proto__"));
  expect(secrets.get("toString")).toMatch(/^[\w-]{43}$/);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await stat(join(directory, "secrets"))).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual([".gitignore", "secrets"]);
});

test("the environment wins and is not written down", async () => {
  await using project = await newProject();
  const env = { POLDER_SECRET_ORDERS_APP: "given", POLDER_SECRET_EMPTY: "" };
  const secrets = openSecrets({ directory: project.directory, env });
  for (const name of ["orders_app", "orders-app", "ordersApp", "orders.app"]) expect(secrets.get(name)).toBe("given");
  expect(await readdir(project.folder)).toEqual([]);
  expect(secrets.get("empty")).toMatch(/^[\w-]{43}$/);
  expect(await readFile(join(project.directory, "secrets"), "utf8")).not.toContain("given");
});

test("processes that miss the same secrets at once get the same ones", async () => {
  await using project = await newProject();
  const program = `
    import { openSecrets } from ${JSON.stringify(join(import.meta.dirname, "../src/secrets.ts"))};
    const secrets = openSecrets({ directory: process.argv.at(-1), env: {} });
    console.log(JSON.stringify(Array.from({ length: 20 }, (_, index) => secrets.get("secret" + index))));`;
  const run = () =>
    promisify(execFile)(process.execPath, [
      "--conditions=source",
      "--input-type=module",
      "--eval",
      program,
      project.directory,
    ]);
  const answers = (await Promise.all([run(), run(), run(), run()])).map(({ stdout }) => JSON.parse(stdout));
  expect(new Set(answers[0]).size).toBe(20);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(await readdir(project.directory)).toEqual([".gitignore", "secrets"]);
});

test.runIf(process.platform !== "win32")("secrets that others can read are refused (needs file modes)", async () => {
  await using project = await newProject();
  const { directory } = project;
  const secret = openSecrets({ directory, env: {} }).get("a");
  const path = join(directory, "secrets");
  await chmod(path, 0o640);
  const refused = expect.objectContaining({ code: "SECRETS_READABLE", details: { path, mode: "0640" } });
  expect(() => openSecrets({ directory, env: {} })).toThrow(refused);
  await chmod(path, 0o600);
  expect(openSecrets({ directory, env: {} }).get("a")).toBe(secret);
});

test.each(["{ not json", "[]", '"text"', '{ "a": 1 }', "null"])(
  "a file of %s is refused without being shown",
  async (text) => {
    await using project = await newProject();
    const { directory } = project;
    await mkdir(directory);
    await writeFile(join(directory, "secrets"), text, { mode: 0o600 });
    const refused = expect.objectContaining({ code: "SECRETS_UNUSABLE", message: expect.not.stringContaining(text) });
    expect(() => openSecrets({ directory, env: {} })).toThrow(refused);
  },
);

test("a folder that cannot be made is named", async () => {
  await using project = await newProject();
  const file = join(project.folder, "file");
  await writeFile(file, "");
  const secrets = () => openSecrets({ directory: join(file, "folder"), env: {} }).get("a");
  expect(secrets).toThrow(expect.objectContaining({ code: "SECRETS_UNUSABLE" }));
});

test("a secret is found without being made, and forgotten for good", async () => {
  await using project = await newProject();
  const { directory } = project;
  const secrets = openSecrets({ directory, env: { POLDER_SECRET_GIVEN: "given" } });
  expect(secrets.find("key")).toBeUndefined();
  const other = openSecrets({ directory, env: {} });
  const [made, kept] = [other.get("key"), other.get("kept")];
  expect([secrets.find("key"), secrets.find("kept"), secrets.find("given")]).toEqual([made, kept, "given"]);
  secrets.forget("key");
  secrets.forget("never there");
  expect(secrets.find("key")).toBeUndefined();
  expect(await readFile(join(directory, "secrets"), "utf8")).toBe(`${JSON.stringify({ kept }, undefined, 2)}\n`);
});
