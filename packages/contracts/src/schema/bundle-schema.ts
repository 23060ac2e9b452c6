import { isObject, valueKeywords } from "./subschemas.ts";

/** A schema, and those beside it by the names by which it refers to them. */
export interface SchemaWithReferences {
  readonly schema: unknown;
  readonly references: ReadonlyMap<string, unknown>;
}

/**
 * One schema that says what a schema says together with those that it refers to: they are copied into its `$defs`, and
 * references lead there. A reference may name another schema as it is given, by its `$id`, or relative to the `$id` of
 * the schema. What leads elsewhere stays as it is.
 */
export function bundleSchema({ schema, references }: SchemaWithReferences): unknown {
  if (references.size === 0 || !isObject(schema)) return schema;
  const places = new Map([...references.keys()].map((name) => [name, `/$defs/${escaped(name)}`]));
  const base = idOf(schema);
  const known = new Map<string, string>();
  for (const [name, other] of references) {
    const place = places.get(name) ?? "";
    for (const alias of [name, resolved(name, base), resolved(idOf(other), base)])
      if (alias !== "" && !known.has(alias)) known.set(alias, place);
  }
  const copies = [...references].map(([name, other]) => {
    const moved = withReferences(other, (ref) =>
      leading(ref, { known, base: idOf(other) || base, place: places.get(name) ?? "" }),
    );
    return [name, withoutNames(moved)] as const;
  });
  const own = withReferences(schema, (ref) => leading(ref, { known, base, place: "" })) as Readonly<
    Record<string, unknown>
  >;
  const $defs = isObject(own["$defs"]) ? own["$defs"] : {};
  return { ...own, $defs: { ...$defs, ...Object.fromEntries(copies) } };
}

interface Place {
  /** JSON Pointers of the copies, by all their names. */
  readonly known: ReadonlyMap<string, string>;
  /** The URI against which the reference is read. */
  readonly base: string;
  /** JSON Pointer of the schema in which it stands. */
  readonly place: string;
}

function leading(ref: string, { known, base, place }: Place): string {
  const [name = "", fragment = ""] = splitFragment(ref);
  const target = name === "" ? place : (known.get(name) ?? known.get(resolved(name, base)));
  if (target === undefined) return ref;
  // An anchor is looked for by its name.
  return fragment === "" || fragment.startsWith("/") ? `#${encodeURI(target)}${fragment}` : `#${fragment}`;
}

function withReferences(value: unknown, change: (ref: string) => string): unknown {
  if (Array.isArray(value)) return value.map((part) => withReferences(part, change));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([keyword, part]): [string, unknown] => {
    if (keyword === "$ref" && typeof part === "string") return [keyword, change(part)];
    return [keyword, valueKeywords.has(keyword) ? part : withReferences(part, change)];
  });
  return Object.fromEntries(entries);
}

function withoutNames(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { $id: _id, $schema: _schema, ...others } = schema;
  return others;
}

function idOf(schema: unknown): string {
  const id = isObject(schema) ? (schema["$id"] ?? schema["id"]) : undefined;
  return typeof id === "string" ? (splitFragment(id)[0] ?? "") : "";
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function splitFragment(uri: string): readonly string[] {
  const at = uri.indexOf("#");
  return at < 0 ? [uri] : [uri.slice(0, at), uri.slice(at + 1)];
}

function resolved(uri: string, base: string): string {
  return URL.parse(uri, base === "" ? undefined : base)?.href ?? uri;
}
