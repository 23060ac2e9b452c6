import { expect, test } from "vitest";
import { type TraceOptions, traceSettings } from "./trace-settings.ts";

const settings = (env: Readonly<Record<string, string>>, options: TraceOptions = {}) =>
  traceSettings(env, { ...options, ratioDefault: 0.1 });

test("without variables all goes to the local store, with the ratio of the configuration or of the command", () => {
  expect(settings({})).toEqual({
    target: { kind: "local store", bytesMax: 67_108_864 },
    sampling: { ratio: 0.1, parentBased: true, late: true },
    queue: { spansMax: 8_192, batchSpansMax: 512, delayMs: 300 },
    resource: {},
    problems: [],
  });
  expect(settings({}, { ratio: 0.5, bytesMax: 2_000_000 })).toMatchObject({
    target: { bytesMax: 2_000_000 },
    sampling: { ratio: 0.5 },
  });
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }, "http://collector:4318/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector/base/" }, "https://collector/base/v1/traces"],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/traces" }, "http://collector:4318/traces"],
  [{ OTEL_TRACES_EXPORTER: "otlp" }, "http://localhost:4318/v1/traces"],
])("%j names the collector %s", (env, url) => {
  expect(settings(env).target).toMatchObject({ kind: "collector", url, encoding: "protobuf", timeoutMs: 10_000 });
});

test("how to talk to the collector is said by the general variables, and by those for traces before them", () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" };
  const env = {
    ...endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20abc, tenant=shop",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "tenant=traces",
    OTEL_EXPORTER_OTLP_TIMEOUT: "500",
    OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: "700",
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_SERVICE_NAME: "shop",
    OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test,service.name=other",
  };
  expect(settings(env)).toMatchObject({
    target: {
      encoding: "json",
      headers: { authorization: "Basic abc", tenant: "traces" },
      timeoutMs: 700,
      gzip: true,
    },
    resource: { "deployment.environment.name": "test", "service.name": "shop" },
    problems: [],
  });
});

test.each([[{ OTEL_SDK_DISABLED: "true" }], [{ OTEL_TRACES_EXPORTER: "none" }]])("%j makes no spans", (off) => {
  expect(settings({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318", ...off }).target).toEqual({
    kind: "nowhere",
  });
});

test.each([
  ["always_on", undefined, { ratio: 1, parentBased: false }],
  ["parentbased_always_off", undefined, { ratio: 0, parentBased: true }],
  ["traceidratio", "0.25", { ratio: 0.25, parentBased: false }],
  ["parentbased_traceidratio", "0.5", { ratio: 0.5, parentBased: true }],
])("the sampler %s with %s wins over the configuration", (sampler, ratio, sampling) => {
  const env = { OTEL_TRACES_SAMPLER: sampler, ...(ratio === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: ratio }) };
  expect(settings(env, { ratio: 0.7 })).toMatchObject({ sampling, problems: [] });
});

test("the queue is bounded by the standard variables, and a batch by the queue", () => {
  const env = { OTEL_BSP_MAX_QUEUE_SIZE: "100", OTEL_BSP_SCHEDULE_DELAY: "20" };
  expect(settings(env).queue).toEqual({ spansMax: 100, batchSpansMax: 100, delayMs: 20 });
});

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", { target: { kind: "local store" } }],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "many", { queue: { spansMax: 8_192 } }],
  ["OTEL_TRACES_SAMPLER", "sometimes", { sampling: { ratio: 0.1, parentBased: true } }],
  ["OTEL_TRACES_EXPORTER", "zipkin", { target: { kind: "local store" } }],
  ["OTEL_RESOURCE_ATTRIBUTES", "shop", { resource: {} }],
])("%s=%s is a problem, and the default is taken", (place, value, expected) => {
  expect(settings({ [place]: value })).toMatchObject({ ...expected, problems: [{ place }] });
});
