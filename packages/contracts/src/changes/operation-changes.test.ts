import { describe, expect, test } from "vitest";
import { apiDocument, object, one, text } from "../../test/documents.ts";
import { type ApiDocument, compareDocuments, type OperationDocument, type Step } from "../index.ts";

describe("operations", () => {
  const changed = (
    from: Partial<OperationDocument>,
    to: Partial<OperationDocument>,
  ): readonly (readonly [string, Step])[] =>
    compareDocuments(apiDocument(from), apiDocument(to)).findings.map(({ rule, step }) => [rule, step]);

  test("routes, kinds, refusals and access", () => {
    expect(changed({}, { path: "/purchases" })).toEqual([["path-changed", "major"]]);
    expect(changed({}, { method: "PUT" })).toEqual([["method-changed", "major"]]);
    expect(changed({ kind: "query" }, {})).toEqual([["operation-kind-changed", "major"]]);
    expect(changed({}, { refusals: { SoldOut: object({}) } })).toEqual([["refusal-added", "major"]]);
    expect(changed({ refusals: { SoldOut: object({}) } }, {})).toEqual([["refusal-removed", "minor"]]);
    expect(changed({ refusals: { SoldOut: one(text) } }, { refusals: { SoldOut: object({}) } })).toEqual([
      ["property-removed-required", "major"],
    ]);
  });

  test("access opens from domains over permissions to anyone, and narrows on every other way", () => {
    const access = ["orders.write", "signed-in", "anyone"];
    for (const [index, wide] of access.entries()) {
      expect(changed({}, { access: wide })).toEqual([["access-opened", "minor"]]);
      expect(changed({ access: wide }, {})).toEqual([["access-narrowed", "major"]]);
      for (const narrow of access.slice(0, index)) {
        expect(changed({ access: narrow }, { access: wide })).toEqual([["access-opened", "minor"]]);
        expect(changed({ access: wide }, { access: narrow })).toEqual([["access-narrowed", "major"]]);
      }
    }
    expect(changed({ access: "orders.read" }, { access: "orders.write" })).toEqual([["access-narrowed", "major"]]);
  });

  test("answers for many keys, and page by page", () => {
    const ways = {
      batch: { keys: "ids", items: "all", key: "id" },
      pages: { after: "after", items: "all", next: "next" },
    } as const;
    for (const way of ["batch", "pages"] as const) {
      const said = { [way]: ways[way] };
      expect(changed({}, said)).toEqual([[`${way}-added`, "minor"]]);
      expect(changed(said, {})).toEqual([[`${way}-removed`, "major"]]);
      expect(changed(said, { [way]: { ...ways[way], items: "others" } })).toEqual([[`${way}-changed`, "major"]]);
      expect(changed(said, { [way]: Object.fromEntries(Object.entries(ways[way]).reverse()) })).toEqual([]);
    }
  });

  test("operations that come and go", () => {
    const none: ApiDocument = { ...apiDocument({}), operations: {} };
    expect(compareDocuments(none, apiDocument({}))).toMatchObject({
      step: "minor",
      findings: [{ rule: "operation-added" }],
    });
    expect(compareDocuments(apiDocument({}), none)).toMatchObject({
      step: "major",
      findings: [{ rule: "operation-removed", pointer: "/operations/place" }],
    });
  });
});
