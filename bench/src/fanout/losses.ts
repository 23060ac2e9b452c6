import type { Losses } from "../benchmark.ts";
import type { Crew } from "./crew.ts";
import { databasesOf } from "./layout.ts";

/** A change of an aggregate. */
export interface Change {
  readonly key: string;
  readonly version: number;
}

/** Holds what the first subscription wrote in a layout's databases against the aggregates. */
export async function readLosses(crew: Crew, databases: number): Promise<Losses> {
  const { ordering, billing } = databasesOf(databases);
  const { rows: newest } = await crew
    .admin(ordering)
    .query<Change>("select id as key, version from ordering.aggregate");
  const { rows: came } = await crew.admin(billing).query<Change>("select key, version from billing.sink order by id");
  return lossesOf(newest, came);
}

/** The versions of a key are without gaps from 1: every one must have come, once, and after the one before it. */
export function lossesOf(newest: readonly Change[], came: readonly Change[]): Losses {
  const seen = new Map<string, { readonly versions: Set<number>; highest: number }>();
  let [doubled, misordered] = [0, 0];
  for (const { key, version } of came) {
    const of = seen.get(key) ?? { versions: new Set<number>(), highest: 0 };
    seen.set(key, of);
    if (of.versions.has(version)) doubled += 1;
    else if (version < of.highest) misordered += 1;
    of.versions.add(version);
    of.highest = Math.max(of.highest, version);
  }
  const published = newest.reduce((sum, { version }) => sum + version, 0);
  const distinct = [...seen.values()].reduce((sum, { versions }) => sum + versions.size, 0);
  return { published, lost: published - distinct, doubled, misordered };
}
