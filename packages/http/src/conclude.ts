import { conform } from "@polder/contracts";
import type { PolderError, Refused } from "@polder/model";
import { httpErrors, type OperationDetails } from "./errors.ts";
import type { Executed } from "./execute.ts";
import { jsonTextOf } from "./json.ts";
import type { Route } from "./operation-table.ts";

/** The operation that a handler answers. */
type Concluding = Pick<Route, "api" | "operation" | "declared">;

/**
 * Holds what a handler answered against the contract, and gives it as it will travel: a copy, with
 * the contract's defaults and without fields that are undefined. `undefined` itself answers nothing.
 *
 * @throws `CONTRACT_VIOLATED`, `REFUSAL_UNDECLARED`, or `ANSWER_TOO_LARGE` above `answerBytesMax`.
 */
export async function conclude(route: Concluding, answer: unknown, answerBytesMax: number): Promise<Executed> {
  const name = `${route.api}.${route.operation}`;
  if (!isRefused(answer)) {
    const what = `The output of ${name}`;
    const output = await conform(
      route.declared.output,
      "writer",
      travelling(route, answer, { what, answerBytesMax }),
      what,
    );
    return { kind: "answered", output };
  }
  const { refusal } = answer;
  const schema = Object.hasOwn(route.declared.refusals, refusal) ? route.declared.refusals[refusal] : undefined;
  if (schema === undefined) {
    const declared = Object.keys(route.declared.refusals).join(", ") || "none";
    throw httpErrors.REFUSAL_UNDECLARED(
      `The handler of ${name} refused with ${JSON.stringify(refusal)}; its contract declares: ${declared}. ` +
        "Declare the refusal in a new version of the contract, or refuse with a declared one.",
      { api: route.api, operation: route.operation, refusal },
    );
  }
  const what = `The refusal ${refusal} of ${name}`;
  const copy = travelling(route, answer.details, { what, answerBytesMax });
  return { kind: "refused", refusal, details: await conform(schema, "writer", copy, what) };
}

/** The error of an answer that is too large to travel. */
export function answerTooLarge({ api, operation }: OperationDetails, bytesMax: number): PolderError {
  return httpErrors.ANSWER_TOO_LARGE(
    `The answer of ${api}.${operation} has more than ${bytesMax} bytes as JSON. Answer a page of it, with a field that asks for the next.`,
    { api, operation, bytesMax },
  );
}

function isRefused(answer: unknown): answer is Refused {
  if (typeof answer !== "object" || answer === null) return false;
  const { kind, refusal } = answer as Partial<Refused>;
  return kind === "refused" && typeof refusal === "string" && "details" in answer;
}

function travelling(route: Concluding, value: unknown, limit: { what: string; answerBytesMax: number }): unknown {
  const text = jsonTextOf(value, limit.what);
  if (Buffer.byteLength(text) <= limit.answerBytesMax) return JSON.parse(text);
  throw answerTooLarge(route, limit.answerBytesMax);
}
