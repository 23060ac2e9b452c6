import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, DEV_TOKEN_PATH, httpTransport } from "@polder/http";
import { type LogFields, type Logger, outsideSubscription, type User } from "@polder/model";
import { openSecrets } from "@polder/postgres";
import { type TestDatabase, type TestServer, testServer } from "@polder/postgres/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Host, openIdentity, openKeyRing, publicKeysPlace, startHost } from "../src/index.ts";
import { Bank, type BankBehaviour, bank, bankWith, bookAmount, readBalance, report, reportWith } from "./bank.ts";
import { bankHomes } from "./hosting.ts";

let server: TestServer;
let database: TestDatabase;
let directory: string;
let opened: AsyncDisposableStack;

beforeAll(async () => {
  server = await testServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  database = opened.use(await server.database(bankHomes));
  directory = await mkdtemp(join(tmpdir(), "polder-keys-"));
  opened.defer(() => rm(directory, { recursive: true }));
});
afterEach(() => opened.disposeAsync());

const declarations = () => [bank, report];
const lines: LogFields[] = [];
const note = (message: string, fields: LogFields = {}) => void lines.push({ message, ...fields });
const logger: Logger = { debug: () => undefined, info: note, warn: note, error: note };
beforeEach(() => {
  lines.length = 0;
});

/** A process with an identity; on the same disk as the others. */
async function startProcess(options: Partial<Parameters<typeof startHost>[0]>): Promise<Host> {
  const place = publicKeysPlace({ given: undefined, directory, polderDirectory: directory });
  const secrets = openSecrets({ directory, env: {} });
  openKeyRing({ place, secrets }).ensure(["bank", "report", "gateway"]);
  const identity = openIdentity({ declarations, place, secrets, logger });
  const { appAddress: address } = database;
  return opened.use(await startHost({ implementations: [], address, leaseMs: 3_000, identity, logger, ...options }));
}

/** What handlers see, and a promise of what a balance that follows an event is asked for. */
function watched() {
  const asked = Promise.withResolvers<readonly unknown[]>();
  // #region user
  const book: BankBehaviour["book"] = async (context) => {
    const { caller, user, log } = context; // "gateway", { subject: "ada", issuer: "https://…" }
    if (user === undefined) throw new Error("the contract lets in only those who have signed in");
    log.info("booked", { caller }); // what is logged says on whose behalf: "user": "ada"
    return await bookAmount(context);
  };
  // #endregion user
  const balance: BankBehaviour["balance"] = async (context) => {
    asked.resolve([context.caller, context.user]);
    return await readBalance(context);
  };
  const asking = outsideSubscription(report, "ask", {
    "bank.Booked": async ({ event, call }) => {
      await call(Bank).balance({ account: event.data.account });
    },
  });
  const implementations = [bankWith({ book, balance }), reportWith({ subscriptions: [asking] })];
  return { implementations, asked: asked.promise };
}

async function gatewayClient(url: string, subject?: string) {
  const authorize = async (): Promise<Record<string, string>> => {
    if (subject === undefined) return {};
    const answer = await fetch(url + DEV_TOKEN_PATH, {
      method: "POST",
      headers: { accept: "text/plain" },
      body: new URLSearchParams({ subject }),
    });
    return { authorization: `Bearer ${await answer.text()}` };
  };
  return createClient(Bank, "1.0.0", { transport: httpTransport({ baseUrl: url, authorize }) });
}

const ada: User = { subject: "ada", issuer: "urn:polder:development" };
const gateway = { declarations, issuer: "development" } as const;

test.each(["in one process", "over HTTP"])("a user comes in, %s, and goes along to what follows", async (way) => {
  const { implementations, asked } = watched();
  const domains = await startProcess(way === "over HTTP" ? { implementations } : { implementations, gateway });
  const urls = { bank: domains.url, report: domains.url };
  const entrance = way === "over HTTP" ? await startProcess({ urls, gateway }) : domains;
  const client = await gatewayClient(entrance.gateway ?? "", "ada");
  expect(await client.book({ account: "a", amount: 5 }, { key: "k" })).toMatchObject({
    ok: true,
    value: { balance: 5 },
  });
  expect(await asked).toEqual(["report", ada]);
  expect(lines).toContainEqual(expect.objectContaining({ message: "booked", caller: "gateway", user: "ada" }));
  const plain = await gatewayClient(entrance.gateway ?? "");
  await expect(plain.book({ account: "a", amount: 5 })).rejects.toMatchObject({ code: "USER_MISSING" });
  expect(await plain.balance({ account: "a" })).toEqual({ ok: true, value: { balance: 5 } });
});

test("a gateway leads where it can, says where it cannot, and opens with its domains", async () => {
  const host = await startProcess({ implementations: [reportWith()], urls: { bank: "http://127.0.0.1:1" }, gateway });
  const balance = async () => (await fetch(`${host.gateway}/bank/v1/accounts/a`)).status;
  expect(await balance()).toBe(502);
  await host.replace(bankWith());
  expect(await balance()).toBe(409);
  const alone = await startProcess({ gateway });
  expect((await fetch(`${alone.gateway}/bank/v1/accounts/a`)).status).toBe(404);
  expect(lines.filter(({ message }) => String(message).includes("leads nowhere"))).toHaveLength(2);
});

test("a gateway that cannot start leaves nothing running", async () => {
  const first = await startProcess({ gateway });
  const port = Number(new URL(first.gateway ?? "").port);
  await expect(startProcess({ implementations: [bankWith()], gateway: { ...gateway, port } })).rejects.toMatchObject({
    code: "PORT_IN_USE",
  });
  const { rows } = await database.admin.query("select from bank._instance");
  expect(rows).toEqual([]);
});
