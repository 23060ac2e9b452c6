import type { Metadata, SchemaReference, SchemaType } from "./schema-content.ts";

/** A schema with the schemas that it uses, as they are registered. */
export interface SchemaSource {
  readonly text: string;
  /** What it uses, what those use before them. */
  readonly references: readonly ResolvedReference[];
}

/** A schema that another one uses, found. */
export interface ResolvedReference extends SchemaReference {
  readonly text: string;
}

/** A language of schemas: how they are read, and how two of them are compared. */
export interface SchemaFormat<Model = unknown> {
  readonly type: SchemaType;
  /**
   * Reads a schema, in bounded time: its text has at most {@link SCHEMA_BYTES_MAX} bytes.
   *
   * @throws `REGISTRY_SCHEMA_INVALID` with every place that is malformed or not supported.
   */
  readonly parse: (source: SchemaSource) => Model;
  /** The text without what does not matter; of a text that was parsed. */
  readonly compact: (text: string) => string;
  /** The text in one form for all texts that mean the same; of a text that was parsed. */
  readonly normalize: (text: string) => string;
  readonly comparer: SchemaComparer<Model>;
}

/** Compares two schemas of one language. */
export interface SchemaComparer<Model> {
  /** What a writer of one schema may send that a reader of the other does not take; none when they fit. */
  readonly differences: (comparison: Comparison<Model>) => readonly Difference[];
}

/** Which of two schemas writes and which reads. */
export interface Comparison<Model> {
  readonly reader: Model;
  readonly writer: Model;
  readonly policy: CompatibilityPolicy;
  /** What is said of the newer of the two. */
  readonly metadata: Metadata | null;
}

/**
 * How schemas are compared: `STRICT` by all that their language allows, `LENIENT` by what people mean when they leave
 * out whether objects are open. Only JSON Schemas are compared otherwise by `LENIENT`, and none by `LOGICAL`.
 */
export type CompatibilityPolicy = "STRICT" | "LENIENT" | "LOGICAL";

/** One reason why a writer and a reader do not fit. */
export interface Difference {
  /** Its kind, such as `TYPE_CHANGED`: the names are those of Confluent Schema Registry where it has one. */
  readonly type: string;
  /** Where, as a path into the schema. */
  readonly path: string;
  readonly description: string;
}

/** Bytes of a schema as UTF-8 at most. */
export const SCHEMA_BYTES_MAX: number = 1_048_576;

/** Levels of objects and lists inside each other that a schema has at most. */
export const SCHEMA_DEPTH_MAX: number = 200;
