import { type LogFields, type Logger, PolderError, silentLogger } from "@polder/model";
import { describe, expect, test } from "vitest";
import { type CallAnswer, type CallTransport, createClient, httpErrors } from "../src/index.ts";
import { Inventory } from "./inventory.ts";
import { problem } from "./troubled-transport.ts";

const call = { api: "inventory", operation: "checkAvailability" };
const failing = (error: unknown): CallTransport => ({ call: () => Promise.reject(error) });
const answering = (answer: CallAnswer): CallTransport => ({ call: async () => answer });

function clientOn(transport: CallTransport) {
  const told: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
  const tell = (message: string, fields?: LogFields): void => void told.push({ message, fields });
  const logger: Logger = { ...silentLogger, info: tell, error: tell };
  const asked: unknown[] = [];
  const client = createClient(Inventory, "1.1.0", {
    transport,
    logger,
    fallbacks: {
      checkAvailability: (input) => {
        asked.push(input);
        if (input.sku === "throws") throw new Error("out of luck");
        if (input.sku === "lies") return { sku: input.sku, available: "few" as unknown as number };
        return { sku: input.sku, available: 0 };
      },
    },
  });
  return { client, told, asked };
}

describe("a fallback answers a query", () => {
  test.each([
    ["CALL_UNREACHABLE", failing(httpErrors.CALL_UNREACHABLE("away", call))],
    [
      "CALL_CIRCUIT_OPEN",
      failing(httpErrors.CALL_CIRCUIT_OPEN("open", { ...call, callee: "inventory", retryAfterMs: 1 })),
    ],
    [
      "CALL_BULKHEAD_FULL",
      failing(httpErrors.CALL_BULKHEAD_FULL("full", { ...call, callee: "inventory", concurrentMax: 1, queueMax: 0 })),
    ],
    ["CALL_DEADLINE_EXCEEDED", { call: () => new Promise<never>(() => undefined) }],
    ["ANSWER_INVALID", answering({ kind: "answered", output: { sku: 5 } })],
    ["OVERLOADED", answering({ kind: "failed", problem: problem(503, "OVERLOADED") })],
    ["DEPENDENCY_FAILED", answering({ kind: "failed", problem: problem(503, "DEPENDENCY_FAILED") })],
    ["CALL_FAILED", answering({ kind: "failed", problem: problem(500, "HANDLER_FAILED") })],
  ])(
    "that failed with %s, with the defaults of the contract; the outcome and the log say so",
    async (code, transport) => {
      const { client, told, asked } = clientOn(transport);
      expect(await client.checkAvailability({ sku: "a" }, { deadlineMs: 50 })).toEqual({
        ok: true,
        value: { sku: "a", available: 0, note: "in the shelf" },
        fallback: code,
      });
      expect(asked).toEqual([{ sku: "a" }]);
      expect(told).toMatchObject([
        { message: "The fallback of inventory.checkAvailability answered", fields: { ...call, error: { code } } },
      ]);
    },
  );
});

describe("no fallback answers", () => {
  test("a refusal, or a query that was answered", async () => {
    const { client, asked } = clientOn(answering({ kind: "answered", output: { sku: "a", available: 5 } }));
    expect(await client.checkAvailability({ sku: "a" })).toEqual({
      ok: true,
      value: { sku: "a", available: 5, note: "in the shelf" },
    });
    const refusing = clientOn(answering({ kind: "refused", refusal: "Closed", details: {} }));
    await expect(refusing.client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALL_FAILED" });
    expect([...asked, ...refusing.asked]).toEqual([]);
  });

  test("where the call itself was wrong, forbidden or given up by its caller", async () => {
    const wrong = clientOn(answering({ kind: "failed", problem: problem(400, "INPUT_INVALID") }));
    await expect(wrong.client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "INPUT_INVALID" });
    const local = clientOn(failing(new Error("never called")));
    await expect(local.client.checkAvailability({ sku: 5 as unknown as string })).rejects.toMatchObject({
      code: "CONTRACT_VIOLATED",
    });
    const inTransaction = new PolderError("CALL_IN_TRANSACTION", "Call first.", { domain: "order", ...call });
    const forbidden = clientOn(failing(inTransaction));
    await expect(forbidden.client.checkAvailability({ sku: "a" })).rejects.toBe(inTransaction);
    const given = clientOn({ call: () => new Promise(() => undefined) });
    await expect(given.client.checkAvailability({ sku: "a" }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "CALL_ABORTED",
    });
    expect([wrong, local, forbidden, given].flatMap(({ asked }) => asked)).toEqual([]);
  });

  test("an operation that has none", async () => {
    const { client } = clientOn(failing(httpErrors.CALL_UNREACHABLE("away", call)));
    await expect(client.top({})).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
    await expect(client.reserve({ sku: "a" })).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
  });

  test.each(["throws", "lies"])("one that %s: the call fails as it did, and the log has both reasons", async (sku) => {
    const { client, told } = clientOn(failing(httpErrors.CALL_UNREACHABLE("away", call)));
    await expect(client.checkAvailability({ sku })).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
    expect(told).toMatchObject([
      {
        message: expect.stringContaining("The fallback of inventory.checkAvailability failed"),
        fields: {
          error: sku === "throws" ? { message: "out of luck" } : { code: "CONTRACT_VIOLATED" },
          failure: { code: "CALL_UNREACHABLE" },
        },
      },
    ]);
  });
});
