import type { Implementation } from "@polder/model";
import type { Database } from "@polder/postgres";
import { listBuilds } from "../build/builds.ts";
import { publishersOf } from "../build/definition.ts";
import type { ServingCopy } from "./wanted-copies.ts";

/** The read models and replicas of a domain as they serve at this moment: each with what feeds the build that serves. */
export async function servingCopies(
  database: Database,
  { domain, readModels, replicas }: Implementation,
): Promise<readonly ServingCopy[]> {
  const copies = [...readModels, ...replicas];
  if (copies.length === 0) return [];
  const builds = await listBuilds(database, domain.name);
  return builds
    .filter(({ state }) => state === "serving")
    .flatMap(({ copy, subscription, filledAt }) => {
      const copied = copies.find(({ name }) => name === copy);
      if (copied === undefined) return [];
      const { name, events } = copied;
      return [{ name, subscription, isFilled: filledAt !== null, publishers: publishersOf(copied), events }];
    });
}
