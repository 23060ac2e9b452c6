import { Parser } from "@asyncapi/parser";
import { createClient } from "@hey-api/openapi-ts";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import openapiTypescript, { astToString } from "openapi-typescript";
import { DEV_TOKEN_PATH } from "polder";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shop } from "../domains/all-domains.ts";
import { type ClientFolder, clientFolder, fetchProgram, openApiTsProgram } from "./generated-clients.ts";
import { runShop } from "./running-shop.ts";

interface ReadDocument {
  readonly kind: "openapi" | "asyncapi" | "schema" | "changelog";
  readonly contract?: string;
  readonly audience?: string;
  readonly href: string;
  readonly text: string;
}

let opened: AsyncDisposableStack;
let gateway: string;
let documents: readonly ReadDocument[];

beforeAll(async () => {
  opened = new AsyncDisposableStack();
  const declarations = () => shop.map(({ domain }) => domain);
  const { host } = opened.use(
    await runShop(shop, { gateway: { declarations, issuer: "development", documents: "all" } }),
  );
  gateway = host.gateway ?? "";
  const { documents: listed } = JSON.parse(await read("/contracts")) as { documents: ReadDocument[] };
  documents = await Promise.all(listed.map(async (one) => ({ ...one, text: await read(one.href) })));
});
afterAll(() => opened.disposeAsync());

async function read(href: string): Promise<string> {
  // The tools keep this process busy for seconds: a connection that is kept meanwhile may be closed when it is used.
  const answer = await fetch(gateway + href, { headers: { connection: "close" } });
  expect(answer.status).toBe(200);
  return await answer.text();
}

const ofKind = (kind: ReadDocument["kind"]) => documents.filter((document) => document.kind === kind);

describe("documents of the shop", { timeout: 120_000 }, () => {
  test("Redocly accepts every OpenAPI document", async () => {
    const config = await createConfig({ extends: ["recommended"] });
    expect(ofKind("openapi").length).toBeGreaterThan(shop.length);
    for (const { href, text } of ofKind("openapi")) {
      const problems = await lintFromString({ source: text, absoluteRef: `${gateway}${href}`, config });
      const others = problems.filter(({ ruleId }) => ruleId !== "info-license");
      expect(others.map(({ ruleId, message, location }) => [href, ruleId, message, location[0]?.pointer])).toEqual([]);
    }
  });

  test("the parser of AsyncAPI accepts every AsyncAPI document", async () => {
    const parser = new Parser();
    expect(ofKind("asyncapi")).toHaveLength(shop.length);
    for (const { href, text } of ofKind("asyncapi")) {
      const { document, diagnostics } = await parser.parse(text);
      expect(diagnostics.map(({ code, message, path }) => [href, code, message, path.join("/")])).toEqual([]);
      expect(document?.operations().length).toBeGreaterThan(0);
    }
  });
});

describe("clients that are generated from the documents", { timeout: 120_000 }, () => {
  let folder: ClientFolder;

  beforeAll(async () => {
    folder = opened.use(await clientFolder());
    for (const contract of ["customer", "inventory", "order"]) {
      const found = ofKind("openapi").find((one) => one.contract === contract && one.audience === "gateway");
      const text = found?.text ?? "";
      await folder.write(`fetch/${contract}.ts`, astToString(await openapiTypescript(text)));
      const input = JSON.parse(text) as Record<string, unknown>;
      await createClient({ input, output: `${folder.path}/openapi-ts/${contract}`, logs: { level: "silent" } });
    }
    await folder.write("fetch/program.ts", fetchProgram);
    await folder.write("openapi-ts/program.ts", openApiTsProgram);
  }, 120_000);

  test("compile", async () => {
    expect(await folder.compile()).toBe("");
  });

  test.each(["fetch", "openapi-ts"])("buy, and are refused in words: %s", async (generator) => {
    const { buy } = (await import(/* @vite-ignore */ `${folder.path}/${generator}/program.ts`)) as {
      readonly buy: (url: string, token: string) => Promise<unknown>;
    };
    const body = new URLSearchParams({ subject: "ada", scope: "stock.write prices.write" });
    const token = await fetch(gateway + DEV_TOKEN_PATH, { method: "POST", body, headers: { accept: "text/plain" } });
    expect(await buy(gateway, await token.text())).toEqual({ unitCents: 5, totalCents: 5, available: 1 });
  });
});
