import { expect, test } from "vitest";
import { api, query } from "./index.ts";

/** An API whose operation is open to somebody; also to what no compiler has looked at. */
const openTo = (access: unknown) =>
  api("inventory", { versions: { "1.0.0": { stock: query("GET /stock", { access: access as string }) } } });

test.each(["anyone", "signed-in", "orders.write", "orders:write", "api://orders/Write_all"])("%j may come", (who) => {
  expect(openTo(who).versions["1.0.0"].stock.access).toBe(who);
});

test("nobody may come where nothing is said", () => {
  expect(query("GET /stock")).not.toHaveProperty("access");
});

test.each(["", " ", "orders write", "a".repeat(101), "-orders", null, true, ["anyone"], {}])("%j is nobody", (who) => {
  expect(() => openTo(who)).toThrow(
    expect.objectContaining({
      code: "DECLARATION_INVALID",
      details: expect.objectContaining({
        problems: [
          { place: 'versions["1.0.0"].stock.access', problem: expect.stringContaining('write "anyone", "signed-in"') },
        ],
      }),
    }),
  );
});
