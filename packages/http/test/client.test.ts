import { getEventListeners } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { PolderError } from "@polder/model";
import { expect, test } from "vitest";
import {
  type CallAnswer,
  type CallTransport,
  createClient,
  httpTransport,
  type TransportOptions,
} from "../src/index.ts";
import { Inventory } from "./inventory.ts";

const answering = (answer: CallAnswer): CallTransport => ({ call: async () => answer });
const output = { sku: "a", available: 5 };

test("a client is frozen, and has the operations of its version only", () => {
  const client = createClient(Inventory, "1.0.0", { transport: answering({ kind: "answered", output }) });
  expect(Object.isFrozen(client)).toBe(true);
  expect(Object.keys(client)).toEqual(["checkAvailability", "reserve", "vanished"]);
});

test("a version that the API does not have is VERSION_UNKNOWN", () => {
  const transport = answering({ kind: "answered", output });
  expect(() => createClient(Inventory, "3.0.0" as "1.0.0", { transport })).toThrow(
    expect.objectContaining({ code: "VERSION_UNKNOWN" }),
  );
});

test("the shortest of option, default and enclosing deadline travels", async () => {
  const given: TransportOptions[] = [];
  const transport: CallTransport = {
    call: async (_, options) => {
      given.push(options);
      return { kind: "answered", output };
    },
  };
  const plain = createClient(Inventory, "1.1.0", { transport });
  await plain.checkAvailability({ sku: "a" });
  await plain.checkAvailability({ sku: "a" }, { deadlineMs: 3_000 });
  const enclosed = createClient(Inventory, "1.1.0", { transport, deadlineMsDefault: 4_000, deadline: () => 2_000 });
  await enclosed.checkAvailability({ sku: "a" });
  await createClient(Inventory, "1.1.0", { transport, deadline: () => undefined }).checkAvailability({ sku: "a" });
  const most = [5_000, 3_000, 2_000, 5_000];
  given.forEach(({ deadlineMs }, index) => {
    expect(deadlineMs).toBeLessThanOrEqual(most[index] ?? 0);
    expect(deadlineMs).toBeGreaterThan(0);
  });
});

test("a transport that never answers is CALL_DEADLINE_EXCEEDED", async () => {
  const transport: CallTransport = { call: () => new Promise(() => undefined) };
  const client = createClient(Inventory, "1.1.0", { transport, deadlineMsDefault: 20 });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALL_DEADLINE_EXCEEDED" });
});

test("a call in the course of one whose time is over is CALL_DEADLINE_EXCEEDED, and not sent", async () => {
  const transport: CallTransport = { call: () => Promise.reject(new Error("it was sent")) };
  const client = createClient(Inventory, "1.1.0", { transport, deadline: () => 0 });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALL_DEADLINE_EXCEEDED" });
});

test("the end of an enclosing call keeps its code", async () => {
  const transport: CallTransport = { call: () => new Promise(() => undefined) };
  const reason = new PolderError("SHUTTING_DOWN", "The server is about to stop.", {});
  const call = createClient(Inventory, "1.1.0", { transport }).checkAvailability(
    { sku: "a" },
    { signal: AbortSignal.abort(reason) },
  );
  await expect(call).rejects.toBe(reason);
});

test("a client gives up what it has under way when the call ends in whose course it calls", async () => {
  const enclosing = new AbortController();
  const given = Promise.withResolvers<AbortSignal>();
  const transport: CallTransport = {
    call: (_request, { signal }) => {
      given.resolve(signal);
      return new Promise(() => undefined);
    },
  };
  const call = createClient(Inventory, "1.1.0", { transport, signal: enclosing.signal }).checkAvailability({
    sku: "a",
  });
  const signal = await given.promise;
  const reason = new PolderError("SHUTTING_DOWN", "The server is about to stop.", {});
  enclosing.abort(reason);
  await expect(call).rejects.toBe(reason);
  expect(signal.reason).toBe(reason);
  expect(getEventListeners(enclosing.signal, "abort")).toEqual([]);
});

test("onCall sees every call first, and what it throws the call throws", async () => {
  const seen: string[] = [];
  const forbidden = new PolderError("CALL_IN_TRANSACTION", "Call before or after the transaction.", {});
  const client = createClient(Inventory, "1.1.0", {
    transport: answering({ kind: "answered", output }),
    onCall: ({ api, version, operation }) => {
      seen.push(`${api} ${version} ${operation}`);
      if (operation === "reserve") throw forbidden;
    },
  });
  await client.checkAvailability({ sku: "a" });
  await expect(client.reserve({ sku: "a" })).rejects.toBe(forbidden);
  expect(seen).toEqual(["inventory 1.1.0 checkAvailability", "inventory 1.1.0 reserve"]);
});

test("what the other side says of the call keeps its code and carries its problem", async () => {
  const violations = [{ pointer: "/sku", problem: "is missing" }];
  const problem = {
    type: "/docs/errors/INPUT_INVALID",
    title: "Wrong",
    status: 400,
    detail: "It is wrong.",
    code: "INPUT_INVALID",
    violations,
  };
  const client = createClient(Inventory, "1.1.0", { transport: answering({ kind: "failed", problem }) });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({
    code: "INPUT_INVALID",
    details: { api: "inventory", operation: "checkAvailability", problem },
  });
});

test("details of a refusal that break the contract are ANSWER_INVALID", async () => {
  const transport = answering({ kind: "refused", refusal: "OutOfStock", details: { available: "few" } });
  await expect(createClient(Inventory, "1.1.0", { transport }).reserve({ sku: "a" })).rejects.toMatchObject({
    code: "ANSWER_INVALID",
    details: { violations: [{ pointer: "/available" }] },
  });
});

test("an input that JSON cannot say is CONTRACT_VIOLATED", async () => {
  const client = createClient(Inventory, "1.1.0", { transport: answering({ kind: "answered", output: { value: 1 } }) });
  const circle: { self?: unknown } = {};
  circle.self = circle;
  await expect(client.echo({ value: circle })).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
  await expect(client.echo({ value: 1n })).rejects.toMatchObject({ code: "CONTRACT_VIOLATED" });
});

/** A client of a server that is none of Polder's. */
async function clientOf(listener: RequestListener, answerBytesMax = 1_000) {
  const server = createServer(listener);
  const listening = Promise.withResolvers<void>();
  server.listen({ port: 0, host: "127.0.0.1" }, listening.resolve);
  await listening.promise;
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/behind/a/prefix/`;
  const client = createClient(Inventory, "1.1.0", { transport: httpTransport({ baseUrl, answerBytesMax }) });
  const end = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { client, [Symbol.asyncDispose]: end };
}

test.each([
  ["a page", 200, "text/html", "<html>", "ANSWER_INVALID"],
  ["another page", 500, "text/html", "<html>", "ANSWER_INVALID"],
  ["JSON that is no problem document", 400, "application/json", '{"error": "no"}', "ANSWER_INVALID"],
  ["half of its JSON", 200, "application/json", '{"sku": "a", "avail', "ANSWER_INVALID"],
  ["a redirect", 302, "text/plain", "", "ANSWER_INVALID"],
  ["a gateway's word", 502, "text/html", "<html>", "CALL_UNREACHABLE"],
  ["more than may be read", 200, "application/json", JSON.stringify("x".repeat(2_000)), "ANSWER_TOO_LARGE"],
  ["another status of success", 201, "application/json", '{"sku": "a", "available": 5}', undefined],
])("a server that answers %s (%d, %s)", async (_, status, contentType, body, code) => {
  const paths: (string | undefined)[] = [];
  await using setting = await clientOf((incoming, outgoing) => {
    paths.push(incoming.url);
    outgoing.writeHead(status, { "content-type": contentType, location: "/elsewhere" }).end(body);
  });
  const call = setting.client.checkAvailability({ sku: "a" });
  if (code === undefined) expect(await call).toMatchObject({ ok: true });
  else
    await expect(call).rejects.toMatchObject({ code, details: { api: "inventory", operation: "checkAvailability" } });
  expect(paths).toEqual(["/behind/a/prefix/inventory/v1/availability/a"]);
});

test("a server that hangs up in its answer is CALL_UNREACHABLE", async () => {
  await using setting = await clientOf((_, outgoing) => {
    outgoing.writeHead(200, { "content-length": 100 });
    outgoing.write("{", () => outgoing.destroy());
  });
  await expect(setting.client.checkAvailability({ sku: "a" })).rejects.toMatchObject({ code: "CALL_UNREACHABLE" });
});

test("a server that never ends its answer is CALL_DEADLINE_EXCEEDED", async () => {
  await using setting = await clientOf((_, outgoing) => {
    outgoing.writeHead(200, { "content-length": 100 });
    outgoing.write("{");
  });
  const call = setting.client.checkAvailability({ sku: "a" }, { deadlineMs: 50 });
  await expect(call).rejects.toMatchObject({ code: "CALL_DEADLINE_EXCEEDED" });
});

test("a port where nobody listens is CALL_UNREACHABLE, with the reason", async () => {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen({ port: 0, host: "127.0.0.1" }, listening.resolve);
  await listening.promise;
  const { port } = server.address() as AddressInfo;
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  const client = createClient(Inventory, "1.1.0", {
    transport: httpTransport({ baseUrl: `http://127.0.0.1:${port}` }),
  });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({
    code: "CALL_UNREACHABLE",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("CALL_FAILED carries what the other side said of its inside", async () => {
  const problem = { type: "about:blank", title: "Odd", status: 500, detail: "It is odd.", code: "SOMETHING_ODD" };
  const client = createClient(Inventory, "1.1.0", { transport: answering({ kind: "failed", problem }) });
  await expect(client.checkAvailability({ sku: "a" })).rejects.toMatchObject({
    code: "CALL_FAILED",
    details: { problem },
  });
});
