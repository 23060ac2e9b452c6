import type { JsonSchema, Operation, Version } from "@polder/model";

/**
 * One version of a contract as plain JSON: what is compared, frozen in files and sent to registries.
 *
 * Each schema says what may be handed in: a field with a `default` may be left out, and whether unknown fields are
 * refused or ignored is a matter of who reads, not of the document.
 */
export type ContractDocument = ApiDocument | EventDocument;

/** One version of an API. */
export interface ApiDocument {
  readonly kind: "api";
  readonly name: string;
  readonly version: Version;
  readonly operations: Readonly<Record<string, OperationDocument>>;
}

/** One operation of an API. */
export interface OperationDocument extends Pick<Operation, "kind" | "method" | "path" | "access" | "batch" | "pages"> {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
  /** The details of each refusal, by its name. */
  readonly refusals: Readonly<Record<string, JsonSchema>>;
}

/** One version of an event. */
export interface EventDocument {
  readonly kind: "event";
  readonly name: string;
  readonly version: Version;
  /** The field whose value orders events. */
  readonly key: string;
  readonly schema: JsonSchema;
}
