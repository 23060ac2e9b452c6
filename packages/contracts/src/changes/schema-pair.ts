import type { JsonSchema } from "@polder/model";
import { decideInclusion, type Inclusion, isIncluded } from "../inclusion/compare-schemas.ts";
import { STEPS_MAX } from "../inclusion/search.ts";
import { measureSchema } from "../schema/measure-schema.ts";
import { readMeasured, readSchema, type SchemaReading } from "../schema/read-schema.ts";
import type { NodeId } from "../schema/schema-node.ts";
import { unsupported } from "../schema/schema-problem.ts";
import { openSchemaStore } from "../schema/schema-store.ts";
import { shareUnchanged } from "../schema/share-unchanged.ts";
import { type FindTarget, targetFinder } from "../schema/target-finder.ts";
import { openViews } from "../schema/view.ts";
import type { Direction } from "./finding.ts";
import type { Effect, Role } from "./rules.ts";

/** Where the earlier and the later subschema stand that belong together. */
export interface Place {
  readonly earlier: string;
  readonly later: string;
}

/** Two versions of one schema, in the views of those who write and read it. */
export interface SchemaPair {
  readonly role: Role;
  readonly earlier: JsonSchema;
  readonly later: JsonSchema;
  /** What references mean in each. */
  readonly targets: { readonly earlier: FindTarget; readonly later: FindTarget };
  /** Whether what is written in a direction is read. */
  readonly travels: (direction: Direction, place?: Place) => Inclusion;
  /** What the change at a place does; without one, all changes together. */
  readonly effect: (place?: Place) => Effect;
  /** What it does to swap some keywords for others, by themselves. */
  readonly effectOf: (earlier: JsonSchema, later: JsonSchema) => Effect;
}

/** One version, as its readers and its writers see it. */
interface Reading {
  readonly read: () => SchemaReading;
  readonly written: () => SchemaReading;
}

/** Steps that are spent on single places of two schemas, together: about two seconds. What is left is undecided. */
const PLACES_STEPS_MAX = 200_000;

/** The schemas themselves. Whether they fit is always decided, as far as it can be. */
const top: Place = { earlier: "", later: "" };

/**
 * Reads two versions of a schema. `later` shares with `earlier` what has not changed: it is the very same where nothing
 * has, and then neither is read. `what` names each in messages.
 */
export function schemaPair(
  role: Role,
  earlier: JsonSchema,
  changed: JsonSchema,
  what: { readonly earlier: string; readonly later: string },
): SchemaPair {
  for (const [schema, name] of [
    [earlier, what.earlier],
    [changed, what.later],
  ] as const) {
    const tooLarge = measureSchema(schema);
    if (tooLarge !== undefined) throw unsupported(name, [tooLarge]);
  }
  const later = shareUnchanged(earlier, changed);
  const store = openSchemaStore();
  const { closed, opened, filled } = openViews();
  const reading = (schema: JsonSchema, name: string, view: (schema: JsonSchema) => JsonSchema) =>
    once(() => readMeasured(store, view(schema), name));
  const of = (schema: JsonSchema, name: string): Reading => {
    if (role !== "request")
      return { read: reading(schema, name, opened), written: reading(schema, name, (one) => closed(filled(one))) };
    const read = reading(schema, name, closed);
    return { read, written: read };
  };
  const sides = { earlier: of(earlier, what.earlier), later: of(later, what.later) };
  // What is malformed is refused before anybody walks it; of what is the same nothing has to be known.
  if (later !== earlier) for (const { read } of [sides.earlier, sides.later]) read();
  const grows = (place: Place): Inclusion =>
    included(sides.earlier.written().at(place.earlier), sides.later.read().at(place.later), place);
  const shrinks = (place: Place): Inclusion =>
    included(sides.later.written().at(place.later), sides.earlier.read().at(place.earlier), place);
  let stepsLeft = PLACES_STEPS_MAX;
  const included = (written: NodeId | undefined, read: NodeId | undefined, place: Place): Inclusion => {
    const [writer, reader] = [written ?? store.everything, read ?? store.nothing];
    if (place === top) return isIncluded(store, writer, reader);
    if (stepsLeft <= 0) return { verdict: "undecided", reasons: ["more has changed than can be compared"] };
    const { inclusion, cost } = decideInclusion(store, { writer, reader, stepsMax: Math.min(STEPS_MAX, stepsLeft) });
    stepsLeft -= cost;
    return inclusion;
  };
  return {
    role,
    earlier,
    later,
    targets: { earlier: targetFinder(earlier), later: targetFinder(later) },
    travels: (direction, place = top) =>
      direction === "request" || direction === "event-replay" ? grows(place) : shrinks(place),
    effect: (place = top) => effectFrom(grows(place), shrinks(place)),
    effectOf: (one, other) => {
      const before = readSchema(store, one, what.earlier).root;
      const after = readSchema(store, other, what.later).root;
      const by: Place = { earlier: "", later: "" };
      return effectFrom(included(before, after, by), included(after, before, by));
    },
  };
}

function effectFrom(grows: Inclusion, shrinks: Inclusion): Effect {
  if (grows.verdict === "included") return shrinks.verdict === "included" ? "same" : "widened";
  if (shrinks.verdict === "included") return "narrowed";
  return grows.verdict === "undecided" && shrinks.verdict === "undecided" ? "undecided" : "changed";
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
