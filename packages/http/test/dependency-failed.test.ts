import { isPolderError, type PolderError } from "@polder/model";
import { describe, expect, test } from "vitest";
import {
  type CallAnswer,
  createClient,
  createDispatcher,
  httpErrors,
  httpTransport,
  localTransport,
  type ProblemDocument,
  resilientTransport,
  serveHttp,
} from "../src/index.ts";
import { Inventory, serveInventory } from "./inventory.ts";
import { problem } from "./troubled-transport.ts";

const call = { api: "bank", operation: "balance" };
const secret = "the password is 1234";

/** The error that a client throws for a problem that the other side answered. */
async function errorOf(answer: CallAnswer): Promise<PolderError> {
  const client = createClient(Inventory, "1.1.0", { transport: { call: async () => answer } });
  const error: unknown = await client.top({}).catch((thrown: unknown) => thrown);
  if (isPolderError(error)) return error;
  throw new Error("The call did not fail with an error of Polder.", { cause: error });
}

/** What a caller is answered whose operation failed with an error. */
async function answeredWith(thrown: unknown): Promise<ProblemDocument> {
  const { served } = serveInventory({ thrown });
  const dispatcher = createDispatcher({ served: [served] });
  const answer = await dispatcher.dispatch({
    api: "inventory",
    version: "1.1.0",
    operation: "misbehave",
    input: { how: "throw the error of another call" },
    headers: {},
  });
  if (answer.kind !== "failed") throw new Error(`The call did not fail: ${JSON.stringify(answer)}`);
  return answer.problem;
}

const told = (code: string, status = 500): CallAnswer => ({
  kind: "failed",
  problem: { ...problem(status, code), detail: secret },
});

describe("the failure of a call inside a handler is DEPENDENCY_FAILED", () => {
  test.each([
    [503, "CALL_UNREACHABLE", httpErrors.CALL_UNREACHABLE(secret, call)],
    [503, "CALL_CIRCUIT_OPEN", httpErrors.CALL_CIRCUIT_OPEN(secret, { ...call, callee: "bank", retryAfterMs: 0 })],
    [503, "ANSWER_INVALID", httpErrors.ANSWER_INVALID(secret, { ...call, violations: [] })],
    [503, "ANSWER_TOO_LARGE", httpErrors.ANSWER_TOO_LARGE(secret, { ...call, bytesMax: 1 })],
    [504, "CALL_DEADLINE_EXCEEDED", httpErrors.CALL_DEADLINE_EXCEEDED(secret, { ...call, deadlineMs: 5 })],
  ])("with status %d for %s, and nothing of what was said", async (status, code, thrown) => {
    const answer = await answeredWith(thrown);
    expect(answer).toMatchObject({
      code: "DEPENDENCY_FAILED",
      status,
      dependency: { ...call, code },
      instance: expect.stringMatching(/^urn:uuid:/),
    });
    expect(JSON.stringify(answer)).not.toContain("1234");
  });

  test.each([
    ["HANDLER_FAILED", 500, "HANDLER_FAILED", 503],
    ["POSTGRES_UNREACHABLE", 503, "POSTGRES_UNREACHABLE", 503],
    ["OVERLOADED", 503, "OVERLOADED", 503],
    ["SHUTTING_DOWN", 503, "SHUTTING_DOWN", 503],
    ["CALL_DEADLINE_EXCEEDED", 504, "CALL_DEADLINE_EXCEEDED", 504],
    ["DEPENDENCY_FAILED", 503, "DEPENDENCY_FAILED", 503],
    ["DEPENDENCY_FAILED", 504, "DEPENDENCY_FAILED", 504],
    ["VERSION_UNKNOWN", 404, "VERSION_UNKNOWN", 503],
    ["SAGA_ABORTED", 409, "SAGA_ABORTED", 503],
    ["its own <script>", 500, "CALL_FAILED", 503],
  ])("where the other side answered %s with %d: it names %s, with status %d", async (code, inner, named, status) => {
    const answer = await answeredWith(await errorOf(told(code, inner)));
    const dependency = { api: "inventory", operation: "top", code: named };
    // The call that failed was one to the same API here; a domain never calls itself, so it stays hidden.
    expect(answer).not.toHaveProperty("dependency");
    const other = await errorOf(told(code, inner));
    const renamed = Object.assign(other, { details: { ...(other.details as object), api: "bank" } });
    expect(await answeredWith(renamed)).toMatchObject({
      code: "DEPENDENCY_FAILED",
      status,
      dependency: { ...dependency, api: "bank" },
    });
  });

  test.each([
    ["INPUT_INVALID", 400],
    ["IDEMPOTENCY_KEY_REUSED", 422],
    ["REFUSED", 409],
  ])("but not where the handler made a mistake in the call: %s stays inside", async (code, inner) => {
    const error = await errorOf(told(code, inner));
    const renamed = Object.assign(error, { details: { ...(error.details as object), api: "bank" } });
    const answer = await answeredWith(renamed);
    expect(answer.code).not.toBe("DEPENDENCY_FAILED");
    expect(answer).not.toHaveProperty("dependency");
    expect(JSON.stringify(answer)).not.toContain("1234");
  });
});

describe.each(["over HTTP", "inside one process"])("%s", (way) => {
  async function open(thrown: unknown) {
    const { served } = serveInventory({ thrown });
    const dispatcher = createDispatcher({ served: [served] });
    const server = await serveHttp({ dispatcher, port: 0 });
    const transport = way === "over HTTP" ? httpTransport({ baseUrl: server.url }) : localTransport(dispatcher);
    const client = createClient(Inventory, "1.1.0", { transport });
    return { server, client, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }

  test("the caller gets it as an error with its code, the dependency, and when to try again", async () => {
    const circuit = httpErrors.CALL_CIRCUIT_OPEN("open", { ...call, callee: "bank", retryAfterMs: 2_500 });
    await using setting = await open(circuit);
    const error = await setting.client.misbehave({ how: "throw an error" }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "DEPENDENCY_FAILED",
      details: {
        api: "inventory",
        operation: "misbehave",
        problem: { status: 503, dependency: { ...call, code: "CALL_CIRCUIT_OPEN" }, retryAfterMs: 2_500 },
      },
    });
  });
});

describe("Retry-After", () => {
  test.each([
    [2_500, "3"],
    [undefined, "1"],
  ])("of a failure that asks for %s ms says %s seconds", async (retryAfterMs, seconds) => {
    const thrown = httpErrors.CALL_UNREACHABLE("away", retryAfterMs === undefined ? call : { ...call, retryAfterMs });
    const { served } = serveInventory({ thrown });
    await using server = await serveHttp({ dispatcher: createDispatcher({ served: [served] }), port: 0 });
    const response = await fetch(`${server.url}/inventory/v1/misbehave`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ how: "throw an error" }),
    });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, seconds]);
  });

  test.each([
    ["a problem document", 503, JSON.stringify(problem(503, "OVERLOADED"))],
    ["a gateway's page", 503, "<html>"],
    ["a gateway's page", 429, "<html>"],
  ])("of %s with status %d is what the repetition waits for", async (_, status, body) => {
    const answers = [new Response(body, { status, headers: { "retry-after": "2" } }), Response.json({ skus: ["a"] })];
    const waits: number[] = [];
    const clock = {
      nowMs: () => 0,
      wait: async (ms: number) => void waits.push(ms),
    };
    const transport = resilientTransport({
      transport: httpTransport({ baseUrl: "http://127.0.0.1:1", fetch: async () => answers.shift() as Response }),
      clock,
      random: () => 0.5,
    });
    const client = createClient(Inventory, "1.1.0", { transport });
    expect(await client.top({})).toEqual({ ok: true, value: { skus: ["a"] } });
    expect(waits).toEqual([2_050]);
  });
});
