import { isPolderError, type Logger, PolderError } from "@polder/model";
import {
  type Database,
  type DatabaseAddress,
  type EmbeddedServer,
  homeOf,
  identifier,
  openDatabase,
  POLDER_ROLE,
  startEmbedded,
} from "@polder/postgres";
import { runtimeErrors } from "../errors.ts";
import { type DatabasePlace, type DatabaseSetting, settingsInvalid } from "./database-settings.ts";

/** One of the databases of a project. */
export interface PlacedDatabase {
  /** The domains that live there. */
  readonly domains: readonly string[];
  /** What names it, such as `DATABASE_URL`. */
  readonly setting: string;
  /** For people: `host:port/database`. */
  readonly name: string;
  /** As an administrator, with the password. */
  readonly server: DatabaseAddress;
  readonly admin: Database;
}

/** All databases of a project. */
export interface PlacedDatabases extends AsyncDisposable {
  readonly databases: readonly PlacedDatabase[];
  readonly embedded: EmbeddedServer | undefined;
  /**
   * Makes sure that all of them can be reached and that no domain's home is in the wrong one.
   *
   * @throws `POSTGRES_UNREACHABLE` and the like with the domains that live there, `CONFIG_INVALID` where two addresses
   * lead to one database, `HOME_ELSEWHERE`.
   */
  readonly check: () => Promise<void>;
}

/** What {@link placeDatabases} needs. */
export interface PlacingOptions {
  readonly settings: readonly DatabaseSetting[];
  /** Of the configuration, for messages. */
  readonly path: string;
  readonly polderDirectory: string;
  readonly logger: Logger;
}

/** Opens each database that the settings name, once; starts the embedded server if one of them is in it. */
export async function placeDatabases(options: PlacingOptions): Promise<PlacedDatabases> {
  const { settings, logger, polderDirectory, path } = options;
  await using opened = new AsyncDisposableStack();
  const isEmbedded = settings.some(({ place }) => "embedded" in place);
  const embedded = isEmbedded ? opened.use(await startEmbedded({ directory: polderDirectory, logger })) : undefined;
  const grouped = Map.groupBy(settings, ({ place }) => nameOf(addressOf(place, embedded)));
  const databases = [...grouped].map(([name, [first, ...others]]): PlacedDatabase => {
    // A group is never empty.
    const { setting, place } = first as DatabaseSetting;
    const server = addressOf(place, embedded);
    const admin = openDatabase({
      ...server,
      applicationName: "polder admin",
      connectionsMax: 4,
      statementTimeoutMs: 0,
      logger,
    });
    opened.defer(() => admin.close());
    return { domains: [first, ...others].map((one) => one?.domain ?? ""), setting, name, server, admin };
  });
  if (embedded !== undefined) await makeEmbedded(embedded, settings);
  const owned = opened.move();
  const check = async (): Promise<void> => {
    await refuseTwins(databases, await Promise.all(databases.map((one) => identify(one, databases.length))), path);
    await refuseMoved(databases);
  };
  let checked: Promise<void> | undefined;
  return {
    databases,
    embedded,
    check: () => {
      checked ??= check().catch((error: unknown) => {
        checked = undefined;
        throw error;
      });
      return checked;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The domains whose homes are in a database, of some. */
export async function homesIn(admin: Database, domains: readonly string[]): Promise<readonly string[]> {
  const { rows } = await admin.query<{ schema: string }>(
    `select n.nspname::text as schema
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = '_outbox' and pg_get_userbyid(c.relowner) = $1 and n.nspname = any ($2)`,
    [POLDER_ROLE, domains.map((domain) => homeOf(domain).schema)],
  );
  const found = new Set(rows.map(({ schema }) => schema));
  return domains.filter((domain) => found.has(homeOf(domain).schema));
}

function addressOf(place: DatabasePlace, embedded: EmbeddedServer | undefined): DatabaseAddress {
  if (!("embedded" in place)) return place;
  if (embedded === undefined) throw new Error("the embedded server was not started");
  const { host, port, user, password } = embedded;
  return { host, port, user, password, database: place.embedded };
}

function nameOf({ host, port, database }: DatabaseAddress): string {
  return `${host}:${port}/${database}`;
}

/** Makes the databases in the embedded server that are not there yet. */
async function makeEmbedded(embedded: EmbeddedServer, settings: readonly DatabaseSetting[]): Promise<void> {
  const names = new Set(settings.flatMap(({ place }) => ("embedded" in place ? [place.embedded] : [])));
  await using root = openDatabase({ ...addressOf({ embedded: "postgres" }, embedded), connectionsMax: 1 });
  const { rows } = await root.query<{ name: string }>("select datname::text as name from pg_database");
  for (const { name } of rows) names.delete(name);
  for (const name of names) {
    await root.query(`create database ${identifier(name)}`).catch((error: unknown) => {
      // Another process was faster.
      if (!(error instanceof Error) || Reflect.get(error, "code") !== "42P04") throw error;
    });
  }
}

/** Which database answers: the same under any address. Of several it is said who lives in the one that does not. */
async function identify(database: PlacedDatabase, count: number): Promise<string> {
  try {
    const { rows } = await database.admin.query<{ identity: string }>(
      "select extract(epoch from pg_postmaster_start_time())::text || ' ' || current_database() as identity",
    );
    return rows[0]?.identity ?? "";
  } catch (error) {
    throw count === 1 ? error : withDomains(error, database);
  }
}

function withDomains(error: unknown, { domains, setting }: PlacedDatabase): unknown {
  if (!isPolderError(error)) return error;
  return new PolderError(
    error.code,
    `The database of ${domains.join(", ")} (${setting}): ${error.message} Nothing was done in the others either.`,
    { ...(error.details as object), domains, setting },
    { title: error.title, cause: error },
  );
}

/** Rights that depend on who lives where would be given and taken in turns. */
async function refuseTwins(
  databases: readonly PlacedDatabase[],
  identities: readonly string[],
  path: string,
): Promise<void> {
  const twins = [...Map.groupBy(databases, (_, index) => identities[index]).values()].filter(
    ({ length }) => length > 1,
  );
  if (twins.length === 0) return;
  throw settingsInvalid(
    { path },
    twins.map((same) => ({
      place: same.map(({ setting }) => setting).join(" and "),
      problem: `${same.map(({ name }) => name).join(" and ")} are one and the same database; write one address`,
    })),
  );
}

/** A domain that is configured to live in one database, and whose home is in another one, would begin anew without its data. */
async function refuseMoved(databases: readonly PlacedDatabase[]): Promise<void> {
  if (databases.length === 1) return;
  const domains = databases.flatMap((one) => one.domains);
  const found = await Promise.all(databases.map(async (one) => ({ ...one, homes: await homesIn(one.admin, domains) })));
  const moved = found.flatMap((wanted) =>
    wanted.domains
      .filter((domain) => !wanted.homes.includes(domain))
      .flatMap((domain) =>
        found
          .filter(({ homes }) => homes.includes(domain))
          .map((there) => ({ domain, found: there.name, wanted: wanted.name })),
      ),
  );
  if (moved.length === 0) return;
  const sentences = moved.map(
    ({ domain, found: there, wanted }) => `"${domain}" is to live in ${wanted}, but its home is in ${there}`,
  );
  throw runtimeErrors.HOME_ELSEWHERE(
    `${sentences.join("; ")}. Nothing was done, since it would begin anew there without its data. Set its database back, or move its data first.`,
    { moved },
  );
}
