import { below } from "./schema-problem.ts";
import { isObject, schemasByName, valueKeywords } from "./subschemas.ts";

/** Where a reference leads. */
export interface SchemaTarget {
  readonly schema: unknown;
  /** JSON Pointer into the schema that the reference stands in. */
  readonly pointer: string;
}

/** What a reference means that stands in the subschema at a JSON Pointer. */
export type FindTarget = (reference: string, from: string) => SchemaTarget | undefined;

/**
 * Finds what the references inside one schema mean: `#`, `#/a/pointer`, `#anchor`, and the `$id` of the schema or of one
 * that is embedded in it, against which references inside that one are read. Nothing for what leads elsewhere. The
 * schema must not change meanwhile: its names are gathered when the first reference is followed.
 */
export function targetFinder(root: unknown): FindTarget {
  let gathered: SchemaNames | undefined;
  return (reference, from) => {
    gathered ??= namesOf(root);
    const [document, fragment] = splitFragment(reference);
    const base = baseAt(gathered, from);
    const uri = document === "" ? base : resolved(document, base);
    const resource = gathered.resources.get(uri);
    if (resource === undefined) return undefined;
    const place = decoded(fragment);
    if (place === "") return resource;
    if (!place.startsWith("/")) return gathered.anchors.get(`${uri}#${place}`);
    const found = atPointer(resource.schema, place);
    return found && { schema: found.schema, pointer: resource.pointer + found.pointer };
  };
}

/** The JSON at a pointer that is not empty. */
export function atPointer(schema: unknown, fragment: string): SchemaTarget | undefined {
  let current = schema;
  let pointer = "";
  for (const token of fragment.slice(1).split("/")) {
    const name = token.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) return undefined;
    current = Reflect.get(current, name);
    pointer = below(pointer, name);
  }
  return { schema: current, pointer };
}

/** The names by which the parts of a schema can be referred to. */
interface SchemaNames {
  /** The schema itself and those embedded in it, by their URI; without an `$id` it is empty. */
  readonly resources: ReadonlyMap<string, SchemaTarget>;
  /** The URIs of those, by their pointers. */
  readonly bases: ReadonlyMap<string, string>;
  /** By URI and name: `#address`, `https://example.org/order#address`. */
  readonly anchors: ReadonlyMap<string, SchemaTarget>;
}

function namesOf(root: unknown): SchemaNames {
  const resources = new Map<string, SchemaTarget>();
  const bases = new Map<string, string>();
  const anchors = new Map<string, SchemaTarget>();
  const waiting: { readonly value: unknown; readonly pointer: string; readonly around: string }[] = [
    { value: root, pointer: "", around: "" },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, pointer } = next;
    const target: SchemaTarget = { schema: value, pointer };
    let base = next.around;
    if (isObject(value)) {
      const [id, local] = idsOf(value);
      if (pointer === "" || id !== "") {
        base = id === "" ? "" : resolved(id, base);
        bases.set(pointer, base);
        if (!resources.has(base)) resources.set(base, target);
      }
      for (const name of [value["$anchor"], local])
        if (typeof name === "string" && name !== "") anchors.set(`${base}#${name}`, target);
    } else if (pointer === "") resources.set("", target);
    for (const [token, part] of partsOf(value)) waiting.push({ value: part, pointer: pointer + token, around: base });
  }
  return { resources, bases, anchors };
}

/** Whatever may be a schema in a part of one, by its pointer from there. */
function partsOf(value: unknown): readonly (readonly [token: string, part: unknown])[] {
  if (Array.isArray(value))
    return value.flatMap((part: unknown, index) => (isComposite(part) ? [[`/${index}`, part] as const] : []));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([keyword, part]) => {
    if (!isComposite(part) || valueKeywords.has(keyword)) return [];
    const place = below("", keyword);
    if (!schemasByName.has(keyword) || !isObject(part)) return [[place, part] as const];
    return Object.entries(part).map(([name, inner]) => [below(place, name), inner] as const);
  });
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The URI that an `$id` gives, and the name, which it is in draft-07 where it is a fragment only. */
function idsOf(schema: Readonly<Record<string, unknown>>): readonly [id: string, local: string] {
  const { $id } = schema;
  return typeof $id === "string" ? splitFragment($id) : ["", ""];
}

/** The URI of the nearest embedded schema around a place. */
function baseAt({ bases }: SchemaNames, from: string): string {
  if (bases.size > 1)
    for (let at = from; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      const base = bases.get(at);
      if (base !== undefined) return base;
    }
  return bases.get("") ?? "";
}

function splitFragment(uri: string): readonly [document: string, fragment: string] {
  const at = uri.indexOf("#");
  return at < 0 ? [uri, ""] : [uri.slice(0, at), uri.slice(at + 1)];
}

function resolved(uri: string, base: string): string {
  return URL.parse(uri, base === "" ? undefined : base)?.href ?? uri;
}

function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}
