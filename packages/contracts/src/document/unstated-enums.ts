import type { JsonSchema } from "@polder/model";
import { below } from "../schema/schema-problem.ts";
import { isObject, schemasByName, valueKeywords } from "../schema/subschemas.ts";
import type { ContractDocument } from "./contract-document.ts";

/** An enum in an answer, a refusal or an event of which nobody said whether it may grow. */
export interface UnstatedEnum {
  /** JSON Pointer (RFC 6901) into the document. */
  readonly pointer: string;
  readonly problem: string;
  readonly wayOut: string;
}

/** The keyword by which an author says that an enum will not grow within the major. */
const CLOSED_ENUM = "x-closed-enum";

/**
 * Every enum of a document that is read by others and says neither open nor closed. A set that grows breaks whoever
 * reads it, so its author has to say what is meant: `openEnum` where it may grow, `closedEnum` where it will not.
 * Single values, such as the kind of a variant, and what callers hand in are none of it.
 */
export function unstatedEnums(document: ContractDocument): readonly UnstatedEnum[] {
  if (document.kind === "event") return enumsIn(document.schema, "/schema");
  return Object.entries(document.operations).flatMap(([name, { output, refusals }]) => {
    const pointer = below("/operations", name);
    const details = Object.entries(refusals).flatMap(([refusal, schema]) =>
      enumsIn(schema, below(`${pointer}/refusals`, refusal)),
    );
    return [...enumsIn(output, `${pointer}/output`), ...details];
  });
}

function enumsIn(schema: unknown, pointer: string): readonly UnstatedEnum[] {
  if (Array.isArray(schema)) return schema.flatMap((one, index) => enumsIn(one, below(pointer, index)));
  if (!isObject(schema)) return [];
  const inner = Object.entries(schema).flatMap(([keyword, value]) => {
    const place = below(pointer, keyword);
    if (valueKeywords.has(keyword)) return [];
    if (!schemasByName.has(keyword) || !isObject(value)) return enumsIn(value, place);
    return Object.entries(value).flatMap(([name, child]) => enumsIn(child, below(place, name)));
  });
  return isUnstated(schema) ? [unstated(schema["enum"] as readonly unknown[], pointer), ...inner] : inner;
}

function isUnstated(schema: JsonSchema): boolean {
  const values = schema["enum"];
  return Array.isArray(values) && values.length > 1 && schema[CLOSED_ENUM] !== true;
}

function unstated(values: readonly unknown[], pointer: string): UnstatedEnum {
  const listed = values.map((value) => JSON.stringify(value)).join(", ");
  return {
    pointer,
    problem: `${pointer} is one of ${listed}, and says neither whether it may grow nor that it will not`,
    wayOut: `Write openEnum(${listed}) or closedEnum(${listed}), from "polder/zod".`,
  };
}
