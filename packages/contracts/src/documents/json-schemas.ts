import type { Contract, JsonSchema } from "@polder/model";
import type { ApiDocument, ContractDocument } from "../document/contract-document.ts";
import { describeContract } from "../document/describe-contract.ts";
import { mapSubschemas } from "../schema/subschemas.ts";
import { closed, filled, opened } from "../schema/view.ts";
import { asDraft07 } from "./draft-07.ts";

/** The dialects in which schemas are written. */
export type SchemaDraft = "2020-12" | "draft-07";

/** The JSON Schema of one version of a contract. */
export interface ContractSchema {
  readonly contract: string;
  readonly version: string;
  readonly draft: SchemaDraft;
  readonly schema: JsonSchema;
}

/**
 * The JSON Schemas of a contract: one for each version, in both dialects. That of an event describes its payload; that
 * of an API has a definition for each part of an operation: `reserve.input`, `reserve.output`, `reserve.OutOfStock`.
 * Inputs are closed: a field that they do not name is refused. What is read is open: more fields may come.
 */
export function jsonSchemasOf(contract: Contract): readonly ContractSchema[] {
  return Object.keys(contract.versions).flatMap((version) => {
    const document = describeContract(contract, version);
    return (["2020-12", "draft-07"] as const).map((draft) => ({
      contract: contract.name,
      version,
      draft,
      schema: schemaOf(document, draft),
    }));
  });
}

/** The JSON Schema of one version of a contract, as a consumer uses it. */
export function schemaOf(document: ContractDocument, draft: SchemaDraft = "2020-12"): JsonSchema {
  const { name, version } = document;
  const content = document.kind === "event" ? read(document.schema) : partsOf(document);
  const id = schemaId(name, version);
  if (draft === "2020-12")
    return { $schema: "https://json-schema.org/draft/2020-12/schema", $id: id, title: name, ...content };
  const older = { $schema: "http://json-schema.org/draft-07/schema#", $id: `${id}:draft-07` };
  return { ...older, title: name, ...asDraft07(content) };
}

/** The id of the schema of one version of a contract: `urn:polder:payment.PaymentConfirmed:1.0.0`. It never changes. */
export function schemaId(contract: string, version: string): string {
  return `urn:polder:${contract}:${version}`;
}

/** A schema as whoever reads its values sees it: defaults are there, and more fields may come. */
export function read(schema: JsonSchema): JsonSchema {
  return opened(filled(schema));
}

function partsOf({ operations }: ApiDocument): JsonSchema {
  const parts = Object.entries(operations).flatMap(([operation, { input, output, refusals }]) => [
    [`${operation}.input`, closed(input)] as const,
    [`${operation}.output`, read(output)] as const,
    ...Object.entries(refusals).map(([refusal, details]) => [`${operation}.${refusal}`, read(details)] as const),
  ]);
  return { $defs: Object.fromEntries(parts.map(([part, schema]) => [part, rooted(schema, part)])) };
}

/** A schema that has become a part of another one: its references lead to where it stands now. */
function rooted(schema: JsonSchema, part: string): JsonSchema {
  const mapped = mapSubschemas(schema, (child) => rooted(child, part));
  const { $ref } = mapped;
  return typeof $ref === "string" ? { ...mapped, $ref: $ref.replace("#", `#/$defs/${part}`) } : mapped;
}
