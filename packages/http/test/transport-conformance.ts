import {
  api,
  type Client,
  domain,
  handler,
  implement,
  isPolderError,
  type PolderError,
  query,
  team,
} from "@polder/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type CallTransport, createClient, createDispatcher, type Dispatcher } from "../src/index.ts";
import { Inventory, type Misbehaving, type ServedInventory, serveInventory } from "./inventory.ts";

/** A transport that leads to a dispatcher; disposing it closes what it opened. */
export interface OpenTransport extends AsyncDisposable {
  readonly transport: CallTransport;
}

type Newest = Client<(typeof Inventory)["versions"]["1.1.0"]>;

interface Setting extends AsyncDisposable {
  readonly inventory: ServedInventory;
  readonly dispatcher: Dispatcher;
  readonly transport: CallTransport;
  readonly client: Newest;
}

/** What every transport does in the same way: callers cannot tell which one carries their calls. */
export function describeTransport(name: string, open: (dispatcher: Dispatcher) => Promise<OpenTransport>): void {
  async function setUp(misbehaving: Misbehaving = {}): Promise<Setting> {
    const inventory = serveInventory(misbehaving);
    const dispatcher = createDispatcher({ served: [inventory.served] });
    const opened = await open(dispatcher);
    const { transport } = opened;
    const client = createClient(Inventory, "1.1.0", { transport });
    return { inventory, dispatcher, transport, client, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
  }
  describe(name, () => {
    describeAnswers(setUp);
    describeInput(setUp);
    describeCopies(setUp);
    describeOddities(setUp);
    describeFailures(setUp);
    describeEndings(setUp);
    describeVersions(setUp, open);
  });
}

type SetUp = (misbehaving?: Misbehaving) => Promise<Setting>;

function describeAnswers(setUp: SetUp): void {
  test("an answer is the call's value, with the defaults of its contract", async () => {
    await using setting = await setUp();
    const { client } = setting;
    expect(await client.checkAvailability({ sku: "a" })).toEqual({
      ok: true,
      value: { sku: "a", available: 5, note: "in the shelf" },
    });
    expect(await client.reserve({ sku: "a" })).toEqual({ ok: true, value: { reservationId: "a/1" } });
    expect(await client.release({ reservationId: "7" })).toEqual({ ok: true, value: null });
    expect(await client.change({ reservationId: 7, quantity: 2 })).toEqual({
      ok: true,
      value: { reservationId: 7, quantity: 2 },
    });
    expect(await client.top({})).toEqual({ ok: true, value: { skus: ["a", "b"] } });
  });

  test("a declared refusal is a result, with its details", async () => {
    await using setting = await setUp();
    const outcome = await setting.client.reserve({ sku: "a", quantity: 6 });
    expect(outcome).toEqual({ ok: false, refusal: "OutOfStock", details: { available: 5 } });
  });

  test("the idempotency key, the version and the trace context arrive", async () => {
    await using setting = await setUp();
    await setting.client.reserve({ sku: "a" }, { key: "order 17 / line 2" });
    expect(setting.inventory.admitted[0]).toMatchObject({ key: "order 17 / line 2", version: "1.1.0" });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await call(setting, "reserve", { sku: "a" }, { traceparent, tracestate: "a=1", baggage: "b=2" });
    expect(setting.inventory.admitted[1]?.headers).toEqual({ traceparent, tracestate: "a=1", baggage: "b=2" });
  });
}

function describeInput(setUp: SetUp): void {
  test("an input that breaks its contract is not sent", async () => {
    await using setting = await setUp();
    const wrong = { sku: 5, quantity: 0, colour: "red" } as never;
    await expect(setting.client.reserve(wrong)).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
    await expect(setting.client.checkAvailability({ sku: ".." })).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
    expect(setting.inventory.admitted).toEqual([]);
  });

  test("an input that breaks the server's contract is INPUT_INVALID, with every place", async () => {
    await using setting = await setUp();
    const answer = await call(setting, "reserve", { quantity: 0, colour: "red" });
    expect(answer).toMatchObject({ kind: "failed", problem: { status: 400, code: "INPUT_INVALID" } });
    const violations = answer.kind === "failed" ? (answer.problem.violations ?? []) : [];
    expect(violations.map(({ pointer }) => pointer).sort()).toEqual(["/colour", "/quantity", "/sku"]);
    expect(setting.inventory.admitted).toEqual([]);
  });

  test.each([
    ["no character", ""],
    ["a blank at its end", "a "],
    ["a letter beyond ASCII", "é"],
    ["a line break", "a\nb"],
    ["201 characters", "x".repeat(201)],
  ])("an idempotency key with %s is IDEMPOTENCY_KEY_INVALID", async (_, key) => {
    await using setting = await setUp();
    const error = await failure(setting.client.reserve({ sku: "a" }, { key }));
    expect(error.code).toBe("IDEMPOTENCY_KEY_INVALID");
  });

  test("an input above the limit is BODY_TOO_LARGE", async () => {
    await using setting = await setUp();
    await expect(setting.client.echo({ value: "x".repeat(1_100_000) })).rejects.toMatchObject({
      code: "BODY_TOO_LARGE",
    });
  });
}

const oddTexts: readonly string[] = [
  "'; drop table stock; --",
  "a/b\\c?d=e&f#g%2Fh+i j",
  "%",
  "%00",
  "%2e%2e",
  "...",
  " ",
  "null",
  "true",
  "1",
  "[]",
  "\u0000\u0007\u001f\u007f",
  "line\r\nline",
  "Ünïcödé – 漢字 – 👩‍👩‍👧 – \u202e",
  "__proto__",
  "constructor",
  "{{7*7}}<script>",
  "x".repeat(2_000),
];

function describeCopies(setUp: SetUp): void {
  test("any JSON value arrives as it was sent", async () => {
    await using setting = await setUp();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: "binary" }), async (value) => {
        const outcome = await setting.client.echo({ value });
        expect(outcome).toEqual({ ok: true, value: { value: JSON.parse(JSON.stringify(value)) } });
      }),
    );
  });

  test("every kind of field arrives in a URL as it was sent", async () => {
    await using setting = await setUp();
    const text = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((found) => found.isWellFormed() && !/^\.\.?$/.test(found));
    const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((found) => (found === 0 ? 0 : found));
    const search = fc.record({
      text,
      size: fc.constantFrom("S" as const, "M" as const, "L" as const),
      count: fc.maxSafeInteger(),
      weight: finite,
      isNew: fc.boolean(),
      texts: fc.array(text, { maxLength: 3 }),
      page: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(search, async (input) => {
        expect(await setting.client.search(input)).toEqual({ ok: true, value: input });
      }),
    );
  });
}

function describeOddities(setUp: SetUp): void {
  test.each(oddTexts.map((text) => [text.slice(0, 40), text]))(
    "the text %j arrives in every place",
    async (_, text = "") => {
      await using setting = await setUp();
      const { client } = setting;
      const sku = await client.checkAvailability({ sku: text, warehouse: text });
      expect(sku).toEqual({ ok: true, value: { sku: text, available: 5, note: `in ${text}` } });
      expect(await client.reserve({ sku: text })).toEqual({ ok: true, value: { reservationId: `${text}/1` } });
      expect(await client.release({ reservationId: text })).toEqual({ ok: true, value: null });
      const value = { [text]: [text] };
      expect(await client.echo({ value })).toEqual({ ok: true, value: { value } });
    },
  );

  test("a very long text arrives in a body, and is refused in a URL", async () => {
    await using setting = await setUp();
    const long = "ü".repeat(100_000);
    expect(await setting.client.echo({ value: long })).toEqual({ ok: true, value: { value: long } });
    await expect(setting.client.checkAvailability({ sku: long })).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
  });

  test("caller and handler share no object, and undefined fields vanish", async () => {
    await using setting = await setUp();
    const value = { list: [1], gone: undefined, at: new Date(0) };
    const outcome = await setting.client.echo({ value });
    expect(outcome).toStrictEqual({ ok: true, value: { value: { list: [1], at: "1970-01-01T00:00:00.000Z" } } });
    const received = setting.inventory.admitted[0]?.input as { value: { list: number[] } };
    received.value.list.push(2);
    expect(value.list).toEqual([1]);
    expect(outcome.ok && outcome.value.value).toMatchObject({ list: [1] });
  });

  test("a field named __proto__ is a field, and touches no prototype", async () => {
    await using setting = await setUp();
    const value: unknown = JSON.parse(
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
    );
    const outcome = await setting.client.echo({ value });
    expect(JSON.stringify(outcome)).toBe(JSON.stringify({ ok: true, value: { value } }));
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
}

function describeFailures(setUp: SetUp): void {
  test.each([
    ["answer garbage", "CONTRACT_VIOLATED"],
    ["answer a bigint", "CONTRACT_VIOLATED"],
    ["refuse with garbage", "CONTRACT_VIOLATED"],
    ["refuse undeclared", "REFUSAL_UNDECLARED"],
    ["answer too much", "ANSWER_TOO_LARGE"],
  ] as const)("a handler that would %s is not committed: %s", async (how, code) => {
    await using setting = await setUp();
    const error = await failure(setting.client.misbehave({ how }));
    expect(error).toMatchObject({
      code: "CALL_FAILED",
      details: { operation: "misbehave", problem: { status: 500, code } },
    });
    expect(setting.inventory.committed).toEqual([]);
  });

  test.each([
    ["an error", new Error("the password is 1234")],
    ["nothing", undefined],
    ["a text", "the password is 1234"],
    ["an object without prototype", Object.create(null)],
  ])("a handler that throws %s is HANDLER_FAILED, and nothing leaks", async (_, thrown) => {
    await using setting = await setUp({ thrown });
    const error = await failure(setting.client.misbehave({ how: "throw an error" }));
    expect(error).toMatchObject({ code: "CALL_FAILED", details: { problem: { status: 500, code: "HANDLER_FAILED" } } });
    expect(JSON.stringify(error.details) + error.message).not.toContain("1234");
  });
}

function describeEndings(setUp: SetUp): void {
  test("a handler that hangs is CALL_DEADLINE_EXCEEDED at the deadline", async () => {
    await using setting = await setUp();
    const error = await failure(setting.client.misbehave({ how: "hang" }, { deadlineMs: 50 }));
    expect(error.code).toBe("CALL_DEADLINE_EXCEEDED");
  });

  test("the server gives up at the caller's deadline by itself", async () => {
    await using setting = await setUp();
    const { transport } = setting;
    const declared = Inventory.versions["1.1.0"].misbehave;
    const input = { how: "wait to be stopped" };
    const request = { api: "inventory", version: "1.1.0", operation: "misbehave", input, headers: {} };
    const answer = await transport.call(request, { deadlineMs: 300, signal: new AbortController().signal, declared });
    expect(answer).toMatchObject({ kind: "failed", problem: { status: 504, code: "CALL_DEADLINE_EXCEEDED" } });
    expect(await setting.inventory.stopped).toMatchObject({ code: "CALL_DEADLINE_EXCEEDED" });
  });

  test.each([0, -1, Number.NaN])("a deadline of %d ms has passed before anything is sent", async (deadlineMs) => {
    await using setting = await setUp();
    const error = await failure(setting.client.reserve({ sku: "a" }, { deadlineMs }));
    expect(error.code).toBe("CALL_DEADLINE_EXCEEDED");
    expect(setting.inventory.admitted).toEqual([]);
  });

  test("a call that its caller aborts is CALL_ABORTED, and its handler is stopped", async () => {
    await using setting = await setUp();
    const controller = new AbortController();
    const failed = failure(setting.client.misbehave({ how: "wait to be stopped" }, { signal: controller.signal }));
    await setting.inventory.running;
    controller.abort(new Error("no longer wanted"));
    expect(await failed).toMatchObject({ code: "CALL_ABORTED", cause: { message: "no longer wanted" } });
    expect(await setting.inventory.stopped).toMatchObject({ code: "CALL_ABORTED" });
  });

  test("a call that is aborted before it begins is not sent", async () => {
    await using setting = await setUp();
    const error = await failure(setting.client.reserve({ sku: "a" }, { signal: AbortSignal.abort() }));
    expect(error.code).toBe("CALL_ABORTED");
    expect(setting.inventory.admitted).toEqual([]);
  });
}

function describeVersions(setUp: SetUp, open: (dispatcher: Dispatcher) => Promise<OpenTransport>): void {
  test("a caller at an older minor is served by the newest, and keeps the fields that it does not know", async () => {
    await using setting = await setUp();
    const older = createClient(Inventory, "1.0.0", { transport: setting.transport });
    const outcome = await older.checkAvailability({ sku: "a" });
    expect(outcome).toEqual({ ok: true, value: { sku: "a", available: 5, note: "in the shelf" } });
    expect(setting.inventory.admitted[0]).toMatchObject({ version: "1.0.0" });
  });

  test("a refusal that the caller's version does not declare is CALL_FAILED, with the refusal", async () => {
    await using setting = await setUp();
    const older = createClient(Inventory, "1.0.0", { transport: setting.transport });
    const error = await failure(older.reserve({ sku: "a", quantity: 6 }));
    const problem = { code: "REFUSED", refusal: "OutOfStock", details: { available: 5 } };
    expect(error).toMatchObject({ code: "CALL_FAILED", details: { problem } });
  });

  test("another major is VERSION_UNKNOWN and names the living ones", async () => {
    await using setting = await setUp();
    const Later = api("inventory", { versions: { "2.0.0": { top: query("GET /availability/top") } } });
    const later = createClient(Later, "2.0.0", { transport: setting.transport });
    const error = await failure(later.top({}));
    expect(error).toMatchObject({ code: "VERSION_UNKNOWN", message: expect.stringContaining("1.1.0") });
  });

  test("an operation, or an API, that is not served is OPERATION_UNKNOWN", async () => {
    await using setting = await setUp();
    const older = createClient(Inventory, "1.0.0", { transport: setting.transport });
    expect(await failure(older.vanished({}))).toMatchObject({ code: "OPERATION_UNKNOWN" });
    const Catalog = api("catalog", { versions: { "1.0.0": { list: query("GET /products") } } });
    const catalog = createClient(Catalog, "1.0.0", { transport: setting.transport });
    expect(await failure(catalog.list({}))).toMatchObject({ code: "OPERATION_UNKNOWN" });
  });

  test("an answer that the caller's version forbids is ANSWER_INVALID", async () => {
    const versionOf = (total: z.ZodType) => ({ count: query("GET /count", { output: z.object({ total }) }) });
    const Served = api("count", { versions: { "1.0.0": versionOf(z.int()) } });
    const owner = team("Clerks", { contact: "#clerks" });
    const counting = domain("count", { owner, capability: "Count", publishes: [Served] });
    const count = handler(counting, Served.count, async () => ({ total: 12 }));
    const implementation = implement(counting, { apis: { count: { count } } });
    const dispatcher = createDispatcher({
      served: [{ implementation, execute: async (found, { conclude }) => conclude(await found.run({} as never)) }],
    });
    await using opened = await open(dispatcher);
    // The same version with another meaning: what no check of contracts would let through.
    const Believed = api("count", { versions: { "1.0.0": versionOf(z.int().max(10)) } });
    const error = await failure(createClient(Believed, "1.0.0", opened).count({}));
    expect(error).toMatchObject({ code: "ANSWER_INVALID", details: { violations: [{ pointer: "/total" }] } });
  });
}

/** A call that goes around the client's own checks. */
function call(
  { transport }: Setting,
  operation: "reserve",
  input: unknown,
  headers: Readonly<Record<string, string>> = {},
): ReturnType<CallTransport["call"]> {
  const declared = Inventory.versions["1.1.0"][operation];
  const { signal } = new AbortController();
  const request = { api: "inventory", version: "1.1.0", operation, input, headers };
  return transport.call(request, { deadlineMs: 5_000, signal, declared });
}

async function failure(outcome: Promise<unknown>): Promise<PolderError> {
  const error = await outcome.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isPolderError(error)) return error;
  throw new Error("The call did not fail with an error of Polder.", { cause: error });
}
