import { bundleSchema, compareViews } from "@polder/contracts";
import { isPolderError } from "@polder/model";
import type { JsonSchemaModel } from "./json-schema-format.ts";
import { plainKeywords } from "./plain-keywords.ts";
import type { Metadata } from "./schema-content.ts";
import type { Difference, SchemaComparer } from "./schema-format.ts";

/** The property of metadata that names the contract of which a schema is a version. */
export const CONTRACT_PROPERTY = "polder.contract";

/** The property of metadata that says which part of the contract it is: `value`, `input`, `output`, or a refusal. */
export const PART_PROPERTY = "polder.part";

/** Says whether a schema is a version of a contract. */
export function isOfContract(metadata: Metadata | null): boolean {
  return metadata?.properties?.[CONTRACT_PROPERTY] !== undefined;
}

/**
 * Compares the schemas of contracts by what they mean: whether those who read accept everything that is written, each
 * in the view in which contracts are read and written. What cannot be decided does not fit.
 */
export const contractComparer: SchemaComparer<JsonSchemaModel> = {
  differences: ({ reader, writer, metadata }) => {
    const isRequest = metadata?.properties?.[PART_PROPERTY] === "input";
    try {
      const inclusion = compareViews({ reader: plain(reader), writer: plain(writer), isRequest });
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

function plain(model: JsonSchemaModel): unknown {
  return plainKeywords(bundleSchema(model));
}

function undecided(description: string): Difference {
  return { type: "UNDECIDED", path: "#/", description };
}
