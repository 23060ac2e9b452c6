import fc from "fast-check";

type Json = Readonly<Record<string, unknown>>;

const names = ["a", "b", "ab"];
const count = fc.nat(3);
const name = fc.constantFrom(...names);
const texts = ["", "a", "b", "ab", "aab", "2024-02-29", "0b0f3a52-9d0e-4a3c-8f7e-0d6f2b3c4d5e"];
const scalar = fc.oneof(
  fc.constantFrom(...texts),
  fc.integer({ min: -2, max: 6 }),
  fc.constantFrom(0.5, null, true, false),
);
const patterns = ["^a", "b$", "^[ab]*$", "^a{1,2}b?$", "^(a|b)+$", "^\\d", "a(?=b)"];

/** Values from the same few names, texts and numbers as the schemas. */
export const arbitraryValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", maxDepth: 3 },
    { weight: 3, arbitrary: scalar },
    { weight: 1, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    {
      weight: 3,
      arbitrary: fc.dictionary(fc.constantFrom(...names, "b1"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
    },
  ),
}))["value"] as fc.Arbitrary<unknown>;

/** Any subset of some keywords, each with a value of its own. */
function some(keywords: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Json> {
  return fc.record(keywords, { requiredKeys: [] }) as fc.Arbitrary<Json>;
}

const bound = fc.integer({ min: -2, max: 6 });
const numbers = some({
  minimum: bound,
  maximum: bound,
  exclusiveMinimum: bound,
  multipleOf: fc.constantFrom(1, 2, 3),
  format: fc.constantFrom("int32"),
});
const strings = some({
  minLength: count,
  maxLength: count,
  pattern: fc.constantFrom(...patterns),
  format: fc.constantFrom("date", "uuid"),
});

function typed(type: unknown, rules: fc.Arbitrary<Json>): fc.Arbitrary<unknown> {
  return rules.map((some) => ({ type, ...some }));
}

function composites(schema: fc.Arbitrary<unknown>): fc.Arbitrary<unknown>[] {
  const few = fc.array(schema, { minLength: 1, maxLength: 3 });
  const properties = fc.dictionary(name, schema, { maxKeys: 3 });
  const required = fc.uniqueArray(name, { maxLength: 2 });
  const closed = fc.constantFrom(false, true);
  const objects = typed("object", some({ properties, required, additionalProperties: fc.oneof(closed, schema) }));
  const otherObjects = some({
    properties,
    required,
    patternProperties: fc.dictionary(fc.constantFrom(...patterns.slice(0, 3)), schema, { maxKeys: 2 }),
    additionalProperties: fc.oneof(closed, schema),
    minProperties: count,
    maxProperties: count,
    propertyNames: typed("string", strings),
    dependentRequired: fc.dictionary(name, required, { maxKeys: 2 }),
    unevaluatedProperties: fc.constant(false),
  });
  const patterned = fc.record({
    patternProperties: fc.dictionary(fc.constantFrom(...patterns.slice(0, 3)), schema, { minKeys: 1, maxKeys: 2 }),
  });
  // Apart from unevaluatedProperties: with both, Ajv 8.20 takes fields for unevaluated that are named.
  const dependents = some({ properties, required, dependentSchemas: fc.dictionary(name, schema, { maxKeys: 1 }) });
  const arrays = some({ items: schema, prefixItems: few, minItems: count, maxItems: count });
  // Apart from prefixItems: with both, Ajv 8.20 looks for duplicates of the type of `items` only.
  const sets = some({ items: schema, minItems: count, maxItems: count, uniqueItems: fc.boolean() });
  // Apart from prefixItems: with both, Ajv 8.20 takes empty arrays for containing something.
  const containers = some({ items: schema, minItems: count, contains: schema });
  // Rarely: what is not understood is undecided.
  const counted = fc.record({ contains: schema, minContains: count });
  // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
  const conditions = fc.record({ if: schema, then: schema, else: schema }, { requiredKeys: ["if"] });
  const combined = some({ allOf: few, anyOf: few, oneOf: few, not: schema });
  const mixed = fc
    .tuple(fc.oneof(objects, typed("object", otherObjects)), combined)
    .map(([one, other]) => ({ ...(one as Json), ...other }));
  return [
    objects,
    objects,
    typed("object", otherObjects),
    typed("object", dependents),
    typed("object", patterned),
    typed("array", arrays),
    typed("array", sets),
    fc.oneof({ weight: 9, arbitrary: typed("array", containers) }, { weight: 1, arbitrary: typed("array", counted) }),
    combined,
    conditions,
    mixed,
  ];
}

/** Schemas with references to each other, in draft 2020-12. */
function arbitrarySchema(depthMax: number): fc.Arbitrary<Json> {
  const { schema } = fc.letrec((tie) => ({
    schema: fc.oneof(
      { depthSize: "small", maxDepth: depthMax },
      fc.oneof(
        fc.constantFrom<unknown>({ type: "string" }, { type: "integer" }, { type: ["string", "null"] }, {}, true),
        fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }).map((values) => ({ enum: values })),
        scalar.map((value) => ({ const: value })),
        typed("number", numbers),
        typed("integer", numbers),
        typed("string", strings),
        fc.constant({ type: "object", properties: { a: { $ref: "#/$defs/one" } } }),
        fc.constant({ type: "array", items: { $ref: "#/$defs/other" } }),
      ),
      ...composites(tie("schema")),
    ),
  }));
  return schema.chain((top) =>
    fc.record({ one: fc.constantFrom(0, 1, 2), other: fc.constantFrom(0, 1, 2) }).map(({ one, other }) => ({
      ...(top === true ? {} : (top as Json)),
      $defs: { one: definitions[one], other: definitions[other] },
    })),
  );
}

const definitions = [
  { type: "object", properties: { a: { $ref: "#/$defs/one" }, b: { type: "integer" } }, required: ["b"] },
  { anyOf: [{ type: "null" }, { type: "array", items: { $ref: "#/$defs/other" } }] },
  { type: "object", properties: { a: { $ref: "#/$defs/other" } }, additionalProperties: false },
];

/** A schema and one that differs from it in a few places: looser, stricter, or otherwise. Schemas nest so deep at most. */
export function arbitraryPair(depthMax: number): fc.Arbitrary<readonly [writer: Json, reader: Json]> {
  const schema = arbitrarySchema(depthMax);
  return fc.oneof(
    { weight: 1, arbitrary: fc.tuple(schema, schema) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(schema, fc.array(fc.nat(1_000), { minLength: 1, maxLength: 2 }), fc.boolean())
        .map(([one, places, isReader]): readonly [Json, Json] => {
          const other = places.reduce<Json>((changed, place) => mutated(changed, place), one);
          return isReader ? [one, other] : [other, one];
        }),
    },
  );
}

/** The schema with one place of it changed. */
function mutated(schema: Json, place: number): Json {
  const copy = structuredClone(schema) as Record<string, unknown>;
  const sites: (() => void)[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const object = node as Record<string, unknown>;
    for (const [key, value] of Object.entries(object)) {
      if (key === "$defs" || key === "$ref") continue;
      if (typeof value === "number" && value >= 0 && key !== "multipleOf") {
        sites.push(() => Object.assign(object, { [key]: value + 1 }));
      }
      if (key === "required" || key === "enum") sites.push(() => Object.assign(object, { [key]: lessOrMore(value) }));
      if (key !== "properties" && !Array.isArray(node)) sites.push(() => delete object[key]);
      if (key === "type" && value === "integer") sites.push(() => Object.assign(object, { type: "number" }));
      if (key === "oneOf" && !("anyOf" in object)) {
        sites.push(() => {
          object["anyOf"] = value;
          delete object["oneOf"];
        });
      }
      if (key !== "enum" && key !== "const") visit(value);
    }
  };
  visit(copy);
  sites[place % Math.max(1, sites.length)]?.();
  return copy;
}

function lessOrMore(value: unknown): unknown {
  const list = value as readonly unknown[];
  return list.length > 1 ? list.slice(1) : [...list, "b"].filter((one, index, all) => all.indexOf(one) === index);
}
