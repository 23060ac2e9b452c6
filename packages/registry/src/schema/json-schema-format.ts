import type { SchemaWithReferences } from "@polder/contracts";
import { schemaInvalid } from "../refusal.ts";
import { jsonSchemaProblems } from "./json-schema-problems.ts";
import { compactJson, normalJson, parseJsonText } from "./json-text.ts";
import type { SchemaComparer, SchemaFormat } from "./schema-format.ts";

/** A JSON Schema, with those that it uses by the names by which it refers to them. */
export type JsonSchemaModel = SchemaWithReferences;

/** JSON Schema, drafts 04 to 2020-12. Keywords that it does not know are annotations, and kept. */
export function jsonSchemaFormat(comparer: SchemaComparer<JsonSchemaModel>): SchemaFormat<JsonSchemaModel> {
  return {
    type: "JSON",
    parse: ({ text, references }) => {
      const schema = parseJsonText(text, "the JSON Schema");
      const problems = jsonSchemaProblems(
        schema,
        references.map(({ name }) => name),
      );
      if (problems.length > 0) throw schemaInvalid("the JSON Schema", problems);
      return {
        schema,
        references: new Map(references.map(({ name, text: other }) => [name, JSON.parse(other) as unknown])),
      };
    },
    compact: compactJson,
    normalize: normalJson,
    comparer,
  };
}
