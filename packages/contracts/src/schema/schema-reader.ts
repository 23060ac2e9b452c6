import type { NodeId } from "./schema-node.ts";
import type { SchemaStore } from "./schema-store.ts";
import type { FindTarget, SchemaTarget } from "./target-finder.ts";

/** What reads the subschemas of one schema. */
export interface SchemaReader {
  readonly store: SchemaStore;
  readonly read: (schema: unknown, pointer: string) => NodeId;
  /** The node of a subschema that may be under way, since something in it leads back to it. */
  readonly refer: (target: SchemaTarget) => NodeId;
  /** The node that the reference in the schema at a pointer means. */
  readonly follow: (reference: unknown, pointer: string) => NodeId;
  readonly report: (pointer: string, problem: string) => void;
  /** In draft-07, whatever stands beside `$ref` is ignored. */
  readonly isDraft07: boolean;
  /** The schema stands as somebody wrote it: it is no view, which may use what its draft does not have. */
  readonly isAsWritten: boolean;
  /** The JSON that a local reference points to, with its place. */
  readonly find: FindTarget;
}
