import { jsonSchemaOf, type Missing } from "@polder/model";
import { expect, test } from "vitest";
import { z } from "zod";
import { missingSources } from "./index.ts";

test("the field says what Polder says, and may say more in time", () => {
  const schema = z.object({ missing: missingSources() });
  const missing: readonly (Missing & { readonly since?: string })[] = [
    { source: "payments", code: "CALL_UNREACHABLE" },
    { source: "reviews", code: "REFUSED", refusal: "Closed" },
    { source: "stock", code: "CALL_CIRCUIT_OPEN", substituted: true, since: "today" },
  ];
  expect(schema.parse({ missing })).toEqual({ missing });
  expect(schema.safeParse({ missing: [{ source: "payments" }] }).success).toBe(false);
  const { items } = (jsonSchemaOf(schema, "input")["properties"] as Record<string, { items: object }>)["missing"] ?? {};
  expect(items).toMatchObject({ required: ["source", "code"], additionalProperties: {} });
});
