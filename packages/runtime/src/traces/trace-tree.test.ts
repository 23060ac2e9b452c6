import { expect, test } from "vitest";
import type { StoredSpan } from "./trace-store.ts";
import { type TraceNode, traceTree } from "./trace-tree.ts";

const traceId = "a".repeat(32);

function span(name: string, from: number, to: number, parent?: string, more: Partial<StoredSpan> = {}): StoredSpan {
  return {
    traceId,
    spanId: name,
    ...(parent === undefined ? {} : { parentSpanId: parent }),
    name,
    startMs: 1_000 + from,
    endMs: 1_000 + to,
    attributes: {},
    links: [],
    pid: 1,
    ...more,
  };
}

/** `*` before what is critical, `>` before what is linked, children in brackets. */
function drawn(nodes: readonly TraceNode[]): string {
  return nodes
    .map(({ span: { name }, critical, linked, children }) => {
      const below = children.length === 0 ? "" : `(${drawn(children)})`;
      return `${linked ? ">" : ""}${critical ? "*" : ""}${name}${below}`;
    })
    .join(" ");
}

test("children stand below what led to them, in the order in which they began, however they were written", () => {
  const spans = [span("c", 5, 6, "a"), span("d", 2, 3, "b"), span("b", 1, 4, "a"), span("a", 0, 10)];
  expect(drawn(traceTree(traceId, spans))).toBe("*a(*b(*d) *c)");
});

test("of children at the same time only the last to end is critical, and what came before it", () => {
  const spans = [
    span("root", 0, 20),
    span("look", 0, 2, "root"),
    span("short", 3, 9, "root"),
    span("long", 3, 15, "root"),
    span("inside", 4, 14, "long"),
    span("commit", 16, 19, "root"),
  ];
  expect(drawn(traceTree(traceId, spans))).toBe("*root(*look short *long(*inside) *commit)");
});

test("an event goes on after the command that published it, and the commit is a part of its way", () => {
  const spans = [
    span("handle", 0, 10),
    span("publish", 3, 3.1, "handle"),
    span("commit", 5, 9, "handle"),
    span("relay", 4, 14, "publish"),
    span("deliver to few", 15, 18, "publish"),
    span("deliver to many", 16, 30, "publish"),
    span("handle many", 16, 29, "deliver to many"),
  ];
  expect(drawn(traceTree(traceId, spans))).toBe(
    "*handle(*publish(*relay deliver to few *deliver to many(*handle many)) *commit)",
  );
});

test("spans whose parent is elsewhere are roots; only the one that ends last is critical", () => {
  const spans = [span("one", 0, 5, "lost"), span("two", 1, 9, "lost too")];
  expect(drawn(traceTree(traceId, spans))).toBe("one *two");
});

test("a batch of another trace stands below the event of this one that was in it", () => {
  const batch = span("deliver", 5, 9, "theirs", { traceId: "b".repeat(32), links: [{ traceId, spanId: "publish" }] });
  expect(drawn(traceTree(traceId, [span("publish", 0, 1), batch]))).toBe("*publish(>*deliver)");
});

test("the way of an event through the relay is told by each of its subscriptions, and shown once", () => {
  const relay = (spanId: string) =>
    span("relay x", 1, 2, "publish", { spanId, attributes: { "polder.event_id": "1" } });
  expect(drawn(traceTree(traceId, [span("publish", 0, 1), relay("r1"), relay("r2")]))).toBe("*publish(*relay x)");
});

test("a trace without spans is empty", () => {
  expect(traceTree(traceId, [])).toEqual([]);
});
