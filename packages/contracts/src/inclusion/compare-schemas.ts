import { readSchema } from "../schema/read-schema.ts";
import type { NodeId } from "../schema/schema-node.ts";
import { openSchemaStore, type SchemaStore } from "../schema/schema-store.ts";
import { inhabit } from "./inhabit.ts";
import { costOf, openSearch, type Search, STEPS_MAX, stateFrom } from "./search.ts";

/** Whether a reader accepts everything that a writer may send. */
export type Inclusion =
  | { readonly verdict: "included" }
  /** The witness is valid for the writer and not for the reader. */
  | { readonly verdict: "not-included"; readonly witness: unknown }
  /** Neither was found; treat it as not included. */
  | { readonly verdict: "undecided"; readonly reasons: readonly string[] };

/**
 * Answers the one question of compatibility: does the reader accept everything that the writer may send? Both are JSON
 * Schemas, draft 2020-12 or draft-07 (by `$schema`), taken as they stand: for the views in which contracts are written
 * and read, compare documents.
 *
 * `included` is proven; `not-included` comes with a value that shows it; `undecided` says what could not be decided, in
 * bounded time (a search takes at most 100,000 steps, about a second).
 *
 * @throws `SCHEMA_UNSUPPORTED` where one of them is malformed or says what cannot be compared.
 */
export function compareSchemas({ writer, reader }: { readonly writer: unknown; readonly reader: unknown }): Inclusion {
  const store = openSchemaStore();
  return isIncluded(
    store,
    readSchema(store, writer, "The writer's schema").root,
    readSchema(store, reader, "The reader's schema").root,
  );
}

/** The same for two schemas of one store. */
export function isIncluded(store: SchemaStore, writer: NodeId, reader: NodeId): Inclusion {
  return decideInclusion(store, { writer, reader, stepsMax: STEPS_MAX }).inclusion;
}

/** The same in so many steps at most, with what it has cost. */
export function decideInclusion(
  store: SchemaStore,
  { writer, reader, stepsMax }: { readonly writer: NodeId; readonly reader: NodeId; readonly stepsMax: number },
): { readonly inclusion: Inclusion; readonly cost: number } {
  const search = openSearch(store, inhabit, stepsMax);
  return { inclusion: inclusionIn(search, writer, reader), cost: costOf(search) };
}

function inclusionIn(search: Search, writer: NodeId, reader: NodeId): Inclusion {
  const { store } = search;
  const found = inhabit(search, stateFrom(store, [writer, ~reader]));
  if (found.kind === "empty") return { verdict: "included" };
  if (found.kind === "inhabited") return { verdict: "not-included", witness: found.value };
  const reasons = search.doubts.size === 0 ? ["what the schemas say together is not understood"] : [...search.doubts];
  return { verdict: "undecided", reasons };
}
