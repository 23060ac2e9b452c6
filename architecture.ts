/**
 * The layers of the workspace, lowest first: a package may import packages of lower layers, never
 * its siblings. `npm run check` holds every manifest and every import to this list, and
 * ARCHITECTURE.md shows it.
 */
export const layers: readonly Layer[] = [
  [
    {
      name: "@polder/model",
      folder: "packages/model",
      purpose: "The vocabulary of data domains: domains, contracts, handlers, subscriptions. Pure.",
      external: ["@standard-schema/spec"],
    },
  ],
  [
    {
      name: "@polder/contracts",
      folder: "packages/contracts",
      purpose: "Contracts checked and compared: validators, and what a change costs whom. Pure.",
    },
    {
      name: "@polder/postgres",
      folder: "packages/postgres",
      purpose: "A domain's home: embedded server, provisioning, migrations, transactions.",
    },
  ],
  [
    {
      name: "@polder/bus",
      folder: "packages/bus",
      purpose: "Events travelling: outbox, relay, log, subscriptions, dead letters.",
    },
    {
      name: "@polder/http",
      folder: "packages/http",
      purpose: "Calls travelling: versioned APIs, typed clients, deadlines.",
      mayImport: ["@polder/contracts", "@polder/model"],
    },
    {
      name: "@polder/sagas",
      folder: "packages/sagas",
      purpose: "Processes over several domains: durable steps, compensation, timers.",
      mayImport: ["@polder/model", "@polder/postgres"],
    },
  ],
  [
    {
      name: "@polder/reading",
      folder: "packages/reading",
      purpose: "Reading across domains: compositions, read models, replicas, and how fresh they are.",
      mayImport: ["@polder/bus", "@polder/contracts", "@polder/http", "@polder/model", "@polder/postgres"],
      external: ["dataloader"],
    },
    {
      name: "@polder/registry",
      folder: "packages/registry",
      purpose: "Contracts as a service: their history, who uses which version, REST as of Confluent Schema Registry.",
      mayImport: ["@polder/contracts", "@polder/http", "@polder/model", "@polder/postgres"],
      external: ["avsc", "hono", "protobufjs"],
    },
  ],
  [
    {
      name: "@polder/runtime",
      folder: "packages/runtime",
      purpose: "Hosts domains in a process.",
    },
  ],
  [
    {
      name: "polder",
      folder: "packages/polder",
      purpose: "Data domains on PostgreSQL: the command and the language.",
    },
  ],
  [
    {
      name: "polder-shop",
      folder: "examples/shop",
      purpose: "The reference system: a shop cut into domains, as a user of Polder would write it.",
      mayImport: ["polder"],
      testsMayImport: ["@polder/bus", "@polder/postgres"],
      external: ["zod"],
    },
  ],
  [
    {
      name: "polder-bench",
      folder: "bench",
      purpose: "Measures what Polder promises, and what it costs.",
    },
    {
      name: "polder-tools",
      folder: "tools",
      purpose: "The workspace's habits as tests: layers, size, names, errors, SQL, documentation.",
      mayImport: ["@polder/model", "@polder/postgres"],
    },
  ],
];

/** The packages of one layer. */
export type Layer = readonly PackagePlan[];

/** A package's place. */
export interface PackagePlan {
  /** As in its manifest. */
  readonly name: string;
  /** Relative to the root of the repository. */
  readonly folder: string;
  /** One line, the same as the manifest's description. */
  readonly purpose: string;
  /** The packages of the workspace that it may import; without it, any of a lower layer. */
  readonly mayImport?: readonly string[];
  /** The packages of the workspace that its tests may import besides. */
  readonly testsMayImport?: readonly string[];
  /** The packages from outside that its sources (not its tests) may import; without it, any that its manifest declares. */
  readonly external?: readonly string[];
}
