import { stableJson } from "../documents/stable-json.ts";
import { evaluatedProperties } from "./evaluated-properties.ts";
import { knownFormat, numberFormats } from "./format.ts";
import { keywordProblem } from "./keyword.ts";
import { sameJson } from "./same-json.ts";
import type { ArrayRules, JsonType, NodeId, NumberRules, ObjectRules, SchemaNode, StringRules } from "./schema-node.ts";
import { jsonTypes } from "./schema-node.ts";
import { below } from "./schema-problem.ts";
import type { SchemaReader } from "./schema-reader.ts";
import { isObject } from "./subschemas.ts";

type Json = Readonly<Record<string, unknown>>;

/** Reads one schema and all below it; what is wrong is reported and read as if it were not there. */
export function readNode(reader: SchemaReader, schema: unknown, pointer: string): NodeId {
  const { store } = reader;
  if (schema === true) return store.everything;
  if (schema === false) return store.nothing;
  if (!isObject(schema)) {
    reader.report(pointer, "must be a schema: an object, true or false");
    return store.everything;
  }
  const sound = Object.entries(schema).filter(([keyword, value]) => {
    const isNewer = reader.isDraft07 && reader.isAsWritten && newerKeywords.has(keyword);
    const problem = isNewer ? NEWER : keywordProblem(keyword, value);
    if (problem !== undefined) reader.report(below(pointer, keyword), problem);
    return problem === undefined;
  });
  const json: Json = Object.fromEntries(sound);
  if (reader.isDraft07 && "$ref" in json) {
    const ignored = Object.keys(json).filter((keyword) => !besideRef.has(keyword) && !keyword.startsWith("x-"));
    for (const keyword of ignored)
      reader.report(below(pointer, keyword), "is ignored beside $ref in draft-07; write allOf: [{ $ref }]");
  }
  // Definitions are read where they stand, so that a mistake in one that nobody uses is found too.
  for (const keyword of ["$defs", "definitions"]) children(reader, json, keyword, pointer);
  const node: SchemaNode = {
    ...typesOf(json),
    ...valuesOf(json),
    ...rulesOf(reader, json, pointer),
    ...compositionOf(reader, json, pointer),
  };
  const [only] = node.allOf ?? [];
  return only !== undefined && node.allOf?.length === 1 && Object.keys(node).length === 1 ? only : store.add(node);
}

/** Keywords that validators of draft-07 pass over. */
const newerKeywords = new Set(
  "prefixItems dependentRequired dependentSchemas unevaluatedProperties unevaluatedItems minContains maxContains $anchor".split(
    " ",
  ),
);
const NEWER = "is no keyword of draft-07, which passes over it; say the draft in $schema that has it";

const besideRef = new Set(
  "$ref $schema $id $comment title description default examples deprecated readOnly writeOnly $defs definitions".split(
    " ",
  ),
);

function typesOf(json: Json): Pick<SchemaNode, "types"> {
  if (json["type"] === undefined) return {};
  const named = (Array.isArray(json["type"]) ? json["type"] : [json["type"]]) as readonly string[];
  const plain = new Set(named.map((name) => (name === "integer" ? "number" : name)));
  return { types: jsonTypes.filter((type: JsonType) => plain.has(type)) };
}

function valuesOf(json: Json): Pick<SchemaNode, "values"> {
  const listed = json["enum"] as readonly unknown[] | undefined;
  if (!("const" in json)) return listed === undefined ? {} : { values: listed };
  const both = listed === undefined || listed.some((value) => sameJson(value, json["const"]));
  return { values: both ? [json["const"]] : [] };
}

function rulesOf(reader: SchemaReader, json: Json, pointer: string): Partial<SchemaNode> {
  const number = numberRules(json);
  const string = stringRules(reader, json);
  const array = arrayRules(reader, json, pointer);
  const object = objectRules(reader, json, pointer);
  const opaque = [
    ...("minContains" in json || "maxContains" in json ? ["minContains and maxContains"] : []),
    ...("unevaluatedItems" in json && json["unevaluatedItems"] !== true ? ["unevaluatedItems"] : []),
    ...(object?.opaque === undefined ? [] : [object.opaque]),
  ];
  return {
    ...(number === undefined ? {} : { number }),
    ...(string === undefined ? {} : { string }),
    ...(array === undefined ? {} : { array }),
    ...(object === undefined ? {} : { object: object.rules }),
    ...(opaque.length === 0 ? {} : { opaque: opaqueOf(opaque, json, pointer) }),
  };
}

function opaqueOf(keywords: readonly string[], json: Json, pointer: string): NonNullable<SchemaNode["opaque"]> {
  const { $defs: _defs, definitions: _definitions, ...own } = json;
  return { what: `${keywords.join(", ")} at ${pointer === "" ? "the top" : pointer}`, written: stableJson(own) };
}

function numberRules(json: Json): NumberRules | undefined {
  const types = [json["type"]].flat();
  const integer = types.includes("integer") && !types.includes("number");
  const stated = pick(json, ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]);
  const formatted = typeof json["format"] === "string" ? numberRulesOfFormat(json["format"], types) : {};
  const rules: NumberRules = { ...stated, ...(integer ? { integer } : {}) };
  const both = narrowed(rules, formatted);
  return Object.keys(both).length === 0 ? undefined : both;
}

/** Formats of numbers are those of API descriptions, as validators hold numbers to them. */
function numberRulesOfFormat(format: string, types: readonly unknown[]): NumberRules {
  if (format === "int32") return { integer: true, minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
  if (format === "int64") return { integer: true };
  const isOfNumbers = types.includes("number") || types.includes("integer");
  return isOfNumbers && !numberFormats.has(format) && knownFormat(format) === undefined ? { format } : {};
}

function narrowed(rules: NumberRules, others: NumberRules): NumberRules {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = rules;
  return {
    ...rules,
    ...others,
    ...(others.minimum === undefined ? {} : { minimum: Math.max(minimum, others.minimum) }),
    ...(others.maximum === undefined ? {} : { maximum: Math.min(maximum, others.maximum) }),
  };
}

function stringRules({ store }: SchemaReader, json: Json): StringRules | undefined {
  const isOfNumbers = numberFormats.has(json["format"] as string);
  const rules = pick(json, ["minLength", "maxLength", ...(isOfNumbers ? [] : ["format"])]);
  if (json["pattern"] === undefined) return rules as StringRules | undefined;
  return { ...rules, pattern: store.pattern(json["pattern"] as string) };
}

function arrayRules(reader: SchemaReader, json: Json, pointer: string): ArrayRules | undefined {
  const isTuple = Array.isArray(json["items"]);
  const prefixKeyword = isTuple ? "items" : "prefixItems";
  const restKeyword = isTuple ? "additionalItems" : "items";
  const prefix = list(reader, json, prefixKeyword, pointer);
  const rest = child(reader, json, restKeyword, pointer) ?? openRest(reader, json, "unevaluatedItems");
  const counted = "minContains" in json || "maxContains" in json;
  const contains = child(reader, json, "contains", pointer);
  const rules = pick(json, ["minItems", "maxItems"]);
  const unique = json["uniqueItems"] === true;
  if (prefix.length === 0 && rest === undefined && contains === undefined && rules === undefined && !unique)
    return undefined;
  return {
    ...rules,
    prefix,
    ...(rest === undefined ? {} : { rest }),
    ...(unique ? { unique } : {}),
    ...(contains === undefined || counted ? {} : { contains }),
  };
}

function objectRules(
  reader: SchemaReader,
  json: Json,
  pointer: string,
): { readonly rules: ObjectRules; readonly opaque?: string } | undefined {
  const keywords = ["properties", "patternProperties", "additionalProperties", "propertyNames", "required"];
  const counts = ["minProperties", "maxProperties"];
  const dependent = ["dependentRequired", "dependentSchemas", "dependencies"];
  const all = [...keywords, ...counts, ...dependent, "unevaluatedProperties"];
  if (!all.some((keyword) => keyword in json)) return undefined;
  const old = Object.entries((json["dependencies"] ?? {}) as Json);
  const patterns = children(reader, json, "patternProperties", pointer);
  const evaluated = "unevaluatedProperties" in json ? evaluatedProperties(reader, json, pointer) : undefined;
  const names = child(reader, json, "propertyNames", pointer);
  const rules: ObjectRules = {
    ...pick(json, counts),
    properties: new Map(children(reader, json, "properties", pointer)),
    patterns: patterns.map(([source, node]) => [reader.store.pattern(source), node]),
    ...restOf(reader, json, pointer),
    ...(names === undefined ? {} : { names }),
    required: [...new Set((json["required"] ?? []) as readonly string[])],
    dependents: [
      ...(Object.entries((json["dependentRequired"] ?? {}) as Json) as [string, readonly string[]][]),
      ...old.filter((entry): entry is [string, readonly string[]] => Array.isArray(entry[1])),
    ],
    dependentSchemas: [
      ...children(reader, json, "dependentSchemas", pointer),
      ...old
        .filter(([, value]) => !Array.isArray(value))
        .map(([name, value]): [string, NodeId] => [
          name,
          reader.read(value, below(below(pointer, "dependencies"), name)),
        ]),
    ],
  };
  if (evaluated === undefined) return { rules };
  return withUnevaluated(reader, rules, { json, pointer, evaluated });
}

function restOf(reader: SchemaReader, json: Json, pointer: string): Pick<ObjectRules, "rest"> {
  const rest = child(reader, json, "additionalProperties", pointer) ?? openRest(reader, json, "unevaluatedProperties");
  return rest === undefined ? {} : { rest };
}

/** What is open by this word takes no other values than what says nothing, but it is not the same to those around it. */
function openRest({ store }: SchemaReader, json: Json, keyword: string): NodeId | undefined {
  return json[keyword] === true ? store.everything : undefined;
}

/** `unevaluatedProperties` is `additionalProperties` that knows what the schemas beside it name, where that is certain. */
function withUnevaluated(
  reader: SchemaReader,
  rules: ObjectRules,
  { json, pointer, evaluated }: { json: Json; pointer: string; evaluated: ReturnType<typeof evaluatedProperties> },
): { readonly rules: ObjectRules; readonly opaque?: string } {
  const node = child(reader, json, "unevaluatedProperties", pointer) ?? reader.store.everything;
  if (evaluated === "all" || rules.rest !== undefined || node === reader.store.everything) return { rules };
  if (evaluated === "unknown") return { rules, opaque: "unevaluatedProperties beside alternatives" };
  if (evaluated.sometimes.size > 0 && node !== reader.store.nothing)
    return { rules, opaque: "unevaluatedProperties that is a schema, beside alternatives" };
  const { store } = reader;
  const properties = new Map(rules.properties);
  for (const name of [...evaluated.names, ...evaluated.sometimes.keys()])
    if (!properties.has(name)) properties.set(name, store.everything);
  const known = new Set(rules.patterns.map(([pattern]) => pattern));
  const patterns = evaluated.patterns.map((source) => store.pattern(source)).filter((one) => !known.has(one));
  const sometimes = [...evaluated.sometimes].map(([name, nodes]) => [name, store.add({ anyOf: nodes })] as const);
  return {
    rules: {
      ...rules,
      properties,
      patterns: [...rules.patterns, ...patterns.map((one) => [one, store.everything] as const)],
      rest: node,
      // A property that only some alternatives name may be there where one of them holds.
      dependentSchemas: [...rules.dependentSchemas, ...sometimes],
    },
  };
}

function compositionOf(reader: SchemaReader, json: Json, pointer: string): Partial<SchemaNode> {
  const referred = "$ref" in json ? [reader.follow(json["$ref"], pointer)] : [];
  const allOf = [...list(reader, json, "allOf", pointer), ...referred];
  const anyOf = list(reader, json, "anyOf", pointer);
  const oneOf = list(reader, json, "oneOf", pointer);
  const not = child(reader, json, "not", pointer);
  const holds = child(reader, json, "if", pointer);
  const then = child(reader, json, "then", pointer) ?? reader.store.everything;
  const otherwise = child(reader, json, "else", pointer) ?? reader.store.everything;
  return {
    ...(allOf.length === 0 ? {} : { allOf }),
    ...(anyOf.length === 0 ? {} : { anyOf }),
    ...(oneOf.length === 0 ? {} : { oneOf }),
    ...(not === undefined ? {} : { not }),
    ...(holds === undefined ? {} : { when: { holds, then, else: otherwise } }),
  };
}

function child(reader: SchemaReader, json: Json, keyword: string, pointer: string): NodeId | undefined {
  return keyword in json && !Array.isArray(json[keyword])
    ? reader.read(json[keyword], below(pointer, keyword))
    : undefined;
}

function list(reader: SchemaReader, json: Json, keyword: string, pointer: string): readonly NodeId[] {
  const place = below(pointer, keyword);
  return ((json[keyword] ?? []) as readonly unknown[]).map((one, index) => reader.read(one, below(place, index)));
}

function children(reader: SchemaReader, json: Json, keyword: string, pointer: string): [string, NodeId][] {
  const place = below(pointer, keyword);
  return Object.entries((json[keyword] ?? {}) as Json).map(([name, one]) => [
    name,
    reader.read(one, below(place, name)),
  ]);
}

function pick(json: Json, keywords: readonly string[]): Json | undefined {
  const entries = keywords.filter((keyword) => keyword in json).map((keyword) => [keyword, json[keyword]] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
