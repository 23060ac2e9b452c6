import type { JsonSchema } from "@polder/model";
import type { ApiDocument, EventDocument, OperationDocument } from "../src/index.ts";

/** The schema of an object. */
export const object = (properties: object, ...required: readonly string[]): JsonSchema => ({
  type: "object",
  properties,
  required,
});

/** The schema of a text. */
export const text = { type: "string" };

/** The schema of an object with one field `a`, which is required. */
export const one = (schema: unknown): JsonSchema => object({ a: schema }, "a");

/** An event with data of a schema. */
export function eventDocument(schema: JsonSchema, version: `${number}.${number}.${number}` = "1.0.0"): EventDocument {
  return { kind: "event", name: "order.Placed", version, key: "orderId", schema };
}

/** An API of one operation: a command without input and answer, but for what is said of it. */
export function apiDocument(operation: Partial<OperationDocument>): ApiDocument {
  const whole: OperationDocument = {
    kind: "command",
    method: "POST",
    path: "/orders",
    input: object({}),
    output: object({}),
    refusals: {},
    ...operation,
  };
  return { kind: "api", name: "order", version: "1.0.0", operations: { place: whole } };
}

/** An API that takes what is of a schema. */
export const asRequest = (schema: JsonSchema): ApiDocument => apiDocument({ input: schema });

/** An API that answers with what is of a schema. */
export const asResponse = (schema: JsonSchema): ApiDocument => apiDocument({ output: schema });
