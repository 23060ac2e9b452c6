/** The names by which parts of a JSON Schema, and the schemas beside it, can be referred to. */
export interface SchemaNames {
  /** Absolute and relative URIs, without fragments, with the schema that each names where it is part of the document. */
  readonly documents: ReadonlyMap<string, unknown>;
  readonly anchors: ReadonlySet<string>;
  /** The URI against which references inside a schema are read; that of the schema around it where it has none. */
  readonly baseOf: (schema: Readonly<Record<string, unknown>>, around: string) => string;
}

/** Schemas of schemas, which everybody has. */
const metaschema = /^https?:\/\/json-schema\.org\//;

/** Finds the names in a document: `$id`, `id` (draft 04), anchors, and the names of the schemas registered for it. */
export function knownNames(root: unknown, references: readonly string[]): SchemaNames {
  const documents = new Map<string, unknown>(references.map((name) => [name, undefined]));
  const anchors = new Set<string>();
  const baseOf: SchemaNames["baseOf"] = (schema, around) => {
    const id = schema["$id"] ?? schema["id"];
    return typeof id === "string" && !id.startsWith("#") ? resolved(id, around) : around;
  };
  const waiting: { readonly value: unknown; readonly base: string }[] = [{ value: root, base: "" }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value } = next;
    if (typeof value !== "object" || value === null) continue;
    let { base } = next;
    if (!Array.isArray(value)) {
      const schema = value as Readonly<Record<string, unknown>>;
      const own = baseOf(schema, base);
      if (own !== base) documents.set(withoutFragment(own), value);
      base = own;
      for (const name of [schema["$anchor"], schema["$dynamicAnchor"], localId(schema)])
        if (typeof name === "string") anchors.add(name);
    }
    for (const part of Object.values(value)) waiting.push({ value: part, base });
  }
  for (const name of references) documents.set(resolved(name, ""), documents.get(name));
  return { documents, anchors, baseOf };
}

/** Says whether a reference leads to a part of the document, or to a schema beside it. */
export function resolvesInside(root: unknown, names: SchemaNames, ref: string, base: string): boolean {
  const [document = "", fragment = ""] = splitFragment(ref);
  if (document === "") {
    const nearest = names.documents.get(withoutFragment(base));
    return [nearest, root].some((schema) => schema !== undefined && hasFragment(schema, fragment, names));
  }
  const [absolute = ""] = splitFragment(resolved(document, base));
  if (metaschema.test(absolute)) return true;
  for (const name of [document, absolute]) {
    if (!names.documents.has(name)) continue;
    const schema = names.documents.get(name);
    return schema === undefined || hasFragment(schema, fragment, names);
  }
  return false;
}

function hasFragment(schema: unknown, fragment: string, names: SchemaNames): boolean {
  if (fragment === "") return true;
  if (!fragment.startsWith("/")) return names.anchors.has(fragment);
  let at: unknown = schema;
  for (const token of fragment.slice(1).split("/")) {
    const name = decoded(token).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return false;
    at = Reflect.get(at, name);
  }
  return (typeof at === "object" && at !== null) || typeof at === "boolean";
}

/** In drafts 04 to 07, an id that is a fragment names a place. */
function localId(schema: Readonly<Record<string, unknown>>): string | undefined {
  const id = schema["$id"] ?? schema["id"];
  return typeof id === "string" && id.startsWith("#") ? id.slice(1) : undefined;
}

function splitFragment(uri: string): readonly [string, string] {
  const at = uri.indexOf("#");
  return at < 0 ? [uri, ""] : [uri.slice(0, at), uri.slice(at + 1)];
}

function withoutFragment(uri: string): string {
  return splitFragment(uri)[0];
}

function resolved(uri: string, base: string): string {
  return URL.parse(uri, base === "" ? undefined : base)?.href ?? uri;
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
