import { Parser } from "@asyncapi/parser";
import { createClient } from "@hey-api/openapi-ts";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import openapiTypescript, { astToString } from "openapi-typescript";
import { DEV_TOKEN_PATH } from "polder";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shop } from "../domains/all-domains.ts";
import { type ClientFolder, clientFolder, fetchProgram, openApiTsProgram } from "./generated-clients.ts";
import { runShop } from "./running-shop.ts";

interface ListedDocument {
  readonly kind: "openapi" | "asyncapi" | "schema" | "changelog";
  readonly contract?: string;
  readonly audience?: string;
  readonly href: string;
}

let opened: AsyncDisposableStack;
let gateway: string;
let documents: readonly ListedDocument[];

beforeAll(async () => {
  opened = new AsyncDisposableStack();
  const declarations = () => shop.map(({ domain }) => domain);
  const { host } = opened.use(
    await runShop(shop, { gateway: { declarations, issuer: "development", documents: "all" } }),
  );
  gateway = host.gateway ?? "";
  documents = (JSON.parse(await read("/contracts")) as { documents: ListedDocument[] }).documents;
});
afterAll(() => opened.disposeAsync());

async function read(href: string): Promise<string> {
  const answer = await fetch(gateway + href);
  expect(answer.status).toBe(200);
  return await answer.text();
}

function listed(kind: ListedDocument["kind"]): readonly ListedDocument[] {
  return documents.filter((document) => document.kind === kind);
}

async function openApi(contract: string): Promise<string> {
  const found = listed("openapi").find((one) => one.contract === contract && one.audience === "gateway");
  return await read(found?.href ?? "");
}

describe("documents of the shop", { timeout: 120_000 }, () => {
  test("Redocly accepts every OpenAPI document", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    expect(listed("openapi").length).toBeGreaterThan(8);
    for (const { href } of listed("openapi")) {
      const problems = await lintFromString({ source: await read(href), absoluteRef: `${gateway}${href}`, config });
      const others = problems.filter(({ ruleId }) => ruleId !== "info-license");
      expect(others.map(({ ruleId, message, location }) => [href, ruleId, message, location[0]?.pointer])).toEqual([]);
    }
  });

  test("the parser of AsyncAPI accepts every AsyncAPI document", async () => {
    const parser = new Parser();
    expect(listed("asyncapi")).toHaveLength(shop.length);
    for (const { href } of listed("asyncapi")) {
      const { document, diagnostics } = await parser.parse(await read(href));
      expect(diagnostics.map(({ code, message, path }) => [href, code, message, path.join("/")])).toEqual([]);
      expect(document?.operations().length).toBeGreaterThan(0);
    }
  });
});

describe("a client that is generated from the documents compiles, buys, and is refused in words", {
  timeout: 120_000,
}, () => {
  const bought = { unitCents: 5, totalCents: 5, available: 1 };
  const contracts = ["customer", "inventory", "order"];
  let folder: ClientFolder;

  beforeAll(async () => {
    folder = opened.use(await clientFolder());
  });

  async function buyWith(program: string): Promise<unknown> {
    const body = new URLSearchParams({ subject: "ada", scope: "stock.write prices.write" });
    const token = await fetch(gateway + DEV_TOKEN_PATH, { method: "POST", body, headers: { accept: "text/plain" } });
    const { buy } = (await import(/* @vite-ignore */ program)) as {
      readonly buy: (url: string, token: string) => Promise<unknown>;
    };
    return await buy(gateway, await token.text());
  }

  test("by openapi-typescript", async () => {
    for (const contract of contracts) {
      const types = astToString(await openapiTypescript(await openApi(contract)));
      await folder.write(`fetch/${contract}.ts`, types);
    }
    const program = await folder.write("fetch/program.ts", fetchProgram);
    expect(await folder.compile()).toBe("");
    expect(await buyWith(program)).toEqual(bought);
  });

  test("by openapi-ts", async () => {
    for (const contract of contracts) {
      const input = JSON.parse(await openApi(contract)) as Record<string, unknown>;
      await createClient({ input, output: `${folder.path}/openapi-ts/${contract}`, logs: { level: "silent" } });
    }
    const program = await folder.write("openapi-ts/program.ts", openApiTsProgram);
    expect(await folder.compile()).toBe("");
    expect(await buyWith(program)).toEqual(bought);
  });
});
