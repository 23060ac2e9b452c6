import { DEV_TOKEN_PATH } from "@polder/http";
import { provision } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { REGISTRY_ROLE, registrySystemSteps, startRegistry } from "@polder/registry";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment } from "./guestbook-database.ts";
import { jsonOf, startPolder } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let env: Readonly<Record<string, string>>;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database());
  folder = opened.use(await copyGuestbook());
  ({ env } = guestbookEnvironment(database));
});
afterEach(() => opened.disposeAsync());

const contract = "domains/guestbook/contract.ts";
const signed = '"1.0.0": z.object({ guest: z.string(), entryId: z.uuid() })';

/** A registry that listens, and how it is asked. */
async function registryOf(): Promise<{ readonly url: string; readonly get: (path: string) => Promise<unknown> }> {
  const { admin, password } = database;
  await provision({ admin, homes: [], scopes: [registrySystemSteps()], password });
  const address = { ...database.address, user: REGISTRY_ROLE, password: password(REGISTRY_ROLE) };
  const { url } = opened.use(await startRegistry({ address }));
  return { url, get: async (path) => await (await fetch(`${url}${path}`)).json() };
}

async function push(url: string, ...args: readonly string[]) {
  const ended = await polder(["--json", "contracts", "push", "--registry", url, ...args], { cwd: folder.path });
  const { data } = jsonOf(ended) as {
    readonly data: {
      readonly sent: readonly string[];
      readonly described: readonly string[];
      readonly unchanged: number;
      readonly findings: readonly { readonly rule: string; readonly file: string }[];
    };
  };
  return { code: ended.code, ...data, rules: data.findings.map(({ rule }) => rule) };
}

describe("polder contracts push", () => {
  test("sends every version with what is said of it, once", async () => {
    const { url, get } = await registryOf();
    const first = await push(url);
    expect(first).toMatchObject({ code: 0, unchanged: 0, rules: [] });
    expect(first.sent).toEqual([
      "guestbook.sign.v1-input 1.0.0",
      "guestbook.sign.v1-output 1.0.0",
      "guestbook.sign.v1-SignedAlready 1.0.0",
      "guestbook.entries.v1-input 1.0.0",
      "guestbook.entries.v1-output 1.0.0",
      "guestbook.Signed.v1-value 1.0.0",
      "welcome.greeted.v1-input 1.0.0",
      "welcome.greeted.v1-output 1.0.0",
    ]);
    expect(await get("/subjects/guestbook.Signed.v1-value/versions/latest")).toMatchObject({
      schemaType: "JSON",
      metadata: {
        properties: {
          "polder.contract": "guestbook.Signed",
          "polder.part": "value",
          version: "1.0.0",
          owner: "Hosts",
          contact: "#hosts",
        },
      },
    });
    expect(await get("/config/guestbook.Signed.v1-value")).toEqual({
      compatibilityLevel: "FULL_TRANSITIVE",
      compatibilityPolicy: "LENIENT",
    });
    expect(await push(url)).toMatchObject({ code: 0, sent: [], described: [], unchanged: first.sent.length });

    // A field that comes is a minor version, and no other version than the new one is sent.
    const minor = `${signed}, "1.1.0": z.object({ guest: z.string(), entryId: z.uuid(), mood: z.string().optional() })`;
    await folder.edit(contract, [signed, minor]);
    expect(await push(url)).toMatchObject({ code: 0, sent: ["guestbook.Signed.v1-value 1.1.0"] });
    expect(await get("/subjects/guestbook.Signed.v1-value/versions")).toEqual([1, 2]);
  });

  test("refuses a change of what was sent, and a version below it; what breaks readers the registry refuses", async () => {
    const { url, get } = await registryOf();
    const later = signed.replace("1.0.0", "1.1.0");
    const change = (...edit: readonly [before: string, after: string]) => folder.edit(contract, edit);
    await change(signed, `${signed}, ${later}`);
    expect(await push(url, "--domain", "guestbook")).toMatchObject({ code: 0 });
    await change(later, later.replace("z.uuid()", "z.int()"));
    const changed = await push(url, "--domain", "guestbook");
    expect(changed).toMatchObject({ code: 1, sent: [], rules: ["pushed-changed"], findings: [{ file: contract }] });

    // It would become the latest.
    await change(later.replace("z.uuid()", "z.int()"), `${signed.replace("1.0.0", "1.0.1")}, ${later}`);
    expect(await push(url, "--domain", "guestbook")).toMatchObject({ code: 1, sent: [], rules: ["pushed-late"] });
    const breaking = '"1.2.0": z.object({ guest: z.int() })';
    await change(`${signed.replace("1.0.0", "1.0.1")}, ${later}`, `${later}, ${breaking}`);
    expect(await push(url, "--domain", "guestbook")).toMatchObject({ code: 1, sent: [], rules: ["registry-refused"] });
    expect(await get("/subjects/guestbook.Signed.v1-value/versions")).toEqual([1, 2]);
  });

  test("says anew of the newest version of a major what is said of it now", async () => {
    const { url, get } = await registryOf();
    await push(url);
    const major = '"2.0.0": z.object({ guest: z.string() })';
    const saying = 'deprecated: { "1": { since: "2030-01-01", sunset: "2031-01-01", notice: "Use 2" } }';
    const converters =
      'convert: { "2.0.0": { up: ({ guest }: { guest: string }) => ({ guest }), down: "impossible" } }';
    await folder.edit(contract, [`${signed} },`, `${signed}, ${major} },\n  ${converters},\n  ${saying},`]);
    const pushed = await push(url);
    expect(pushed).toMatchObject({
      code: 0,
      sent: ["guestbook.Signed.v2-value 2.0.0"],
      described: ["guestbook.Signed.v1-value 1.0.0"],
    });
    expect(await get("/subjects/guestbook.Signed.v1-value/versions/latest")).toMatchObject({
      version: 2,
      metadata: { properties: { version: "1.0.0", deprecated: "2030-01-01", sunset: "2031-01-01", notice: "Use 2" } },
    });
    expect(await push(url)).toMatchObject({ code: 0, sent: [], described: [] });
  });

  test("finds the registry in the environment; without one, or where none listens, it says so", async () => {
    const { url } = await registryOf();
    const ended = await polder(["contracts", "push"], { cwd: folder.path, env: { POLDER_REGISTRY_URL: url } });
    expect(ended).toMatchObject({ code: 0, out: expect.stringContaining("8 pushed, 0 there already, no findings.") });
    const nowhere = await polder(["contracts", "push"], { cwd: folder.path });
    expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining("POLDER_REGISTRY_URL") });
    const wrong = await polder(["contracts", "push", "-r", "registry"], { cwd: folder.path });
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("It is a URL such as") });
    for (const [other, why] of [
      ["http://user:pass-word@127.0.0.1:2/registry", "connect ECONNREFUSED"],
      [url.replace(/\/registry$/, ""), "was answered with 404"],
    ] as const) {
      const failed = await polder(["contracts", "push", "-r", other], { cwd: folder.path });
      expect(failed).toMatchObject({ code: 3, err: expect.stringContaining("REGISTRY_UNUSABLE, see ") });
      expect(failed.err).toContain(why);
      expect(failed.err).not.toContain("pass-word");
    }
  });
});

describe("the registry of a project", () => {
  test("is served by polder dev, with all contracts in it, and those that change meanwhile", async () => {
    await folder.edit("polder.config.ts", ["gateway:", "registry: { port: 0 },\n  gateway:"]);
    await using dev = startPolder(["dev", "--gateway-port", "0"], { cwd: folder.path, env });
    const [, url = ""] = await dev.says(/registry +(http:\S+)/);
    const get = async (path: string): Promise<unknown> => await (await fetch(`${url}${path}`)).json();
    const subjects = (await get("/subjects")) as readonly string[];
    expect(subjects).toContain("guestbook.Signed.v1-value");
    expect(subjects).toHaveLength(8);
    // A handler is no contract.
    await folder.edit("domains/guestbook/read-entries.ts", ["entries: [", "entries: [ "]);
    await dev.says(/reloaded guestbook in/);
    const before = dev.said();
    await folder.edit(contract, [signed, `${signed}, ${signed.replace("1.0.0", "1.1.0")}`]);
    await dev.says(/pushed to the registry: guestbook\.Signed\.v1-value 1\.1\.0\n/, before);
    expect(await get("/subjects/guestbook.Signed.v1-value/versions")).toEqual([1, 2]);
    expect(dev.said().err.match(/pushed to the registry/g)).toHaveLength(3);
    const pushed = dev.said();
    await folder.edit(contract, [signed, signed.replace("z.uuid()", "z.int()")]);
    await dev.says(
      /guestbook\.Signed\.v1-value 1\.0\.0 is in the registry as version 1, and is declared otherwise/,
      pushed,
    );
    const warned = dev.said();
    await folder.edit("domains/guestbook/read-entries.ts", ["entries: [ ", "entries: ["]);
    await dev.says(/reloaded guestbook in/, warned);
    dev.child.kill("SIGTERM");
    expect(await dev.ended).toMatchObject({ code: 0 });
    expect(dev.said().err.match(/is declared otherwise/g)).toHaveLength(1);
  });

  test("is open at the gateway to those whom the configuration lets in", async () => {
    expect(await polder(["provision"], { cwd: folder.path, env })).toMatchObject({ code: 0 });
    const access = 'registry: { read: "signed-in", write: "schemas.write" }';
    await folder.edit("polder.config.ts", ["gateway: {", `gateway: { ${access},`]);
    const args = ["start", "--gateway-only", "--gateway-port", "0", "--dev-issuer"];
    await using running = startPolder(args, { cwd: folder.path, env });
    const [, url = ""] = await running.says(/"message":"ready",.*"gateway":"([^"]+)"/);
    const tokenOf = async (body: string): Promise<string> => {
      const headers = { accept: "text/plain", "content-type": "application/x-www-form-urlencoded" };
      return (await (await fetch(`${url}${DEV_TOKEN_PATH}`, { method: "POST", headers, body })).text()).trim();
    };
    const ask = async (method: string, path: string, token?: string) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const body = method === "POST" ? { body: JSON.stringify({ schema: '"string"' }) } : {};
      const response = await fetch(`${url}/registry${path}`, { method, headers, ...body });
      return { status: response.status, json: (await response.json()) as unknown };
    };
    const [reader, writer] = [await tokenOf("subject=ada"), await tokenOf("subject=bob&scope=schemas.write")];
    expect(await ask("GET", "/subjects")).toMatchObject({ status: 401, json: { code: "USER_MISSING" } });
    expect(await ask("GET", "/subjects", reader)).toEqual({ status: 200, json: [] });
    const refused = { status: 403, json: { code: "PERMISSION_MISSING" } };
    expect(await ask("POST", "/subjects/a/versions", reader)).toMatchObject(refused);
    expect(await ask("POST", "/subjects/a/versions", writer)).toMatchObject({ status: 200, json: { id: 1 } });
    expect(await ask("POST", "/subjects/a", reader)).toMatchObject({ status: 200, json: { id: 1 } });
  });
});
