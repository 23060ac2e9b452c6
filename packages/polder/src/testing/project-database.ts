import { join } from "node:path";
import { browseEvents, listDeadLetters } from "@polder/bus";
import type { Implementation } from "@polder/model";
import { type Database, type DatabaseAddress, homeOf, makePolderDirectory, provision } from "@polder/postgres";
import { TEST_DIRECTORY_VARIABLE, type TestContent, testServer } from "@polder/postgres/testing";
import { definitionOf } from "@polder/reading";
import { type LoadedDomain, migrateDomain, openProject, projectScopes } from "@polder/runtime";
import { underWay } from "./under-way.ts";

/** An event as it stands in the log of its domain. */
export interface PublishedEvent {
  readonly type: string;
  readonly data: unknown;
}

/** A database of its own with the homes of all domains of a project, migrated, and nothing in them. */
export interface ProjectDatabase extends AsyncDisposable {
  /** All domains of the project, as its configuration names them. */
  readonly implementations: readonly Implementation[];
  /** What a process of the project needs in its environment to come here. */
  readonly env: Readonly<Record<string, string>>;
  /** How a domain goes there. */
  readonly address: (domain: string) => DatabaseAddress;
  /** As the administrator. */
  readonly admin: Database;
  /** Runs a query as the administrator. */
  readonly rows: <Row>(sql: string, values?: readonly unknown[]) => Promise<readonly Row[]>;
  /** The events that a domain has published, in the order of its log, as far as they are relayed; the first 1,000. */
  readonly events: (domain: string) => Promise<readonly PublishedEvent[]>;
  /** Events that a domain's subscriptions could not handle: `subscription: why`. */
  readonly parked: (domain: string) => Promise<readonly string[]>;
  /** What these domains have still to relay, to deliver, or to try again, in one snapshot. */
  readonly underWay: (running: readonly Implementation[]) => Promise<readonly string[]>;
}

/**
 * Makes a database for a test on an embedded PostgreSQL that the tests of a run share, whatever the configuration says
 * of the database. The server's files are in `.polder/test` of the project, or where `POLDER_TEST_DIRECTORY` says; with
 * `own` the test has a server of that name for itself.
 *
 * @throws what `openProject`, `provision` and `migrate` throw.
 */
export async function projectDatabase(options: {
  /** A folder of the project: its configuration is there or above. */
  readonly from: string;
  readonly own?: string;
}): Promise<ProjectDatabase> {
  await using cleanup = new AsyncDisposableStack();
  const project = cleanup.use(await openProject({ from: options.from, env: {} }));
  if (process.env[TEST_DIRECTORY_VARIABLE] === undefined) makePolderDirectory(project.polderDirectory);
  const server = cleanup.use(
    await testServer({
      directory: join(project.polderDirectory, "test"),
      ...(options.own === undefined ? {} : { own: options.own }),
    }),
  );
  const { domains } = project;
  const homes = domains.map(({ name }) => homeOf(name));
  const database = cleanup.use(await server.database(homesOf(domains)));
  const { address, admin, appAddress, password } = database;
  const { user, host, port } = address;
  const passwords = homes.map(({ app }) => [`POLDER_SECRET_${app.toUpperCase()}`, password(app)]);
  const owned = cleanup.move();
  return {
    implementations: domains.map(({ implementation }) => implementation),
    env: {
      DATABASE_URL: `postgres://${user}:${encodeURIComponent(address.password)}@${host}:${port}/${address.database}`,
      ...Object.fromEntries(passwords),
    },
    address: appAddress,
    admin,
    rows: async <Row>(sql: string, values: readonly unknown[] = []) => (await admin.query<Row>(sql, values)).rows,
    events: async (domain) => {
      const events = await browseEvents(admin, domain, { after: 0n, eventsMax: 1_000 });
      return events.map(({ type, data }) => ({ type, data }));
    },
    parked: async (domain) =>
      (await listDeadLetters(admin, domain, { all: true })).map(
        ({ subscription, error }) => `${subscription}: ${error.split("\n", 1)[0]}`,
      ),
    underWay: async (running) => {
      const snapshot = admin.begin("snapshot");
      try {
        const database = { ...admin, sql: snapshot.sql, query: snapshot.query };
        return await underWay(() => database, running);
      } finally {
        await snapshot.rollback();
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The homes of all domains, migrated: the same for all tests until one of the domains changes what it keeps. */
function homesOf(domains: readonly LoadedDomain[]): TestContent {
  const homes = domains.map(({ name }) => homeOf(name));
  const scopes = projectScopes(domains);
  const tables = domains.map(({ name, migrations, implementation: { readModels, replicas } }) => [
    name,
    migrations,
    [...readModels, ...replicas].map((copied) => [copied.name, copied.version, definitionOf(copied)]),
  ]);
  return {
    of: [homes, scopes, tables],
    fill: async ({ admin, password }) => {
      await provision({ admin, homes, scopes, password });
      for (const domain of domains) await migrateDomain(domain, { admin });
    },
  };
}
