import { event } from "@polder/model";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { type ContractDocument, checkVersions, describeContract, nextVersion } from "../index.ts";

const first = z.object({ sku: z.string(), quantity: z.int() });

/** The documents of an event with these versions. */
function documents(versions: Readonly<Record<string, typeof first | z.ZodObject>>): readonly ContractDocument[] {
  const declared = event("inventory.StockReserved", { key: "sku", versions } as never);
  return Object.keys(versions).map((version) => describeContract(declared as never, version));
}

const rules = (...args: Parameters<typeof checkVersions>): readonly string[] =>
  checkVersions(...args).map(({ rule, version }) => `${rule} ${version}`);

test("nothing to say of versions that are written down and step as far as they cost", () => {
  const declared = documents({ "1.0.0": first, "1.1.0": first.extend({ note: z.string().optional() }) });
  expect(checkVersions({ declared, frozen: declared, base: declared })).toEqual([]);
});

test("a version that nobody wrote down", () => {
  expect(rules({ declared: documents({ "1.0.0": first }), frozen: [] })).toEqual(["version-unfrozen 1.0.0"]);
});

test("a published version that is declared otherwise, with what changed and the version to publish it as", () => {
  const frozen = documents({ "1.0.0": first });
  const declared = documents({ "1.0.0": first.extend({ note: z.string().optional() }) });
  const [finding, ...others] = checkVersions({ declared, frozen });
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ rule: "frozen-changed", version: "1.0.0", step: "minor" });
  expect(finding?.wayOut).toContain("as 1.1.0");
  expect(finding?.changes.length).toBeGreaterThan(0);
});

test("a published version that is gone, unless its major is retired", () => {
  const frozen = documents({ "1.0.0": first, "2.0.0": first.extend({ quantity: z.string() }) });
  const declared = frozen.filter(({ version }) => version === "2.0.0");
  expect(rules({ declared, frozen })).toEqual(["version-removed 1.0.0"]);
  const isRetired = (contract: string, major: number): boolean => contract === "inventory.StockReserved" && major === 1;
  expect(rules({ declared, frozen, isRetired })).toEqual([]);
});

test("a contract that is given up as a whole is found until its files are gone as well, and then once", () => {
  const frozen = documents({ "1.0.0": first });
  const [removed, ...others] = checkVersions({ declared: [], frozen });
  expect(others).toEqual([]);
  expect(removed).toMatchObject({
    rule: "version-removed",
    wayOut: expect.stringContaining("contracts/inventory.Stock"),
  });
  expect(checkVersions({ declared: [], frozen: [], base: frozen })).toMatchObject([
    { rule: "frozen-deleted", wayOut: expect.stringContaining("merge this knowingly") },
  ]);
  expect(checkVersions({ declared: [], frozen: [] })).toEqual([]);
});

test("files that are not what the base has: edited, and deleted", () => {
  const base = documents({ "1.0.0": first, "2.0.0": first.extend({ quantity: z.string() }) });
  const edited = documents({ "1.0.0": first.extend({ note: z.string().optional() }) });
  expect(rules({ declared: edited, frozen: edited, base })).toEqual(["frozen-edited 1.0.0", "frozen-deleted 2.0.0"]);
});

describe("a version that steps too little", () => {
  test("a minor that breaks readers names the change and the major to call it", () => {
    const declared = documents({ "1.0.0": first, "1.1.0": first.extend({ quantity: z.string() }) });
    const [finding, ...others] = checkVersions({ declared, frozen: declared });
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ rule: "step-too-small", version: "1.1.0", step: "major" });
    expect(finding?.wayOut).toContain("call it 2.0.0");
    expect(finding?.changes.every(({ step }) => step === "major")).toBe(true);
  });

  test("a patch that adds a field", () => {
    const declared = documents({ "1.0.0": first, "1.0.1": first.extend({ note: z.string().optional() }) });
    const [finding] = checkVersions({ declared, frozen: declared });
    expect(finding).toMatchObject({ rule: "step-too-small", version: "1.0.1", step: "minor" });
    expect(finding?.wayOut).toContain("call it 1.1.0");
  });

  test("is found against every earlier version: a name that went and came back with another type", () => {
    const declared = documents({
      "1.0.0": first.extend({ note: z.string().optional() }),
      "1.1.0": first,
      "1.2.0": first.extend({ note: z.int().optional() }),
    });
    const found = checkVersions({ declared, frozen: declared }).filter(({ version }) => version === "1.2.0");
    expect(found).toMatchObject([{ rule: "step-too-small", step: "major" }]);
    expect(found[0]?.problem).toContain("from 1.0.0");
  });

  test("a new major may change everything", () => {
    const declared = documents({ "1.0.0": first, "2.0.0": z.object({ sku: z.string() }) });
    expect(checkVersions({ declared, frozen: declared })).toEqual([]);
  });
});

test("an enum that says neither open nor closed, before it is published", () => {
  const sized = documents({ "1.0.0": first.extend({ size: z.enum(["s", "m"]) }) });
  const found = checkVersions({ declared: sized, frozen: [] });
  expect(found.map(({ rule }) => rule)).toEqual(["version-unfrozen", "enum-unstated"]);
  expect(found[1]?.wayOut).toContain('closedEnum("s", "m")');
  expect(checkVersions({ declared: sized, frozen: sized })).toEqual([]);
});

test("the version that a step leads to", () => {
  expect(nextVersion("1.4.2", "major")).toBe("2.0.0");
  expect(nextVersion("1.4.2", "minor")).toBe("1.5.0");
  expect(nextVersion("1.4.2", "patch")).toBe("1.4.3");
});
