import type { Position } from "@polder/model";
import { expect, test } from "vitest";
import { type ServingCopy, wantedCopies } from "./wanted-copies.ts";

const copy = (name: string, ...events: readonly string[]): ServingCopy => ({
  name,
  subscription: `read-model-${name}-v1`,
  isFilled: true,
  publishers: [...new Set(events.map((event) => event.split(".", 1)[0] ?? ""))],
  events,
});
const history = copy("history", "order.Placed", "order.Cancelled", "payment.Paid");
const names = copy("names", "customer.Renamed");
const position = (publisher: string, ...events: readonly string[]): Position => ({
  publisher,
  deployment: "0123456789abcdef",
  xid: "1",
  ...(events.length === 0 ? {} : { events }),
});

/** Which position waits for which copy, and for what. */
function wanted(positions: readonly Position[], reads?: readonly string[]): readonly object[] {
  return wantedCopies(positions, [history, names], reads).map(({ copy: { name }, index, events }) => ({
    name,
    index,
    events,
  }));
}

test("a position waits for the copies that are built from its events, and for these alone", () => {
  expect(
    wanted([
      position("order", "order.Placed", "order.Packed"),
      position("customer", "customer.Renamed"),
      position("payment"),
    ]),
  ).toEqual([
    { name: "history", index: 0, events: ["order.Placed"] },
    { name: "names", index: 1, events: ["customer.Renamed"] },
    { name: "history", index: 2, events: ["payment.Paid"] },
  ]);
});

test("a position waits for nothing where no copy is built from its events", () => {
  expect(wanted([position("order", "order.Packed"), position("stock"), position("customer", "order.Placed")])).toEqual(
    [],
  );
});

test("only what the query reads is waited for; a query that reads no copy waits for none", () => {
  const both = [position("order"), position("customer")];
  expect(wanted(both, ["names"])).toEqual([{ name: "names", index: 1, events: ["customer.Renamed"] }]);
  expect(wanted(both, [])).toEqual([]);
});
