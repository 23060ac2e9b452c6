import { isDeepStrictEqual } from "node:util";
import { compareSchemas } from "@polder/contracts";
import { isPolderError } from "@polder/model";
import type { JsonSchemaModel } from "./json-schema-format.ts";
import { plainKeywords } from "./plain-keywords.ts";
import type { Difference, SchemaComparer } from "./schema-format.ts";

/**
 * Compares JSON Schemas by what they mean: whether the reader accepts every value that the writer may send. What cannot
 * be decided does not fit. Schemas with references to others are compared by equality.
 */
export const inclusionComparer: SchemaComparer<JsonSchemaModel> = {
  differences: ({ reader, writer }) => {
    if (isDeepStrictEqual(reader, writer)) return [];
    if (reader.references.size + writer.references.size > 0)
      return [undecided("schemas that refer to others are compared by equality only, and these two differ")];
    try {
      const inclusion = compareSchemas({ reader: plainKeywords(reader.schema), writer: plainKeywords(writer.schema) });
      if (inclusion.verdict === "included") return [];
      if (inclusion.verdict === "undecided") return inclusion.reasons.map(undecided);
      const value = JSON.stringify(inclusion.witness).slice(0, WITNESS_LENGTH_MAX);
      const description = `what is written may be ${value}, which the reader does not take`;
      return [{ type: "VALUE_NOT_TAKEN", path: "#/", description }];
    } catch (error) {
      if (isPolderError(error, "SCHEMA_UNSUPPORTED")) return [undecided(error.message)];
      throw error;
    }
  },
};

/** Longest value that is shown, in characters. */
const WITNESS_LENGTH_MAX = 500;

function undecided(description: string): Difference {
  return { type: "UNDECIDED", path: "#/", description };
}
