import { describe, expect, test } from "vitest";
import { z } from "zod";
import { api, command, domain, event, isPolderError, need, type Problem, query, team } from "./index.ts";

const text = z.object({ sku: z.string() });
const Inventory = api("inventory", {
  versions: {
    "1.0.0": { reserve: command("POST /reservations"), available: query("GET /stock/:sku", { input: text }) },
  },
});
const Counted = event("inventory.Counted", { key: "sku", versions: { "1.0.0": text } });
const shape = { owner: team("Warehouse", { contact: "#warehouse" }), capability: "Take orders" };

/** The mistakes for which a domain with this need is refused, each as "place: problem". */
function mistakesWith(contract: typeof Inventory | typeof Counted, options: unknown): readonly string[] {
  try {
    // What a program says that no compiler has looked at: Node runs TypeScript without checking it.
    domain("order", { ...shape, needs: [need(contract, "1.0.0", options as never)] });
  } catch (error) {
    if (!isPolderError(error, "DECLARATION_INVALID")) throw error;
    const { problems } = error.details as { readonly problems: readonly Problem[] };
    return problems.map(({ place, problem }) => `${place}: ${problem}`);
  }
  return [];
}

describe("what a need says about the failure of the other side", () => {
  test("is taken as it is, and a need is essential unless it says otherwise", () => {
    const fallbacks = { available: () => null };
    expect(need(Inventory, "1.0.0", { essential: false, fallbacks, hedgeAfterMs: 50 })).toEqual({
      contract: Inventory,
      version: "1.0.0",
      essential: false,
      fallbacks,
      hedgeAfterMs: 50,
    });
    expect(need(Inventory, "1.0.0")).toEqual({ contract: Inventory, version: "1.0.0", essential: true });
    expect(mistakesWith(Inventory, { essential: false, fallbacks, hedgeAfterMs: 50 })).toEqual([]);
  });

  test("is refused with all its mistakes and their places", () => {
    const options = {
      essential: "no",
      hedgeAfterMs: 0,
      hedgeAfter: 50,
      fallbacks: { available: { sku: "a" }, reserve: () => null, toString: () => null },
    };
    expect(mistakesWith(Inventory, options)).toEqual([
      "needs[0].hedgeAfter: is no option; there are essential, fallbacks, consistency, hedgeAfterMs",
      "needs[0].essential: must be true or false",
      "needs[0].hedgeAfterMs: must be a whole number of milliseconds above 0",
      "needs[0].fallbacks.available: is no function; write (input) => output",
      "needs[0].fallbacks.reserve: is a command; nothing can stand in for what a command does",
      'needs[0].fallbacks.toString: "inventory" has no operation "toString" at 1.0.0',
    ]);
    expect(mistakesWith(Inventory, { fallbacks: "none" })).toEqual([
      "needs[0].fallbacks: is no object; write fallbacks: { query: (input) => output }",
    ]);
  });

  test("is nothing where it is an event that is needed", () => {
    const options = { essential: false, hedgeAfterMs: 5 };
    expect(mistakesWith(Counted, options)).toEqual([
      'needs[0].essential: is for APIs; the event "inventory.Counted" is not called',
      'needs[0].hedgeAfterMs: is for APIs; the event "inventory.Counted" is not called',
    ]);
  });
});
