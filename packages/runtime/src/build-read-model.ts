import { randomUUID } from "node:crypto";
import { growthSignal, listenForGrowth, startPresence } from "@polder/bus";
import { type Implementation, type Logger, modelErrors, type ReadModel, silentLogger } from "@polder/model";
import type { KeptCopies } from "@polder/reading";
import { startDomainCopies } from "./domain/domain-copies.ts";
import { openDomainStreams } from "./domain/domain-streams.ts";
import { type AddressOf, openDomainDatabases } from "./domain-databases.ts";
import { openObserver } from "./observe/host-observer.ts";

/** What {@link buildReadModel} needs. */
export interface BuildReadModelOptions {
  readonly implementation: Implementation;
  readonly readModel: ReadModel;
  readonly address: AddressOf;
  /** Keep statements prepared on each connection. Default true. */
  readonly prepare?: boolean;
  readonly logger?: Logger;
}

/** A process at work on the builds of one read model, and on nothing else of its domain. */
export interface ReadModelBuilding extends AsyncDisposable {
  readonly wake: KeptCopies["wake"];
}

/**
 * Works on the builds of a read model, beside the processes that run its domain and share the work with them: so that those
 * who answer calls are not burdened with all of it, or where none of them runs.
 */
export async function buildReadModel(options: BuildReadModelOptions): Promise<ReadModelBuilding> {
  const { readModel, logger = silentLogger } = options;
  const { domain } = options.implementation;
  const implementation = { ...options.implementation, readModels: [readModel], replicas: [] };
  await using opened = new AsyncDisposableStack();
  const observer = await openObserver({ metrics: false }, logger);
  const databases = openDomainDatabases({ ...options, logger, observer });
  opened.defer(databases.close);
  const database = databases.of(domain.name);
  const growth = growthSignal();
  const instance = randomUUID();
  let copies: KeptCopies | undefined;
  const subscriptions = (): readonly string[] => copies?.subscriptions() ?? [];
  const presence = await startPresence({ domain: domain.name, database, instance, subscriptions, logger });
  opened.defer(presence.stop);
  const reading = (publisher: string) => databases.reading(publisher, domain.name);
  const { events } = readModel;
  const publishers = [...new Set(events.map((event) => event.split(".", 1)[0] ?? ""))];
  for (const place of databases.eachPlace([database, ...publishers.map(reading)]).values()) {
    const listening = listenForGrowth({ database: place, publishers: [...publishers, domain.name], growth, logger });
    opened.defer(listening.stop);
  }
  const shared = { domain, database, growth, instance, logger, observer };
  const streams = openDomainStreams({ ...shared, events, publisherDatabase: reading });
  copies = startDomainCopies({
    ...shared,
    implementation,
    streams,
    // A read model calls nobody.
    findTransport: ({ contract }) => {
      throw modelErrors.NOT_DECLARED(`A read model of "${domain.name}" calls "${contract.name}".`, {
        domain: domain.name,
        what: "needs",
        contract: contract.name,
      });
    },
    onSubscriptions: presence.show,
  });
  opened.defer(copies.stop);
  const owned = opened.move();
  return { wake: copies.wake, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
