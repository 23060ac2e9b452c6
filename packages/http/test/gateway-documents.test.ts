import { domain, event, team } from "@polder/model";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { DEV_TOKEN_PATH, type Gateway, type ServedDocuments, startGateway } from "../src/index.ts";
import { Prices, prices } from "./price-list.ts";

const PriceSet = event("prices.PriceSet", { key: "sku", versions: { "1.0.0": z.object({ sku: z.string() }) } });
const declared = domain("prices", {
  owner: team("Sales", { contact: "#sales" }),
  capability: "Know what goods cost",
  publishes: [Prices, PriceSet],
});

let opened: AsyncDisposableStack;
beforeEach(() => {
  opened = new AsyncDisposableStack();
});
afterEach(() => opened.disposeAsync());

async function gatewayWith(documents?: ServedDocuments): Promise<Gateway> {
  const findTransport = () => {
    throw new Error("documents need no domain");
  };
  const said = documents === undefined ? {} : { documents };
  return opened.use(await startGateway({ domains: [declared], findTransport, issuer: "development", ...said }));
}

async function listed({ url }: Gateway): Promise<readonly string[]> {
  const { documents } = (await (await fetch(`${url}/contracts`)).json()) as { documents: { href: string }[] };
  return documents.map(({ href }) => href);
}

describe("the gateway tells everybody", () => {
  test("what the contracts open, and nothing else", async () => {
    const gateway = await gatewayWith();
    const hrefs = await listed(gateway);
    expect(hrefs).toEqual([
      "/contracts/prices/1.0.0/openapi.json",
      "/contracts/prices/1.0.0/schema.json",
      "/contracts/prices/1.0.0/schema.draft-07.json",
    ]);
    for (const href of hrefs) {
      const text = await (await fetch(gateway.url + href)).text();
      expect(text).toContain("setPrice");
      expect(text).not.toContain("costOf");
      expect(text).not.toContain("PriceSet");
    }
    for (const path of ["/contracts/prices/asyncapi.json", "/contracts/prices.PriceSet/1.0.0/schema.json"]) {
      const answer = await fetch(gateway.url + path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: "OPERATION_UNKNOWN" });
    }
  });

  test("all, where the configuration says so", async () => {
    const gateway = await gatewayWith("all");
    expect(await listed(gateway)).toEqual([
      "/contracts/prices/1.0.0/openapi.json",
      "/contracts/prices/1.0.0/openapi.domains.json",
      "/contracts/prices/1.0.0/schema.json",
      "/contracts/prices/1.0.0/schema.draft-07.json",
      "/contracts/prices/changelog.md",
      "/contracts/prices.PriceSet/1.0.0/schema.json",
      "/contracts/prices.PriceSet/1.0.0/schema.draft-07.json",
      "/contracts/prices.PriceSet/changelog.md",
      "/contracts/prices/asyncapi.json",
    ]);
    const answer = await fetch(`${gateway.url}/contracts/prices/1.0.0/openapi.domains.json`);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(await answer.json()).toHaveProperty("paths./prices/v1/costs/{sku}");
  });

  test("nothing, where it says so", async () => {
    const gateway = await gatewayWith("none");
    expect((await fetch(`${gateway.url}/contracts`)).status).toBe(404);
  });
});

test.each<[status: number, code: string, method: string, path: string, init?: RequestInit]>([
  [400, "INPUT_INVALID", "get", "/prices/v1/prices/{sku}", {}],
  [401, "USER_MISSING", "post", "/prices/v1/orders", {}],
  [401, "USER_TOKEN_INVALID", "get", "/prices/v1/prices/{sku}", { headers: { authorization: "Bearer none" } }],
  [403, "PERMISSION_MISSING", "put", "/prices/v1/prices/{sku}", { headers: { authorization: "ada" } }],
])("the document says that a call may be answered with %i %s", async (status, code, method, template, init) => {
  const { url } = await gatewayWith();
  const headers = new Headers(init?.headers);
  if (headers.get("authorization") === "ada") {
    const body = new URLSearchParams({ subject: "ada" });
    const token = await fetch(url + DEV_TOKEN_PATH, { method: "POST", body, headers: { accept: "text/plain" } });
    headers.set("authorization", `Bearer ${await token.text()}`);
  }
  const path = `${template.replace("{sku}", "a")}${status === 400 ? "?unknown=1" : ""}`;
  const answer = await fetch(url + path, { method: method.toUpperCase(), headers });
  expect(answer.status).toBe(status);
  expect(await answer.json()).toMatchObject({ code });
  const document = (await (await fetch(`${url}/contracts/prices/1.0.0/openapi.json`)).json()) as {
    readonly paths: Record<string, Record<string, { responses: Record<string, { description: string }> }>>;
  };
  expect(document.paths[template]?.[method]?.responses[status]?.description).toContain(`\`${code}\``);
});

test("whoever has a document already is told that it is the same, until it is another one", async () => {
  const gateway = await gatewayWith("all");
  const url = `${gateway.url}/contracts/prices/1.0.0/openapi.json`;
  const first = await fetch(url);
  const tag = first.headers.get("etag") ?? "";
  expect(first.headers.get("cache-control")).toBe("no-cache");
  const again = await fetch(url, { headers: { "if-none-match": tag } });
  expect({ status: again.status, text: await again.text() }).toEqual({ status: 304, text: "" });
  gateway.replace([prices]);
  expect((await fetch(url, { headers: { "if-none-match": tag } })).status).toBe(304);
  expect((await fetch(`${gateway.url}/contracts/prices/asyncapi.json`)).status).toBe(404);
});
