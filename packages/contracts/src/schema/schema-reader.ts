import type { SchemaTarget } from "./find-target.ts";
import type { NodeId } from "./schema-node.ts";
import type { SchemaStore } from "./schema-store.ts";

/** What reads the subschemas of one schema. */
export interface SchemaReader {
  readonly store: SchemaStore;
  readonly read: (schema: unknown, pointer: string) => NodeId;
  /** The node that a reference means. */
  readonly follow: (reference: unknown, pointer: string) => NodeId;
  readonly report: (pointer: string, problem: string) => void;
  /** In draft-07, whatever stands beside `$ref` is ignored. */
  readonly isDraft07: boolean;
  /** The JSON that a local reference points to, with its place. */
  readonly find: (reference: string) => SchemaTarget | undefined;
}
