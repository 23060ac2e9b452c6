import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type pg from "pg";
import { type Database, openDatabase } from "../database.ts";
import type { DatabaseAddress } from "../database-url.ts";
import { type EmbeddedServer, startEmbedded } from "../embedded/start-embedded.ts";
import { type DomainHome, homeOf } from "../provision/roles.ts";
import { openSecrets, type Secrets } from "../secrets.ts";
import { identifier } from "../sql-name.ts";
import { template } from "./template.ts";

/** A server for tests: real, fast, and without care for a crash of the machine. */
export interface TestServer extends AsyncDisposable {
  readonly server: EmbeddedServer;
  /**
   * Ends the server at once, as a crash would, and starts it again at the same port. For one of its own only, and a
   * durable one, or what was committed last may be lost.
   */
  readonly restart: () => Promise<void>;
  /** A new database, empty or with some content; dropped when it is disposed. */
  readonly database: (content?: TestContent) => Promise<TestDatabase>;
}

/**
 * What stands in a database of a test from the beginning. It is put into one database of the server, of which the others
 * are copies: that takes a tenth of the time. What belongs to the server itself, such as roles, is there once for all.
 */
export interface TestContent {
  /** All that the content depends on, as JSON has it: what has the same is taken for the same content. */
  readonly of: unknown;
  /** Puts it into an empty database. */
  readonly fill: (database: TestDatabase) => Promise<void>;
}

/** A database of its own for a test. */
export interface TestDatabase extends AsyncDisposable {
  /** As the superuser. */
  readonly admin: Database;
  readonly address: DatabaseAddress;
  /** The password of a role; the same in all databases of the server, since roles are. */
  readonly password: (role: string) => string;
  /** How the processes of a domain go there. */
  readonly appAddress: (domain: string) => DatabaseAddress;
  /** Opens it as a domain's own role, with the domain's schema. The caller closes it. */
  readonly openAs: (home: DomainHome) => Database;
}

/** The environment variable that names the folder of the server that a whole test run shares. */
export const TEST_DIRECTORY_VARIABLE: string = "POLDER_TEST_DIRECTORY";

/**
 * Joins the server of this test run, starting it if need be; with `own` starts one that nobody else uses, for tests
 * that hold transactions open or stop the server: snapshots and crashes reach across databases.
 */
export async function testServer(
  options: {
    readonly own?: string;
    /** Where its files are, unless the environment says so. Default: in the system's temporary folder. */
    readonly directory?: string;
    /** Where the files of one of its own go. Default: in a folder of its own beside those of the test run. */
    readonly ownDirectory?: string;
    readonly settings?: Readonly<Record<string, string>>;
    readonly durable?: boolean;
    /** Contents that it keeps a database of, to copy from. Default 30. */
    readonly templatesMax?: number;
  } = {},
): Promise<TestServer> {
  const { templatesMax = 30 } = options;
  const shared =
    process.env[TEST_DIRECTORY_VARIABLE] ?? options.directory ?? join(tmpdir(), `polder-test-${process.ppid}`);
  const beside = join(shared, `own-${options.own}-${randomBytes(4).toString("hex")}`);
  const directory = options.own === undefined ? shared : (options.ownDirectory ?? beside);
  const start = (): Promise<EmbeddedServer> =>
    startEmbedded({
      directory,
      durable: options.durable ?? false,
      ...(options.settings === undefined ? {} : { settings: options.settings }),
    });
  const server = await start();
  const started = [server];
  const { host, port, user, password } = server;
  const root = openDatabase({ host, port, user, password, database: "postgres" });
  const secrets = openSecrets({ directory, env: {} });
  const open = (database: string): TestDatabase => openTestDatabase({ host, port, user, password, database }, secrets);
  const fill = (content: TestContent) => async (name: string) => {
    await using database = open(name);
    await content.fill(database);
  };
  return {
    server,
    restart: async () => {
      if (options.own === undefined) throw new Error("others use this server; open one of your own to restart it");
      const [postmaster] = (await readFile(join(server.directory, "postmaster.pid"), "utf8")).split("\n");
      process.kill(Number(postmaster), "SIGQUIT");
      const again = await start();
      started.push(again);
      if (again.port !== server.port) throw new Error("another program has taken the server's port meanwhile");
    },
    database: async (content) => {
      const name = `test_${randomBytes(6).toString("hex")}`;
      await inSession(root, async (session) => {
        const source = content && (await template({ session, of: content.of, fill: fill(content), templatesMax }));
        const sqlSource = source === undefined ? "" : ` template ${identifier(source)}`;
        await session.query(`create database ${identifier(name)}${sqlSource}`);
      });
      const opened = open(name);
      return {
        ...opened,
        [Symbol.asyncDispose]: async () => {
          await opened[Symbol.asyncDispose]();
          await inSession(root, (session) => session.query(`drop database ${identifier(name)} with (force)`));
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const one of started.toReversed()) await one.stop();
    },
  };
}

/** Opens a database that is there; disposing it closes its connections. */
function openTestDatabase(address: DatabaseAddress, secrets: Secrets): TestDatabase {
  const admin = openDatabase({ ...address, connectionsMax: 4 });
  const appAddress = (domain: string): DatabaseAddress => {
    const { app } = homeOf(domain);
    return { ...address, user: app, password: secrets.get(app) };
  };
  return {
    admin,
    address,
    password: secrets.get,
    appAddress,
    openAs: (home) => openDatabase({ ...appAddress(home.domain), schema: home.schema }),
    [Symbol.asyncDispose]: admin.close,
  };
}

/** One that is open no longer than it is used: between tests nothing of the server's is left. */
async function inSession(database: Database, work: (session: pg.Client) => Promise<unknown>): Promise<void> {
  const session = await database.connect();
  try {
    await work(session);
  } finally {
    await session.end();
  }
}
