import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { PolderError } from "@polder/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogger, type LogFormat, type LogLevel, withFields } from "./logger.ts";
import { doing } from "./work-at-hand.ts";

function logged(format: LogFormat, level: LogLevel = "info") {
  const lines: string[] = [];
  return { lines, logger: createLogger({ write: (line) => void lines.push(line), format, level }) };
}

const address = "postgres://shop:hunter2@db.example/shop";
const broken = new PolderError(
  "POSTGRES_UNREACHABLE",
  "PostgreSQL cannot be reached.\nCheck it.",
  {},
  {
    cause: Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: "ECONNREFUSED" }),
  },
);

test("a line of JSON has the fields, and errors with their code and the chain of their causes", () => {
  const { lines, logger } = logged("json");
  withFields(withFields(logger, { domain: "order" }), { subscription: "ship" }).warn("it failed", {
    seq: 7n,
    error: broken,
  });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]+\n$/);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    level: "warn",
    message: "it failed",
    domain: "order",
    subscription: "ship",
    seq: "7",
    error: {
      name: "PolderError",
      code: "POSTGRES_UNREACHABLE",
      message: "PostgreSQL cannot be reached.\nCheck it.",
      docs: "docs/errors/POSTGRES_UNREACHABLE.md",
      stack: expect.stringContaining("logger.test.ts"),
      cause: {
        name: "Error",
        code: "ECONNREFUSED",
        message: "connect ECONNREFUSED postgres://shop:***@db.example/shop",
        stack: expect.any(String),
      },
    },
  });
});

test("a chain of causes that bites its tail comes to an end", () => {
  const { lines, logger } = logged("json");
  const error = new Error("first");
  error.cause = new Error("second", { cause: error });
  logger.error("it failed", { error });
  expect(lines[0]?.length).toBeLessThan(20_000);
});

test("a line for people is short: time, place, message, error, the other fields", () => {
  const { lines, logger } = logged("text");
  const error = new TypeError("no such thing\nat all");
  error.stack = `TypeError: no such thing
    at call (node:internal/process:1:2)
    at use (file:///shop/node_modules/pg/lib/client.js:3:4)
    at place (file:///shop/domains/order/place.ts?generation=2:31:9)`;
  withFields(logger, { domain: "order", subscription: "ship" }).warn("it failed", { error, key: "o-1", note: "a b" });
  logger.info("ready", { url: "http://127.0.0.1:4000", domains: ["order"] });
  logger.error("it failed", { error: broken });
  logger.error("it failed", { error: "not even an error", long: "x".repeat(1_000) });
  expect(lines.map((line) => line.slice(9))).toEqual([
    'warn: order/ship: it failed: no such thing (/shop/domains/order/place.ts:31) key=o-1 note="a b"\n',
    'ready url=http://127.0.0.1:4000 domains=["order"]\n',
    "error: it failed: POSTGRES_UNREACHABLE PostgreSQL cannot be reached.\n",
    `error: it failed: not even an error long=${"x".repeat(200)}…\n`,
  ]);
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d /);
});

test.each<LogFormat>(["json", "text"])("secrets never appear, as %s", (format) => {
  const { lines, logger } = logged(format);
  logger.info(`connecting to ${address}`, {
    address,
    target: { password: "hunter2", host: "db" },
    headers: { authorization: "Bearer hunter2" },
    token: "hunter2",
    error: broken,
  });
  expect(lines.join("")).not.toContain("hunter2");
  expect(lines.join("")).toContain("db.example");
});

test("what is below the level is not written", () => {
  const { lines, logger } = logged("text", "warn");
  logger.debug("no");
  logger.info("no");
  logger.warn("yes");
  logger.error("yes");
  expect(lines).toHaveLength(2);
});

test.each<LogFormat>(["json", "text"])("what cannot be written is said, and nothing thrown, as %s", (format) => {
  const { lines, logger } = logged(format);
  const circle: { self?: object } = {};
  circle.self = circle;
  logger.error("it failed", { error: circle, kept: "for-certain" });
  logger.error("it failed", { error: new Error("x", { cause: circle }) });
  logger.error("it failed", { error: Object.create(null) });
  expect(lines).toHaveLength(3);
  for (const line of lines) expect(line).toContain("it failed");
  expect(lines[0]).toContain("for-certain");
});

describe("in the course of a trace", () => {
  const spanContext = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7", traceFlags: 1 };
  const within = <Result>(run: () => Result): Result =>
    context.with(trace.setSpanContext(context.active(), spanContext), run);

  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  afterAll(() => context.disable());

  test("a line of JSON begins with the ids of trace and span, and the domain at work", () => {
    const { lines, logger } = logged("json");
    within(() => {
      logger.info("in a trace");
      doing({ domain: "order", handler: "order.place" }, () => logger.info("at work", { domain: "mine" }));
    });
    doing({ domain: "order", handler: "order.place" }, () => logger.info("no trace"));
    const { traceId, spanId } = spanContext;
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { at: expect.any(String), level: "info", message: "in a trace", traceId, spanId },
      { at: expect.any(String), level: "info", message: "at work", traceId, spanId, domain: "mine" },
      { at: expect.any(String), level: "info", message: "no trace" },
    ]);
    expect(Object.keys(JSON.parse(lines[0] ?? ""))).toEqual(["at", "level", "message", "traceId", "spanId"]);
  });

  test("a line of text has the first digits of the trace, enough to find it", () => {
    const { lines, logger } = logged("text");
    within(() => doing({ domain: "order", handler: "order.place" }, () => logger.warn("it failed")));
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d \[4bf92f3577b3\] warn: order: it failed\n$/);
  });
});
