import { api, command, query } from "@polder/model";
import { expect, test } from "vitest";
import type { Route } from "./operation-table.ts";
import { bySpecificity, unknownRoute } from "./routing.ts";

const living = ["1.2.0"];
const route = (method: Route["method"], path: string): Route => {
  const declared = method === "GET" ? query("GET /x") : command("POST /x");
  return {
    api: "stock",
    major: 1,
    version: "1.2.0",
    operation: "x",
    method,
    path: `/stock/v1${path}`,
    declared,
    living,
  };
};
const routes = [
  route("GET", "/:sku"),
  route("GET", "/top"),
  route("PUT", "/:sku"),
  route("GET", "/:sku/lots/:lot"),
  route("GET", "/:sku/lots/last"),
  route("GET", "/~test"),
];

const stock = api("stock", { versions: { "1.2.0": { x: query("GET /x") } } });

test("literal segments are tried before parameters", () => {
  const paths = bySpecificity(routes).map(({ method, path }) => `${method} ${path.slice("/stock/v1".length)}`);
  expect(paths).toEqual([
    "GET /top",
    "GET /~test",
    "GET /:sku",
    "PUT /:sku",
    "GET /:sku/lots/last",
    "GET /:sku/lots/:lot",
  ]);
});

test.each([
  ["POST", "/stock/v1/a", "METHOD_NOT_ALLOWED", "GET, PUT"],
  ["GET", "/stock/v2/a", "VERSION_UNKNOWN", "1.2.0"],
  ["GET", "/stock/v1.2.0/a", "VERSION_UNKNOWN", "version v1.2.0; living are 1.2.0"],
  ["GET", "/stock/a/b/c/d", "OPERATION_UNKNOWN", "GET /stock/a/b/c/d;"],
  ["POST", "/stock/a", "METHOD_NOT_ALLOWED", "/stock/a takes GET, PUT"],
  ["GET", "/stock/v1/a/b/c/d", "OPERATION_UNKNOWN", "GET /stock/v1/top"],
  ["GET", "/stock/v1/", "OPERATION_UNKNOWN", "GET /stock/v1/top"],
  ["GET", "/", "OPERATION_UNKNOWN", "/stock/v1/…"],
])("%s %s is %s, which names %s", (method, path, code, named) => {
  expect(unknownRoute({ operations: routes, apis: [stock] }, { method, path })).toMatchObject({
    code,
    message: expect.stringContaining(named),
  });
});
