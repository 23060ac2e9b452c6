import { bundleSchema, compareAsConfluent } from "@polder/contracts";
import { contractComparer, isOfContract } from "./contract-comparer.ts";
import type { JsonSchemaModel } from "./json-schema-format.ts";
import type { SchemaComparer } from "./schema-format.ts";

/**
 * Compares JSON Schemas as Confluent Schema Registry does, by its names and its policies, with all that they refer to;
 * those that say of themselves that they are a version of a contract, by what they mean.
 */
export const jsonComparer: SchemaComparer<JsonSchemaModel> = {
  differences: (comparison) =>
    isOfContract(comparison.metadata)
      ? contractComparer.differences(comparison)
      : confluentComparer.differences(comparison),
};

const confluentComparer: SchemaComparer<JsonSchemaModel> = {
  differences: ({ reader, writer, policy }) =>
    compareAsConfluent({
      reader: bundleSchema(reader),
      writer: bundleSchema(writer),
      policy: policy === "LENIENT" ? "LENIENT" : "STRICT",
    })
      .filter(({ isCompatible }) => !isCompatible)
      .map(({ type, path }) => ({ type, path, description: described(type, path) })),
};

function described(type: string, path: string): string {
  return `At '${path}', from the schema that writes to the one that reads: ${type.toLowerCase().replaceAll("_", " ")}`;
}
