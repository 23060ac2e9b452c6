import type { Logger } from "@polder/model";
import { type Database, type DatabaseAddress, homeOf, openDatabase } from "@polder/postgres";
import type { HostObserver } from "./observe/host-observer.ts";

/** Where a domain's database is, and as whom to go there: as the domain itself, or as one that reads its events. */
export type AddressOf = (domain: string, reader?: string) => DatabaseAddress;

/** The connections of the domains of one process. */
export interface DomainDatabases {
  /** A domain's own database. */
  readonly of: (domain: string) => Database;
  /** The database of a publisher as a reader's role: the reader's own one, if both live there. */
  readonly reading: (publisher: string, reader: string) => Database;
  /** One of these for each place, by its name. */
  readonly eachPlace: (databases: readonly Database[]) => ReadonlyMap<string, Database>;
  readonly close: () => Promise<void>;
}

/** Connections of a domain to another one's database at most: they only read pages and report progress. */
const READING_CONNECTIONS_MAX = 4;

/** Opens the databases of domains as they are asked for, each once. */
export function openDomainDatabases(options: {
  readonly address: AddressOf;
  /** Connections of each domain to its own database at most. Default 10. */
  readonly connectionsMax?: number;
  /** Keep statements prepared on each connection. Default true. */
  readonly prepare?: boolean;
  readonly logger: Logger;
  readonly observer: HostObserver;
}): DomainDatabases {
  const { address, connectionsMax = 10, logger, observer, prepare = true } = options;
  const opened = new Map<string, Database>();
  const open = (key: string, make: () => Database): Database => {
    const database = opened.get(key) ?? make();
    opened.set(key, database);
    return database;
  };
  const own = (domain: string): Database =>
    open(domain, () => {
      const { schema } = homeOf(domain);
      return openDatabase({
        ...address(domain),
        schema,
        applicationName: `polder ${domain}`,
        connectionsMax,
        prepare,
        logger,
        observer: observer.ofDatabase(domain),
      });
    });
  return {
    of: own,
    reading: (publisher, reader) => {
      const there = address(publisher, reader);
      const place = placeOf(there);
      if (place === placeOf(own(reader).target)) return own(reader);
      return open(`${reader} at ${place}`, () =>
        openDatabase({
          ...there,
          applicationName: `polder ${reader}`,
          connectionsMax: Math.min(connectionsMax, READING_CONNECTIONS_MAX),
          prepare,
          logger,
        }),
      );
    },
    eachPlace: (databases) => new Map(databases.map((database) => [placeOf(database.target), database])),
    close: async () => {
      await Promise.all([...opened.values()].map((database) => database.close()));
    },
  };
}

function placeOf({ host, port, database }: Pick<DatabaseAddress, "host" | "port" | "database">): string {
  return `${host}:${port}/${database}`;
}
