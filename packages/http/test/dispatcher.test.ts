import { isPolderError, type LogFields, type Logger, PolderError, silentLogger } from "@polder/model";
import { expect, test } from "vitest";
import { type CallRequest, createDispatcher, httpErrors } from "../src/index.ts";
import { type Misbehaving, type ServedInventory, serveInventory } from "./inventory.ts";

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A logger, and the lines that it got. */
function recordingLogger(): { readonly logger: Logger; readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, logger: { ...silentLogger, warn: at("warn"), error: at("error") } };
}

function setUp(misbehaving: Misbehaving = {}, limits = {}) {
  const inventory: ServedInventory = serveInventory(misbehaving);
  const { logger, lines } = recordingLogger();
  return { inventory, lines, dispatcher: createDispatcher({ served: [inventory.served], logger, limits }) };
}

const request = (operation: string, input: unknown, more: Partial<CallRequest> = {}): CallRequest => ({
  api: "inventory",
  version: "1.1.0",
  operation,
  input,
  headers: {},
  ...more,
});

test("the operations are listed with their routes, at each major that lives", () => {
  const { operations } = setUp().dispatcher;
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toContain("GET /inventory/v1/availability/:sku");
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toContain("GET /inventory/v0/stock/:sku");
  expect(new Set(operations.map(({ api, version }) => `${api} ${version}`))).toEqual(
    new Set(["inventory 0.9.0", "inventory 1.1.0"]),
  );
});

test("an API that is served twice is DECLARATION_INVALID", () => {
  const { served } = serveInventory();
  expect(() => createDispatcher({ served: [served, served] })).toThrow(
    expect.objectContaining({ code: "DECLARATION_INVALID" }),
  );
});

test("caller, key and what is left of the deadline reach the executor", async () => {
  const { dispatcher, inventory } = setUp();
  const call = request("reserve", { sku: "a" }, { caller: "order", key: "k1" });
  await dispatcher.dispatch(call, { deadlineMs: 10_000 });
  expect(inventory.admitted[0]).toMatchObject({ caller: "order", key: "k1", input: { sku: "a", quantity: 1 } });
  expect(inventory.admitted[0]?.remainingMs()).toBeLessThanOrEqual(10_000);
});

test("a call takes no longer than the server allows, whatever its caller says", async () => {
  const { dispatcher, lines } = setUp({}, { deadlineMaxMs: 20 });
  const answer = await dispatcher.dispatch(request("misbehave", { how: "hang" }), { deadlineMs: 1_000_000 });
  expect(answer).toMatchObject({ kind: "failed", problem: { status: 504, code: "CALL_DEADLINE_EXCEEDED" } });
  expect(lines).toMatchObject([{ level: "warn", fields: { operation: "misbehave", code: "CALL_DEADLINE_EXCEEDED" } }]);
});

test("what comes too late is not concluded, and so not committed", async () => {
  const concluded = Promise.withResolvers<unknown>();
  const { served } = serveInventory();
  const late: typeof served.execute = async (_, call) => {
    const stopped = Promise.withResolvers<void>();
    call.signal.addEventListener("abort", () => stopped.resolve());
    await stopped.promise;
    return call.conclude({ reservationId: "late" }).catch((error: unknown) => {
      concluded.resolve(error);
      throw error;
    });
  };
  const dispatcher = createDispatcher({ served: [{ ...served, execute: late }] });
  const answer = await dispatcher.dispatch(request("reserve", { sku: "a" }), { deadlineMs: 300 });
  expect(answer).toMatchObject({ problem: { code: "CALL_DEADLINE_EXCEEDED" } });
  expect(await concluded.promise).toMatchObject({ code: "CALL_DEADLINE_EXCEEDED" });
});

test("a first answer may be repeated without another run", async () => {
  const { served } = serveInventory();
  const output = { reservationId: "first" };
  const dispatcher = createDispatcher({ served: [{ ...served, execute: async () => ({ kind: "answered", output }) }] });
  expect(await dispatcher.dispatch(request("reserve", { sku: "a" }))).toEqual({ kind: "answered", output });
});

test("HANDLER_FAILED: the log has the stack under the id that the caller gets", async () => {
  const thrown = new Error("out of luck", { cause: new Error("no clover") });
  const { dispatcher, lines } = setUp({ thrown });
  const answer = await dispatcher.dispatch(request("misbehave", { how: "throw an error" }));
  const { instance } = (answer as { problem: { instance: string } }).problem;
  const correlationId = instance.replace("urn:uuid:", "");
  const fields = { domain: "inventory", api: "inventory", operation: "misbehave", correlationId, error: thrown };
  expect(lines).toMatchObject([{ level: "error", fields }]);
});

test.each([
  ["IDEMPOTENCY_KEY_REUSED", 422, "IDEMPOTENCY_KEY_REUSED", "the message"],
  ["POSTGRES_UNREACHABLE", 503, "POSTGRES_UNREACHABLE", "log has the reason"],
  ["MIGRATION_FAILED", 500, "HANDLER_FAILED", "log has the reason"],
])("the code %s out of an executor is answered with status %d and code %s", async (code, status, answered, detail) => {
  const { dispatcher } = setUp({ thrown: new PolderError(code, "the message", {}) });
  const answer = await dispatcher.dispatch(request("misbehave", { how: "throw a known error" }));
  expect(answer).toMatchObject({ problem: { status, code: answered, detail: expect.stringContaining(detail) } });
});

test("a refusal that the contract does not declare is REFUSAL_UNDECLARED, and the log names what it does declare", async () => {
  const { dispatcher, lines } = setUp();
  const answer = await dispatcher.dispatch(request("misbehave", { how: "refuse undeclared" }));
  expect(answer).toMatchObject({ problem: { status: 500, code: "REFUSAL_UNDECLARED" } });
  expect(lines[0]?.fields["error"]).toMatchObject({
    message: expect.stringContaining("its contract declares: NotNow"),
  });
});

test("a mistake in a further call is the handler's, not its caller's", async () => {
  const details = { api: "catalog", operation: "list", violations: [{ pointer: "/page", problem: "is missing" }] };
  const { dispatcher } = setUp({ thrown: httpErrors.INPUT_INVALID("The input of catalog.list …", details) });
  const answer = await dispatcher.dispatch(request("misbehave", { how: "throw the error of another call" }));
  expect(answer).toMatchObject({ problem: { status: 500, code: "HANDLER_FAILED" } });
});

test("more calls than may run at once are OVERLOADED, until one has ended", async () => {
  const { dispatcher, inventory } = setUp({}, { inFlightMax: 1 });
  const controller = new AbortController();
  const first = dispatcher.dispatch(request("misbehave", { how: "wait to be stopped" }), { signal: controller.signal });
  await inventory.running;
  const query = () => dispatcher.dispatch(request("checkAvailability", { sku: "a" }));
  expect(await query()).toMatchObject({ problem: { status: 503, code: "OVERLOADED" } });
  controller.abort();
  await first;
  expect(await dispatcher.drain({ signal: new AbortController().signal })).toBe(0);
});

test("a call that hangs counts as running after it was answered for", async () => {
  const { dispatcher } = setUp({}, { inFlightMax: 1 });
  const hanging = await dispatcher.dispatch(request("misbehave", { how: "hang" }), { deadlineMs: 300 });
  expect(hanging).toMatchObject({ problem: { code: "CALL_DEADLINE_EXCEEDED" } });
  const next = await dispatcher.dispatch(request("checkAvailability", { sku: "a" }));
  expect(next).toMatchObject({ problem: { code: "OVERLOADED" } });
});

test("draining answers new calls with SHUTTING_DOWN and waits for the running ones", async () => {
  const { dispatcher, inventory } = setUp();
  const controller = new AbortController();
  const first = dispatcher.dispatch(request("misbehave", { how: "wait to be stopped" }), { signal: controller.signal });
  await inventory.running;
  const drained = dispatcher.drain({ signal: new AbortController().signal });
  const late = await dispatcher.dispatch(request("checkAvailability", { sku: "a" }));
  expect(late).toMatchObject({ problem: { status: 503, code: "SHUTTING_DOWN" } });
  controller.abort();
  expect(await first).toMatchObject({ problem: { status: 499, code: "CALL_ABORTED" } });
  expect(await drained).toBe(0);
});

test("draining that is given up stops what runs, and says how much is left", async () => {
  const { dispatcher, inventory } = setUp();
  const first = dispatcher.dispatch(request("misbehave", { how: "hang" }));
  const signal = await inventory.running;
  expect(await dispatcher.drain({ signal: AbortSignal.abort() })).toBe(1);
  expect(isPolderError(signal.reason, "SHUTTING_DOWN")).toBe(true);
  expect(await first).toMatchObject({ problem: { code: "SHUTTING_DOWN" } });
});

test.each([undefined, null, 7, [], "text"])("the input %j is INPUT_INVALID", async (input) => {
  const answer = await setUp().dispatcher.dispatch(request("reserve", input));
  expect(answer).toMatchObject({ problem: { code: "INPUT_INVALID", violations: [{ pointer: "" }] } });
});

test.each(["__proto__", "constructor", "toString", ""])("the operation %j is OPERATION_UNKNOWN", async (name) => {
  const answer = await setUp().dispatcher.dispatch(request(name, {}));
  expect(answer).toMatchObject({ problem: { status: 404, code: "OPERATION_UNKNOWN" } });
});

test.each(["2.0.0", "1", "", "one"])("the version %j is VERSION_UNKNOWN", async (version) => {
  const answer = await setUp().dispatcher.dispatch(request("reserve", { sku: "a" }, { version }));
  expect(answer).toMatchObject({ problem: { status: 404, code: "VERSION_UNKNOWN" } });
  expect(JSON.stringify(answer)).toContain("1.0.0, 1.1.0");
});
