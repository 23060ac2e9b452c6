import type { JsonSchema } from "@polder/model";

/** What every problem document carries, whatever its code; the JSON Schema of `ProblemDocument`. */
export const problemSchema: JsonSchema = {
  type: "object",
  description: "A problem document (RFC 9457).",
  required: ["type", "title", "status", "detail", "code"],
  properties: {
    type: { type: "string", format: "uri-reference", description: "The page about the code." },
    title: { type: "string", description: "A few words, the same for every problem of the code." },
    status: { type: "integer", minimum: 400, maximum: 599 },
    detail: { type: "string", description: "What happened, why, and what to do." },
    code: { type: "string", description: "Tells problems apart; later releases may have more of them." },
    instance: { type: "string", format: "uri-reference", description: "Names this one occurrence, as the log does." },
    trace: { type: "string", description: "The id of the trace, where there is one." },
    violations: {
      type: "array",
      description: "Where the input breaks the contract.",
      items: {
        type: "object",
        required: ["pointer", "problem"],
        properties: {
          pointer: { type: "string", description: "JSON Pointer (RFC 6901) into the input." },
          problem: { type: "string" },
        },
      },
    },
    living: {
      type: "array",
      description: "The versions that are served, where the one that was asked for is not.",
      items: { type: "string" },
    },
    dependency: {
      type: "object",
      description: "What the operation needed, where that has failed.",
      required: ["api", "operation", "code"],
      properties: { api: { type: "string" }, operation: { type: "string" }, code: { type: "string" } },
    },
    behind: {
      type: "object",
      description: "What is not as new as the query asked for.",
      required: ["readModel", "publisher", "parkedEvents"],
      properties: {
        readModel: { type: "string" },
        publisher: { type: "string", description: "The domain whose events it has yet to handle." },
        lagEvents: { type: "integer", description: "Missing while the events are not in the log yet." },
        parkedEvents: { type: "integer", description: "Events that it could not handle." },
      },
    },
    retryAfterMs: { type: "number", description: "How long to wait before another attempt, in milliseconds." },
  },
};

/** The problem document of a refusal that a contract declares. */
export function refusalSchema(refusal: string, details: JsonSchema): JsonSchema {
  const { type, required, properties } = problemSchema as { type: string; required: string[]; properties: object };
  const {
    violations: _v,
    living: _l,
    dependency: _d,
    behind: _b,
    retryAfterMs: _r,
    ...common
  } = properties as Record<string, JsonSchema>;
  return {
    type,
    description: `Refused: ${refusal}.`,
    required: [...required, "refusal", "details"],
    properties: { ...common, code: { const: "REFUSED" }, refusal: { const: refusal }, details },
  };
}
