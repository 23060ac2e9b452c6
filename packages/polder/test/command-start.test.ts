import { type TestDatabase, type TestServer, testServer, until } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { guestbookEnvironment, guestbookHomes } from "./guestbook-database.ts";
import { type Ended, jsonOf, type PolderProcess, startPolder } from "./polder-process.ts";
import type { ProjectEnvironment } from "./project-environment.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

let server: TestServer;
let database: TestDatabase;
let folder: ProjectFolder;
let environment: ProjectEnvironment;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database(guestbookHomes));
  folder = opened.use(await copyGuestbook());
  environment = guestbookEnvironment(database);
});
afterEach(() => opened.disposeAsync());

const startArgs = (args: string): readonly string[] => [
  "start",
  ...args.split(" "),
  "--gateway",
  "--gateway-port",
  "0",
];

function start(args: string, env: Readonly<Record<string, string>> = {}): PolderProcess {
  return startPolder(startArgs(args), { cwd: folder.path, env: { ...environment.env, ...env } });
}

/** A start that ends by itself. */
function refusal(args: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return polder(startArgs(args), { cwd: folder.path, env: { ...environment.env, ...env } });
}

/** The URL that a started process says it has. */
async function urlOf(running: PolderProcess): Promise<string> {
  const [, url = ""] = await running.says(/"message":"ready","url":"([^"]+)"/);
  return url;
}

/** The URL that its gateway has. */
async function gatewayOf(running: PolderProcess): Promise<string> {
  const [, url = ""] = await running.says(/"message":"ready",.*"gateway":"([^"]+)"/);
  return url;
}

const sign = (url: string, guest: string): Promise<Response> =>
  fetch(`${url}/guestbook/v1/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ guest, words: "Hello" }),
  });

async function guests(): Promise<readonly string[]> {
  const { rows } = await database.admin.query<{ guest: string }>("select guest from guestbook.entry");
  return rows.map(({ guest }) => guest);
}

/** Lets every signature wait for a lock of the test, inside its transaction. */
async function holdSignatures() {
  await folder.edit("domains/guestbook/sign-book.ts", [
    "  tx.publish(",
    "  await tx.sql`select pg_advisory_xact_lock(7)`;\n  tx.publish(",
  ]);
  const holder = await database.admin.connect();
  await holder.query("select pg_advisory_lock(7)");
  return {
    isWaitedFor: () =>
      until(async () => {
        const waiting = "select 1 from pg_locks where locktype = 'advisory' and objid = 7 and not granted";
        return (await holder.query(waiting)).rows.length > 0;
      }, "a signature is in flight"),
    release: () => holder.end(),
  };
}

function expectNoSecrets({ out, err }: Ended): void {
  for (const secret of environment.secrets) expect(out + err).not.toContain(secret);
}

describe("polder start", () => {
  test("runs until SIGTERM, answers what is in flight, and ends with 0", async () => {
    const lock = await holdSignatures();
    await using running = start("--port 0");
    const url = await urlOf(running);
    expect(await (await fetch(`${url}/readyz`)).json()).toMatchObject({ status: "ready" });
    const signing = sign(await gatewayOf(running), "Ada");
    await lock.isWaitedFor();
    running.child.kill("SIGTERM");
    await until(async () => !(await isTaken(url)), "nobody is let in any more");
    await lock.release();
    expect((await signing).status).toBe(200);
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 0, signal: null, out: "" });
    expect(ended.err).toContain('"message":"stopped"');
    expect(await guests()).toEqual(["Ada"]);
    expectNoSecrets(ended);
  });

  test.each(["SIGINT", "SIGTERM"] as const)("ends at once at the second %s, and says so", async (signal) => {
    const lock = await holdSignatures();
    await using running = start("--port 0");
    const url = await urlOf(running);
    const signing = sign(await gatewayOf(running), "Ada").then(
      ({ status }) => status,
      () => "cut",
    );
    await lock.isWaitedFor();
    running.child.kill(signal);
    await until(async () => !(await isTaken(url)), "nobody is let in any more");
    running.child.kill(signal);
    const ended = await running.ended;
    expect(ended).toMatchObject({ code: 3, signal: null });
    expect(ended.err).toContain(`had ended: ${signal} came twice`);
    expect(["cut", 503]).toContain(await signing);
    await lock.release();
    expect(await guests()).toEqual([]);
  });

  test("goes on when nobody reads its log any more", async () => {
    await using running = start("--port 0");
    const url = await gatewayOf(running);
    running.child.stderr?.destroy();
    for (const guest of ["Ada", "Bob"]) expect((await sign(url, guest)).status).toBe(200);
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  test("takes a signal that npm passes on for the one that the terminal has sent", async () => {
    const lock = await holdSignatures();
    await using running = start("--port 0", { npm_lifecycle_event: "polder" });
    const url = await urlOf(running);
    const signing = sign(await gatewayOf(running), "Ada");
    await lock.isWaitedFor();
    running.child.kill("SIGINT");
    running.child.kill("SIGINT");
    await until(async () => !(await isTaken(url)), "nobody is let in any more");
    await lock.release();
    expect((await signing).status).toBe(200);
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  test("runs some domains here and others there", async () => {
    await using book = start("--domain guestbook --port 0 --json");
    await using welcome = start("--domain welcome --port 0");
    const [bookUrl, welcomeUrl] = await Promise.all([gatewayOf(book), gatewayOf(welcome)]);
    await book.says(/"ok":true/);
    expect((await sign(bookUrl, "Ada")).status).toBe(200);
    expect((await sign(welcomeUrl, "Bob")).status).toBe(404);
    await until(async () => {
      const answer = (await (await fetch(`${welcomeUrl}/welcome/v1/greeted`)).json()) as { guests: readonly string[] };
      return answer.guests.includes("Ada");
    }, "Ada is greeted");
    for (const one of [book, welcome]) one.child.kill("SIGTERM");
    const [ofBook, ofWelcome] = await Promise.all([book.ended, welcome.ended]);
    expect([ofBook.code, ofWelcome.code]).toEqual([0, 0]);
    expect(jsonOf(ofBook)).toEqual({
      ok: true,
      command: "start",
      data: { url: expect.any(String), gateway: bookUrl, domains: ["guestbook"] },
    });
  });

  test("lets nobody in who is no domain, except by the gateway", async () => {
    await using running = start("--domain guestbook");
    const [url, gateway] = [await urlOf(running), await gatewayOf(running)];
    const answers = await Promise.all([url, gateway].map((at) => fetch(`${at}/guestbook/v1/entries`)));
    expect(answers.map(({ status }) => status)).toEqual([401, 200]);
  });

  test("runs the gateway alone, which calls the domains elsewhere with a key of its own", async () => {
    await using domains = start("--domain guestbook");
    const url = await urlOf(domains);
    await folder.edit("polder.config.ts", ["gateway:", `urls: { guestbook: "${url}" },\n  gateway:`]);
    await using alone = start("--gateway-only");
    expect((await sign(await gatewayOf(alone), "Ada")).status).toBe(200);
    await alone.says(/leads nowhere for \\"welcome\\"/);
    expect(await guests()).toEqual(["Ada"]);
  });

  test("runs the registry alone, in which Kafka clients register schemas", async () => {
    await using running = start("--registry-only --registry-port 0");
    const [, url = ""] = await running.says(/"message":"ready",.*"registry":"([^"]+)","domains":\[\]/);
    const body = JSON.stringify({ schemaType: "JSON", schema: '{"type":"object"}' });
    const answer = await fetch(`${url}/subjects/orders-value/versions`, { method: "POST", body });
    expect(await answer.json()).toMatchObject({ id: 1, version: 1 });
    running.child.kill("SIGTERM");
    expect(await running.ended).toMatchObject({ code: 0 });
  });

  test("finds its port in PORT, and the option wins", async () => {
    await using first = start("--domain guestbook", { PORT: "0" });
    const { port } = new URL(await urlOf(first));
    await using second = start("--domain guestbook --port 0", { PORT: port });
    expect(new URL(await urlOf(second)).port).not.toBe(port);
  });

  test("logs what fails as JSON: domain, code, causes; and no secret", async () => {
    await folder.edit("domains/guestbook/sign-book.ts", [
      "  tx.publish(",
      `  if (guest === "Mallory") throw new Error("out of luck", { cause: new Error("bad weather") });\n  tx.publish(`,
    ]);
    await folder.edit("domains/welcome/greet-guests.ts", [
      "    await tx.sql",
      `    if (event.data.guest === "Oscar") await tx.sql\`select 1 / 0\`;\n    await tx.sql`,
    ]);
    await using running = start("--port 0");
    const url = await gatewayOf(running);
    expect((await sign(url, "Mallory")).status).toBe(500);
    expect((await sign(url, "Oscar")).status).toBe(200);
    await running.says(/"subscription":"greet-guests".*\n/);
    running.child.kill("SIGTERM");
    const ended = await running.ended;
    const lines = ended.err.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as object]));
    const [failed] = lines.filter((line) => "level" in line && line.level === "error");
    expect(failed).toMatchObject({
      message: "guestbook.sign failed",
      domain: "guestbook",
      correlationId: expect.any(String),
      error: {
        message: "out of luck",
        stack: expect.stringContaining("sign-book.ts"),
        cause: { message: "bad weather" },
      },
    });
    const [parked] = lines.filter((line) => "subscription" in line && "error" in line);
    expect(parked).toMatchObject({
      level: "warn",
      domain: "welcome",
      subscription: "greet-guests",
      error: { code: "22012", message: "division by zero" },
    });
    expectNoSecrets(ended);
  });
});

describe("polder start does not start", () => {
  test("on a port that is taken", async () => {
    await using first = start("--domain guestbook --port 0");
    const { port } = new URL(await urlOf(first));
    await using second = start(`--domain welcome --port ${port}`);
    expect(await second.ended).toMatchObject({ code: 3, out: "", err: expect.stringContaining("PORT_IN_USE, see ") });
  });

  test("a gateway that asks for tokens of an issuer that nobody has named", async () => {
    await folder.edit("domains/welcome/contract.ts", ['access: "anyone"', 'access: "signed-in"']);
    expect(await refusal("--domain welcome")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("ISSUER_MISSING, see "),
    });
    await using trying = start("--domain welcome --dev-issuer");
    const answer = await fetch(`${await gatewayOf(trying)}/welcome/v1/greeted`);
    expect(answer.status).toBe(401);
  });

  test.each([
    ["--domain guestbook,nobody", {}, 2, "DOMAIN_UNKNOWN, see "],
    ["--domain guestbook,welcome --domain guestbook", {}, 2, "DOMAIN_REPEATED, see "],
    ["--domain guestbook", { PORT: "many" }, 2, "USAGE, see "],
    ["--domain guestbook", { POLDER_SECRET_GUESTBOOK_APP: "wrong" }, 3, "POSTGRES_AUTH_FAILED, see "],
  ])("%s with %j", async (args, env, code, message) => {
    const ended = await refusal(args, env);
    expect(ended).toMatchObject({ code, out: "", err: expect.stringContaining(message) });
    expectNoSecrets(ended);
  });
});

test("polder start refuses a need that nobody serves, before it looks for a database", async () => {
  await folder.edit(
    "domains/welcome/domain.ts",
    ["{ Signed }", "{ Guestbook, Signed }"],
    ["needs: [", 'needs: [need(Guestbook, "1.0.0"), '],
  );
  const nowhere = { DATABASE_URL: "postgres://nobody@127.0.0.1:1/nowhere" };
  expect(await refusal("--domain welcome", nowhere)).toMatchObject({
    code: 2,
    err: expect.stringContaining("DOMAIN_UNKNOWN, see "),
  });
});

async function isTaken(url: string): Promise<boolean> {
  return await fetch(`${url}/livez`).then(
    () => true,
    () => false,
  );
}
