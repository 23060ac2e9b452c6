import type { JsonSchema } from "@polder/model";
import { mapSubschemas } from "../schema/subschemas.ts";
import { stableJson } from "./stable-json.ts";

/** The named schemas of one document, as OpenAPI and AsyncAPI keep them below `components`. */
export interface Components {
  /**
   * Takes a schema into the document: what it defines by name goes to the components, and its references lead there.
   * A name that means something else already gets the `owner` in front: first the first one that asked for it.
   */
  readonly place: (schema: JsonSchema, owner: string) => JsonSchema;
  /** Names a schema itself, and gives the reference to it. */
  readonly name: (name: string, schema: JsonSchema, owner: string) => JsonSchema;
  /** All that have been named. */
  readonly schemas: () => Readonly<Record<string, JsonSchema>>;
}

/** Collects the named schemas of one document. */
export function collectComponents(): Components {
  const known = new Map<string, { readonly content: string; schema: JsonSchema }>();

  const take = (name: string, owner: string, content: string): { readonly name: string; readonly isNew: boolean } => {
    for (let count = 0; ; count++) {
      const candidate = [name, `${owner}${name}`][count] ?? `${owner}${name}${count}`;
      const found = known.get(candidate);
      if (found === undefined) {
        known.set(candidate, { content, schema: {} });
        return { name: candidate, isNew: true };
      }
      if (found.content === content) return { name: candidate, isNew: false };
    }
  };
  const fill = (name: string, schema: JsonSchema): void => {
    known.set(name, { content: known.get(name)?.content ?? "", schema });
  };

  const place: Components["place"] = (schema, owner) => {
    const { $defs = {}, ...root } = schema as { readonly $defs?: Readonly<Record<string, JsonSchema>> };
    const names = new Map<string, string>();
    const placed: string[] = [];
    for (const name of Object.keys($defs)) {
      const taken = take(plainName(name, owner), owner, stableJson(reachable(name, $defs)));
      names.set(name, taken.name);
      if (taken.isNew) placed.push(name);
    }
    for (const name of placed) fill(names.get(name) ?? name, redirected($defs[name] ?? {}, names));
    if (!refersToItself(root)) return redirected(root, names);
    const taken = take(owner, owner, stableJson(schema));
    names.set("", taken.name);
    if (taken.isNew) fill(taken.name, redirected(root, names));
    return { $ref: refTo(taken.name) };
  };

  return {
    place,
    name: (name, schema, owner) => {
      const placed = place(schema, owner);
      const taken = take(plainName(name, owner), owner, stableJson(placed));
      if (taken.isNew) fill(taken.name, placed);
      return { $ref: refTo(taken.name) };
    },
    schemas: () => Object.fromEntries([...known].map(([name, { schema }]) => [name, schema])),
  };
}

function refTo(name: string): string {
  return `#/components/schemas/${name}`;
}

/** A name that a component can have; what a schema library has named by itself is named after its owner. */
function plainName(name: string, owner: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, "_");
  return plain.startsWith("__") ? `${owner}Part${plain.replace(/^__(?:schema)?/, "")}` : plain;
}

/** A definition with all that it refers to. */
function reachable(name: string, $defs: Readonly<Record<string, JsonSchema>>): Readonly<Record<string, JsonSchema>> {
  const found: Record<string, JsonSchema> = {};
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const schema = $defs[next];
    if (schema === undefined || Object.hasOwn(found, next)) continue;
    found[next] = schema;
    waiting.push(...refsOf(schema).map(definitionOf));
  }
  return found;
}

function refersToItself(schema: JsonSchema): boolean {
  return refsOf(schema).includes("#");
}

function refsOf(schema: JsonSchema): readonly string[] {
  const refs: string[] = typeof schema["$ref"] === "string" ? [schema["$ref"]] : [];
  mapSubschemas(schema, (child) => {
    refs.push(...refsOf(child));
    return child;
  });
  return refs;
}

const definitions = "#/$defs/";

function definitionOf(ref: string): string {
  if (!ref.startsWith(definitions)) return "";
  return decodeURIComponent(ref.slice(definitions.length)).replaceAll("~1", "/").replaceAll("~0", "~");
}

function redirected(schema: JsonSchema, names: ReadonlyMap<string, string>): JsonSchema {
  const { $schema: _, ...mapped } = mapSubschemas(schema, (child) => redirected(child, names));
  const { $ref } = mapped;
  const name = typeof $ref === "string" ? names.get(definitionOf($ref)) : undefined;
  return name === undefined ? mapped : { ...mapped, $ref: refTo(name) };
}
