import { createRequire } from "node:module";
import type avsc from "avsc";
import type { Schema, Type } from "avsc";
import { schemaInvalid } from "../refusal.ts";
import { compactJson, normalJson, parseJsonText } from "./json-text.ts";
import type { Difference, SchemaFormat, SchemaSource } from "./schema-format.ts";

/** Avro, read and compared by `avsc`: a reader takes what a writer sends if the one resolves the other. */
export function avroFormat(): SchemaFormat<Type> {
  return {
    type: "AVRO",
    parse: parseAvro,
    compact: compactJson,
    normalize: normalJson,
    comparer: {
      differences: ({ reader, writer }): readonly Difference[] => {
        try {
          reader.createResolver(writer);
          return [];
        } catch (error) {
          // Avsc stumbles over some pairs, such as a text that is read as a record: what it says then helps nobody.
          const description = error instanceof TypeError ? "the reader cannot read the writer" : reasonOf(error);
          return [{ type: "READER_CANNOT_RESOLVE_WRITER", path: "/", description }];
        }
      },
    },
  };
}

let library: typeof avsc | undefined;

/** Loaded with the first schema: most processes never see one. */
function loaded(): typeof avsc {
  library ??= createRequire(import.meta.url)("avsc") as typeof avsc;
  return library;
}

function parseAvro({ text, references }: SchemaSource): Type {
  // The types of the schemas that it uses, by their names; what every object of JavaScript has is none of them.
  const registry = Object.create(null) as Record<string, Type>;
  for (const { name, text: used } of references) typeOf(used, registry, `the Avro schema of the reference "${name}"`);
  return typeOf(text, registry, "the Avro schema");
}

function typeOf(text: string, registry: Record<string, Type>, what: string): Type {
  const schema = parseJsonText(text, what);
  try {
    return loaded().Type.forSchema(schema as Schema, { registry });
  } catch (cause) {
    throw schemaInvalid(what, [{ pointer: "", problem: reasonOf(cause) }], cause);
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
