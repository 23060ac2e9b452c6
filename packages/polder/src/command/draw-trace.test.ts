import type { StoredSpan } from "@polder/runtime";
import { traceTree } from "@polder/runtime";
import { expect, test } from "vitest";
import { drawTrace, timeInWords } from "./draw-trace.ts";

const traceId = "a".repeat(32);
const begunMs = Date.UTC(2026, 0, 1);

function span(name: string, from: number, to: number, parent?: string, more: Partial<StoredSpan> = {}): StoredSpan {
  return {
    traceId,
    spanId: more.spanId ?? name,
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name,
    startMs: begunMs + from,
    endMs: begunMs + to,
    attributes: { "polder.domain": "order" },
    links: [],
    pid: 1,
    ...more,
  };
}

const draw = (spans: readonly StoredSpan[], all = false) => drawTrace(traceId, traceTree(traceId, spans), { all });

const short = (number: number, parent: string): StoredSpan =>
  span("publish order.Placed", number, number + 0.1, parent, { spanId: `short ${number}` });

test("a trace is a tree with times, domains and its critical path; short spans beside each other are one line", () => {
  const spans = [
    span("serve order.place", 0, 200),
    span("handle order.place", 1, 190, "serve order.place"),
    ...[1, 2, 3, 4].map((number) => short(number, "handle order.place")),
    span("call inventory.reserve", 10, 60, "handle order.place"),
    span("commit", 150, 180, "handle order.place"),
    span("serve inventory.reserve", 12, 55, "call inventory.reserve", {
      attributes: { "polder.domain": "inventory", "polder.refusal": "OutOfStock" },
      pid: 2,
    }),
  ];
  expect(draw(spans)).toBe(`trace ${traceId}, began 2026-01-01T00:00:00.000Z, took 200 ms, 9 spans, 2 processes

   START     TOOK  DOMAIN     PROCESS    SPAN
+0.00 ms   200 ms  order      1        * serve order.place
+1.00 ms   189 ms  order      1        * └─ handle order.place
+1.00 ms  0.40 ms  order      1        *    ├─ … 4 short spans: 4 x publish order.Placed
+10.0 ms  50.0 ms  order      1        *    ├─ call inventory.reserve
+12.0 ms  43.0 ms  inventory  2        *    │  └─ serve inventory.reserve (refused: OutOfStock)
 +150 ms  30.0 ms  order      1        *    └─ commit

* the end of the trace has waited for it`);
});

test("runs of three and more are folded, also different ones and those that nothing waited for, unless all is asked for", () => {
  const spans = [
    span("serve order.place", 0, 200),
    span("long", 0, 200, "serve order.place"),
    ...[1, 2, 3].map((number) => short(number, "serve order.place")),
    span("commit", 4, 4.5, "serve order.place"),
  ];
  expect(draw(spans).split("\n").slice(3, 7)).toEqual([
    "+0.00 ms   200 ms  order   * serve order.place",
    "+0.00 ms   200 ms  order   * ├─ long",
    "+1.00 ms  0.80 ms  order     └─ … 4 short spans: 3 x publish order.Placed, commit",
    "",
  ]);
  expect(draw(spans, true)).toContain("  └─ commit");
});

test("what failed says why, a batch how many, and what belongs to another trace to which", () => {
  const other = "b".repeat(32);
  const spans = [
    span("publish order.Placed", 0, 1),
    span("deliver order.Placed", 5, 9, "elsewhere", {
      traceId: other,
      links: [{ traceId, spanId: "publish order.Placed" }],
      attributes: { "polder.domain": "payment", "polder.events": 7 },
      error: "out of luck\n  at somewhere",
    }),
  ];
  const drawn = draw(spans);
  expect(drawn).toContain("FAILED in 1 of them");
  expect(drawn).toContain(`└─ deliver order.Placed (7 events, in trace ${other})  FAILED: out of luck\n`);
});

test.each([
  [0.004, "0.00 ms"],
  [9.994, "9.99 ms"],
  [25.55, "25.6 ms"],
  [900, "900 ms"],
  [12_345, "12.3 s"],
])("%d ms is %s", (ms, text) => {
  expect(timeInWords(ms)).toBe(text);
});
