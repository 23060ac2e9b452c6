import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batchSubscription } from "@polder/model";
import { type TestDatabase, testServer, until } from "@polder/postgres/testing";
import { expect, type TestContext, test } from "vitest";
import { bankWith, report, reportWith } from "./bank.ts";
import { bankHomes, hostOn, rows } from "./hosting.ts";

const counting = batchSubscription(report, "count", ["bank.Booked"], async ({ events, tx }) => {
  for (const { id, data } of events)
    await tx.sql`insert into counted (event_id, account, amount) values (${id}, ${data.account}, ${data.amount})`;
});

async function countedIs(database: TestDatabase, total: number): Promise<void> {
  await until(async () => {
    const [found] = await rows(database.admin, "select coalesce(sum(amount), 0)::int as total from report.counted");
    return (found as { total: number }).total === total;
  }, `${total} are counted`);
}

test("without prepared statements, calls and events give the same", async () => {
  await using server = await testServer();
  await using database = await server.database(bankHomes);
  await using host = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })], {
    prepare: false,
  });
  expect(await host.bank.book({ account: "a", amount: 5 })).toMatchObject({ ok: true, value: { balance: 5 } });
  expect(await host.report.ask({ account: "a" })).toEqual({ ok: true, value: { text: "5" } });
  await countedIs(database, 5);
});

test("behind PgBouncer in transaction mode, which gives each transaction another session", async (context) => {
  await using server = await testServer();
  await using database = await server.database(bankHomes);
  await using pooler = await startPooler(database, context);
  const { port } = pooler;
  const options = {
    prepare: false,
    address: (domain: string) => ({ ...database.appAddress(domain), host: "127.0.0.1", port }),
  };
  await using first = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })], options);
  await using second = await hostOn(database, [bankWith(), reportWith({ subscriptions: [counting] })], options);
  const hosts = [first, second];
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const host = hosts[index % 2];
      expect(await host?.bank.book({ account: `a${index}`, amount: 1 })).toMatchObject({
        ok: true,
        value: { balance: 1 },
      });
      expect(await host?.report.ask({ account: `a${index}` })).toEqual({ ok: true, value: { text: "1" } });
    }),
  );
  await countedIs(database, 40);
  expect(
    await rows(
      database.admin,
      "select max(count)::int as sessions from (select count(*) from pg_stat_activity where usename = 'bank_app' and datname = current_database() group by usename) s",
    ),
  ).toEqual([{ sessions: expect.toSatisfy((n: number) => n <= 2) }]);
});

/** PgBouncer with two sessions for each role. */
async function startPooler(
  { address, password }: TestDatabase,
  context: TestContext,
): Promise<AsyncDisposable & { readonly port: number }> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "polder-pooler-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const port = await freePort();
  const users = ["bank_app", "report_app"].map((role) => `"${role}" "${password(role)}"`);
  await writeFile(join(folder, "users"), `${users.join("\n")}\n`);
  await writeFile(
    join(folder, "pgbouncer.ini"),
    `[databases]
* = host=${address.host} port=${address.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = 2
`,
  );
  if (process.getuid?.() === 0) {
    for (const path of [folder, join(folder, "users"), join(folder, "pgbouncer.ini")])
      await chown(path, 65_534, 65_534);
  }
  const child = spawn("pgbouncer", [join(folder, "pgbouncer.ini")], {
    stdio: "ignore",
    // It refuses to run as root.
    ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
  });
  const started = await once(child, "spawn").catch(() => undefined);
  if (started === undefined) context.skip("needs the program pgbouncer, to have a pooler in transaction mode");
  const ended = once(child, "exit");
  cleanup.defer(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  await until(() => isOpen(port), "PgBouncer listens");
  const owned = cleanup.move();
  return { port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
