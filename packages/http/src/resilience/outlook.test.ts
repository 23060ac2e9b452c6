import { isPolderError, modelErrors } from "@polder/model";
import { expect, test } from "vitest";
import { httpErrors } from "../errors.ts";
import { statusOfCode } from "../status-of-code.ts";
import { outlookOf, outlookOfProblem } from "./outlook.ts";

const operation = { api: "bank", operation: "book" };

/** The outlook of each code of this package that callers see, as the other side answers it. */
function codesWith(outlook: string): readonly string[] {
  return Object.keys(httpErrors).filter((code) => {
    const status = statusOfCode(code);
    return status !== undefined && outlookOfProblem({ status, code }) === outlook;
  });
}

test("what the caller has done wrong stays wrong, but for what a roll-out, new keys or a set clock mends", () => {
  expect(codesWith("never")).toEqual([
    "BODY_TOO_LARGE",
    "CALLER_AUDIENCE_WRONG",
    "CALLER_FORGED",
    "CALLER_MISSING",
    "CALLER_TOKEN_INVALID",
    "CALLER_TOKEN_MISUSED",
    "CALLER_UNDECLARED",
    "IDEMPOTENCY_KEY_INVALID",
    "INPUT_INVALID",
    "JSON_BROKEN",
    "MEDIA_TYPE_UNSUPPORTED",
    "PERMISSION_MISSING",
    "REFUSED",
    "USER_MISSING",
    "USER_TOKEN_EXPIRED",
    "USER_TOKEN_INVALID",
    "VERSION_RETIRED",
  ]);
});

test("who is away, busy or limits its callers may answer a moment later", () => {
  expect(codesWith("soon")).toEqual([
    "ANSWER_INVALID",
    "CALL_BULKHEAD_FULL",
    "CALL_CIRCUIT_OPEN",
    "CALL_DEADLINE_EXCEEDED",
    "CALL_FAILED",
    "CALL_UNREACHABLE",
    "KEYS_UNAVAILABLE",
    "OVERLOADED",
    "RATE_LIMITED",
    "SHUTTING_DOWN",
  ]);
});

test("an error that a call threw is judged by what the other side answered, or by its code", () => {
  const problem = { type: "", title: "", detail: "", status: 422, code: "IDEMPOTENCY_KEY_REUSED" };
  const undeclared = httpErrors.CALLER_UNDECLARED("no", { ...operation, caller: "report" });
  const unsent = modelErrors.NOT_DECLARED("no", { domain: "report", what: "needs", contract: "bank" });
  const broken = { ...problem, status: 500, code: "HANDLER_FAILED" };
  const errors = {
    undeclared,
    unsent,
    reused: httpErrors.CALL_FAILED("no", { ...operation, problem }),
    broken: httpErrors.CALL_FAILED("no", { ...operation, problem: broken }),
    unreachable: httpErrors.CALL_UNREACHABLE("no", operation),
    garbage: httpErrors.ANSWER_INVALID("no", { ...operation, violations: [] }),
    other: new Error("no"),
  };
  expect(Object.values(errors).filter((error) => isPolderError(error))).toHaveLength(6);
  expect(Object.fromEntries(Object.entries(errors).map(([name, error]) => [name, outlookOf(error)]))).toEqual({
    undeclared: "never",
    unsent: "never",
    reused: "never",
    broken: "open",
    unreachable: "soon",
    garbage: "open",
    other: "open",
  });
});
