import { createClient } from "@polder/http";
import type { ApiCore, Client, EventInput, Implementation } from "@polder/model";
import { until } from "@polder/postgres/testing";
import { type Host, startHost } from "@polder/runtime";
import { type ProjectDatabase, projectDatabase } from "./project-database.ts";
import { publish } from "./stand-in.ts";

/** What {@link startTestHost} needs. */
export interface TestHostOptions {
  /** A folder of the project: its configuration is there or above. */
  readonly from: string;
  /** The domains that work; stand-ins may be among them. Default: all domains of the project. */
  readonly implementations?: readonly Implementation[];
}

/** Domains at work in this process, on a database of their own. */
export interface TestHost extends AsyncDisposable {
  readonly host: Host;
  readonly database: ProjectDatabase;
  /** A client of an API that a domain of this host publishes. */
  readonly client: <A extends ApiCore, V extends keyof A["versions"] & string>(
    api: A,
    version: V,
  ) => Client<A["versions"][V]>;
  /** Has the stand-in of its domain publish an event. */
  readonly publish: <E extends { readonly kind: "event"; readonly name: string }>(
    event: E,
    data: EventInput<E>,
  ) => Promise<void>;
  /** Resolves when everything that was published has been handled; throws with what is left after 20 seconds. */
  readonly settled: () => Promise<void>;
}

/**
 * Brings domains of a project to work for a test. A domain is tested by itself with stand-ins for those that it needs:
 * `startTestHost({ from: import.meta.dirname, implementations: [accounting, standInFor(payment)] })`.
 *
 * @throws what `projectDatabase` and `startHost` throw.
 */
export async function startTestHost(options: TestHostOptions): Promise<TestHost> {
  await using cleanup = new AsyncDisposableStack();
  const database = cleanup.use(await projectDatabase(options));
  const { implementations = database.implementations } = options;
  const host = cleanup.use(await startHost({ implementations, address: database.address }));
  const owned = cleanup.move();
  return {
    host,
    database,
    client: (api, version) => createClient(api, version, { transport: host.transport }),
    publish: (event, data) => publish(host, event, data),
    settled: async () => {
      let left: readonly string[] = [];
      try {
        await until(async () => {
          left = await database.underWay(implementations);
          return left.length === 0;
        }, "everything is handled");
      } catch (cause) {
        throw left.length === 0 ? cause : new Error(`Still left:\n${left.slice(0, 20).join("\n")}`, { cause });
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
