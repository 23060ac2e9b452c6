import type { AnyEventConverters, ConvertersField, EventConverters } from "./converter.ts";
import { eventConverterProblems } from "./converter-problems.ts";
import { type Deprecations, deprecationProblems } from "./deprecation.ts";
import { eventNameProblems } from "./name.ts";
import { schemaProblems } from "./operation.ts";
import { type Problem, refuseProblems } from "./problems.ts";
import { type AnySchema, type JsonSchema, jsonSchemaOf, type SchemaOutput } from "./schema.ts";
import { isVersion, type Newest, newestVersion, type Version } from "./version.ts";

/** All versions of an event: the schema of each. */
export type EventVersions = Readonly<Record<string, AnySchema>>;

/** A published event: something that has happened in a domain. */
export interface Event<Name extends string = string, Versions extends EventVersions = EventVersions> {
  readonly kind: "event";
  readonly name: Name;
  /** The field whose value orders events: events of one key arrive in the order of their commits. */
  readonly key: string;
  readonly versions: Versions;
  readonly newest: Newest<keyof Versions & string>;
  /** By the version that they lead up to. */
  readonly converters: AnyEventConverters;
  /** The majors that are about to go, or are gone. */
  readonly deprecated: Deprecations;
}

/** Any event, where its payloads do not matter. */
export interface AnyEvent {
  readonly kind: "event";
  readonly name: string;
  readonly key: string;
  readonly versions: EventVersions;
  readonly newest: string;
  readonly converters: AnyEventConverters;
  readonly deprecated: Deprecations;
}

type KeyOf<Payload> = Payload extends unknown
  ? { [Field in keyof Payload]: Payload[Field] extends string | number ? Field : never }[keyof Payload] & string
  : never;

/** The fields that can be the key of an event: strings or numbers that every version has. */
export type EventKey<Versions extends EventVersions> = {
  [V in keyof Versions]: (key: KeyOf<SchemaOutput<Versions[V]>>) => void;
}[keyof Versions] extends (key: infer Key extends string) => void
  ? Key
  : never;

/** What an event is declared with. */
export type EventShape<Versions extends EventVersions> = {
  readonly key: EventKey<Versions>;
  readonly versions: Versions;
  /** The majors that are about to go, by number. */
  readonly deprecated?: Deprecations;
} & ConvertersField<EventConverters<Versions>>;

/**
 * Declares an event: `event("inventory.StockReserved", { key: "orderId", versions: { "1.0.0": schema } })`.
 * Producers write its newest version; consumers get the one that they need, by the converters between majors. Keep the
 * versions in which events are stored: what is not declared any more cannot be read.
 *
 * @throws `DECLARATION_INVALID` with every mistake and its place.
 */
export function event<const Name extends `${string}.${string}`, const Versions extends EventVersions>(
  name: Name,
  shape: EventShape<Versions>,
): Event<Name, Versions> {
  const versions: Versions = shape?.versions ?? {};
  const { converters = {}, deprecated = {} } = (shape ?? {}) as Partial<AnyEvent>;
  const problems = [...eventNameProblems(name, "name"), ...versionsProblems(versions, shape?.key)];
  if (problems.length === 0) problems.push(...eventConverterProblems(converters, versions));
  refuseProblems(`the event "${name}"`, [...problems, ...deprecationProblems(deprecated, versions)]);
  const newest = newestVersion(Object.keys(versions) as Version[]) as Newest<keyof Versions & string>;
  return { kind: "event", name, key: shape.key, versions, newest, converters, deprecated };
}

function versionsProblems(versions: EventVersions, key: string): readonly Problem[] {
  if (Object.keys(versions).length === 0)
    return [{ place: "versions", problem: 'has no version; write versions: { "1.0.0": schema }' }];
  return Object.entries(versions).flatMap(([version, schema]) => {
    const place = `versions[${JSON.stringify(version)}]`;
    const problems: Problem[] = isVersion(version)
      ? []
      : [{ place, problem: `"${version}" is no semantic version such as "1.0.0"` }];
    const unwritable = schemaProblems(schema, "output", place);
    problems.push(...unwritable);
    if (unwritable.length === 0) problems.push(...keyProblems(jsonSchemaOf(schema, "output"), key, place));
    return problems;
  });
}

function keyProblems(schema: JsonSchema, key: string, place: string): readonly Problem[] {
  if (schema["type"] !== "object") return [{ place, problem: "must be an object" }];
  const property = ((schema["properties"] ?? {}) as Record<string, JsonSchema>)[key];
  const required = ((schema["required"] ?? []) as readonly string[]).includes(key);
  const keyed = property !== undefined && ["string", "integer", "number"].includes(String(property["type"]));
  if (required && keyed) return [];
  return [{ place, problem: `has no required string or number "${key}", which is the event's key` }];
}
