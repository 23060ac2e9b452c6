import { expect, test } from "vitest";
import { configProblems } from "./config-problems.ts";

const places = (config: unknown): readonly string[] => configProblems(config).map(({ place }) => place);

test.each([
  { domains: ["./order"] },
  {
    domains: ["./order"],
    database: "postgres://localhost/shop",
    http: { host: "0.0.0.0", port: 0 },
    databases: { payment: "postgres://localhost/payment", order: "ORDER_DATABASE", stock: "embedded:stock" },
    urls: { payment: "https://payment.example", stock: ["http://a:4000", "http://b:4000"] },
    calls: { concurrentMax: 32, queueMax: 0, failureRateMax: 1, attemptsMax: 10 },
    identity: { publicKeys: "https://keys.example/polder.json", clockToleranceSeconds: 10 },
    gateway: {
      port: 80,
      issuer: { issuer: "https://id.example", audience: "shop", permissionClaims: ["roles"], clockToleranceSeconds: 0 },
      rateLimit: { perSecond: 0.5, burst: 1 },
      composes: ["storefront"],
    },
    registry: { host: "127.0.0.1", port: 0, incompatibleCode: 40901 },
    connectionsMax: 2,
    prepare: false,
    retention: { eventsDays: 0.5, answersDays: 30, sagasDays: 1, usesDays: 90, partitionRows: 10_000 },
    traces: { ratio: 0.5, bytesMax: 1_048_576 },
    metrics: false,
    slow: { statementMs: 100, handlerMs: 200 },
  },
  { domains: ["./order"], traces: false },
])("%j is right", (config) => {
  expect(configProblems(config)).toEqual([]);
});

test.each([undefined, null, [], "domains", 5])("%j is no configuration", (config) => {
  expect(places(config)).toEqual(["default export"]);
});

test.each([
  [{}, ["domains"]],
  [{ domains: [] }, ["domains"]],
  [{ domains: "./order" }, ["domains"]],
  [{ domains: ["./order", 5, ""] }, ["domains[1]", "domains[2]"]],
  [{ domains: ["./order"], http: 4000 }, ["http"]],
  [
    { domains: ["./order"], registry: { port: "x", incompatibleCode: 1 } },
    ["registry.port", "registry.incompatibleCode"],
  ],
  [{ domains: ["./order"], gateway: { registry: true } }, ["gateway.registry"]],
  [{ domains: ["./order"], gateway: { composes: "storefront" } }, ["gateway.composes"]],
  [{ domains: ["./order"], gateway: { composes: ["storefront", "storefront"] } }, ["gateway.composes"]],
  [{ domains: ["./order"], gateway: { composes: [5] } }, ["gateway.composes"]],
  [
    { domains: ["./order"], gateway: { registry: { write: "no blanks", all: "anyone" } } },
    ["gateway.registry.all", "gateway.registry.read", "gateway.registry.write"],
  ],
  [{ domains: ["./order"], http: { port: -1, host: "" } }, ["http.host", "http.port"]],
  [{ domains: ["./order"], http: { port: 65_536 } }, ["http.port"]],
  [{ domains: ["./order"], http: { port: 1.5 } }, ["http.port"]],
  [{ domains: ["./order"], urls: ["http://localhost"] }, ["urls"]],
  [{ domains: ["./order"], urls: { payment: "payment:4000" } }, ["urls.payment"]],
  [{ domains: ["./order"], calls: 5 }, ["calls"]],
  [{ domains: ["./order"], calls: { concurrentMax: 0, retries: 3 } }, ["calls.concurrentMax", "calls.retries"]],
  [
    { domains: ["./order"], calls: { attemptsMax: 11, failureRateMax: 0 } },
    ["calls.attemptsMax", "calls.failureRateMax"],
  ],
  [{ domains: ["./order"], calls: { backoffMs: -1, openMs: "5s" } }, ["calls.backoffMs", "calls.openMs"]],
  [{ domains: ["./order"], urls: { payment: [], order: ["http://a:4000", 5] } }, ["urls.payment", "urls.order"]],
  [{ domains: ["./order"], databases: ["postgres://localhost/shop"] }, ["databases"]],
  [
    { domains: ["./order"], databases: { a: "order", b: "embedded:", c: "embedded:template1", d: 5 } },
    ["databases.a", "databases.b", "databases.c", "databases.d"],
  ],
  [{ domains: ["./order"], identity: true }, ["identity"]],
  [{ domains: ["./order"], identity: { publicKeys: "", keys: [] } }, ["identity.keys", "identity.publicKeys"]],
  [{ domains: ["./order"], identity: { clockToleranceSeconds: 61 } }, ["identity.clockToleranceSeconds"]],
  [{ domains: ["./order"], gateway: 80 }, ["gateway"]],
  [{ domains: ["./order"], gateway: { port: -1, issuer: "https://id.example" } }, ["gateway.port", "gateway.issuer"]],
  [{ domains: ["./order"], gateway: { documents: "some" } }, ["gateway.documents"]],
  [{ domains: ["./order"], gateway: { issuer: {} } }, ["gateway.issuer.issuer", "gateway.issuer.audience"]],
  [
    { domains: ["./order"], gateway: { rateLimit: { perSecond: 0, burst: 0.5, per: 1 } } },
    ["gateway.rateLimit.per", "gateway.rateLimit.perSecond", "gateway.rateLimit.burst"],
  ],
  [{ domains: ["./order"], connectionsMax: 1 }, ["connectionsMax"]],
  [{ domains: ["./order"], prepare: "no" }, ["prepare"]],
  [{ domains: ["./order"], connectionsMax: "20" }, ["connectionsMax"]],
  [{ domains: ["./order"], traces: true }, ["traces"]],
  [{ domains: ["./order"], metrics: 9_090 }, ["metrics"]],
  [{ domains: ["./order"], retention: 7 }, ["retention"]],
  [
    { domains: ["./order"], retention: { eventsDays: 0, answersDays: "1", sagas: 1, partitionRows: 100 } },
    ["retention.sagas", "retention.eventsDays", "retention.answersDays", "retention.partitionRows"],
  ],
  [{ domains: ["./order"], slow: 500 }, ["slow"]],
  [{ domains: ["./order"], slow: { statementMs: 0, handlerMs: "1 s" } }, ["slow.statementMs", "slow.handlerMs"]],
  [{ domains: ["./order"], traces: { ratio: 2, bytesMax: 1 } }, ["traces.ratio", "traces.bytesMax"]],
  [{ domains: ["./order"], traces: { rate: 1 } }, ["traces.rate"]],
  [{ domains: ["./order"], database: new URL("postgres://localhost/shop") }, ["database"]],
])("%j is wrong at %j", (config, expected) => {
  expect(places(config)).toEqual(expected);
});
