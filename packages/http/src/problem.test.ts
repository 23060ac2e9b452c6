import { PolderError } from "@polder/model";
import { expect, test } from "vitest";
import { hiddenProblemOf, problemOf, readProblem, refusalProblem } from "./problem.ts";

const dependency = { api: "bank", operation: "balance", code: "CALL_UNREACHABLE" };
const behind = { readModel: "balances", publisher: "bank", lagEvents: 7, parkedEvents: 1 };
const violations = [{ pointer: "/sku", problem: "is missing" }];

test("a problem document has the code's status and page, and the violations", () => {
  const error = new PolderError("INPUT_INVALID", "The input is wrong.", { violations }, { title: "Wrong input" });
  expect(problemOf(error)).toEqual({
    type: "/docs/errors/INPUT_INVALID",
    title: "Wrong input",
    status: 400,
    detail: "The input is wrong.",
    code: "INPUT_INVALID",
    violations,
  });
});

test("a hidden problem keeps the message and the details to itself", () => {
  const error = new PolderError("CONTRACT_VIOLATED", "secret", { violations }, { title: "A value is wrong" });
  const hidden = hiddenProblemOf(error, "d9b3");
  expect(hidden).toMatchObject({ status: 500, code: "CONTRACT_VIOLATED", instance: "urn:uuid:d9b3" });
  expect(JSON.stringify(hidden)).not.toMatch(/secret|sku/);
});

test("problem documents are read as they were written", () => {
  for (const problem of [
    problemOf(new PolderError("INPUT_INVALID", "Wrong.", { violations })),
    hiddenProblemOf(new PolderError("HANDLER_FAILED", "Wrong.", {}), "d9b3"),
    refusalProblem("OutOfStock", { available: 1 }),
    problemOf(new PolderError("VERSION_UNKNOWN", "Not that one.", { living: ["1.0.0"] })),
    problemOf(new PolderError("DEPENDENCY_FAILED", "It needs more.", { dependency, retryAfterMs: 700 })),
    problemOf(new PolderError("READ_MODEL_BEHIND", "Not yet.", { behind })),
  ]) {
    expect(readProblem(JSON.parse(JSON.stringify(problem)))).toEqual(problem);
  }
});

test.each([undefined, null, "text", [], {}, { code: 1, status: 400 }, { code: "X", status: "400" }])(
  "%j is no problem document of Polder",
  (value) => expect(readProblem(value)).toBeUndefined(),
);

test("what is odd in somebody else's problem document is left out", () => {
  const odd = { code: "X", status: 418, title: 7, violations: [1, { pointer: "/a" }, violations[0]], refusal: {} };
  expect(readProblem(odd)).toEqual({
    type: "about:blank",
    title: "X",
    status: 418,
    detail: "X",
    code: "X",
    violations,
  });
});

test.each([
  [{ dependency: { ...dependency, why: "secret" } }, { dependency }],
  [{ dependency: { ...dependency, code: 5 } }, {}],
  [{ dependency: "bank" }, {}],
  [{ retryAfterMs: 1e300 }, { retryAfterMs: 86_400_000 }],
  [{ retryAfterMs: -1 }, { retryAfterMs: 0 }],
  [{ retryAfterMs: "soon" }, {}],
  [{ behind: { ...behind, lagEvents: "7", why: "secret" } }, { behind: { ...behind, lagEvents: undefined } }],
  [{ behind: { ...behind, parkedEvents: "1" } }, {}],
  [{ behind: null }, {}],
])("of %j is taken what is understood: %j", (more, taken) => {
  const { dependency: found, behind: late, retryAfterMs } = readProblem({ code: "X", status: 503, ...more }) ?? {};
  expect(JSON.parse(JSON.stringify({ dependency: found, behind: late, retryAfterMs }))).toEqual(taken);
});
