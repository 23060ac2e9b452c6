import type { ContenderName } from "./contenders.ts";

/** The tables of one system by name, with their schema. */
export interface Tables {
  readonly aggregates: string;
  readonly sink: string;
}

/** The database of each contender; those with the same one are two ways into the same system. */
export const databaseOf: Readonly<Record<ContenderName, string>> = {
  limit: "by_hand",
  "limit-pipelined": "by_hand",
  "polder-bus": "polder",
  "polder-runtime": "polder",
  "pg-boss": "pg_boss",
  "graphile-worker": "graphile_worker",
  emmett: "emmett",
  notify: "postgres",
};

const inBench: Tables = { aggregates: "bench.aggregate", sink: "bench.sink" };
const polder: Tables = { aggregates: "ordering.aggregate", sink: "billing.sink" };

/** The tables of each contender in its database. The streams of emmett are its aggregates. */
export const tablesOf: Readonly<Record<ContenderName, Tables>> = {
  limit: inBench,
  "limit-pipelined": inBench,
  "polder-bus": polder,
  "polder-runtime": polder,
  "pg-boss": inBench,
  "graphile-worker": inBench,
  emmett: inBench,
  notify: inBench,
};
