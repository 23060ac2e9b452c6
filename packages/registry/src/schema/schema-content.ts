import { createHash } from "node:crypto";

/** The languages that schemas are written in. */
export const schemaTypes = ["JSON", "PROTOBUF", "AVRO"] as const;

/** A language that schemas are written in. */
export type SchemaType = (typeof schemaTypes)[number];

/** A schema that another one uses: by which name, and where it is. */
export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

/** What else is known of a schema: who owns it, which version of the contract it is. */
export interface Metadata {
  readonly properties?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, readonly string[]>>;
  readonly sensitive?: readonly string[];
}

/** Rules that clients apply when they write and read; the registry keeps them. */
export interface RuleSet {
  readonly migrationRules?: readonly Rule[];
  readonly domainRules?: readonly Rule[];
  readonly encodingRules?: readonly Rule[];
}

/** One rule; whatever it has besides is kept as it is. */
export interface Rule extends Readonly<Record<string, unknown>> {
  readonly name: string;
}

/** All that makes one schema another one than the next: what is equal in all of it has the same id. */
export interface SchemaContent {
  readonly type: SchemaType;
  /** The schema as text, without what does not matter in its language, such as blanks between tokens of JSON. */
  readonly text: string;
  readonly references: readonly SchemaReference[];
  readonly metadata: Metadata | null;
  readonly ruleSet: RuleSet | null;
}

/** The id of a content that is the same in every registry: 122 bits of its SHA-256 as a UUID of version 8 (RFC 9562). */
export function guidOf({ type, text, references, metadata, ruleSet }: SchemaContent): string {
  const named = references.map(({ name, subject, version }) => ({ name, subject, version }));
  const hash = createHash("sha256").update(sortedJson({ type, text, references: named, metadata, ruleSet }));
  const bytes = hash.digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A value as JSON with the keys of its objects in order, so that equal values give equal texts. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
