import type { StoredSpan } from "./trace-store.ts";

/** A span and what followed from it. */
export interface TraceNode {
  readonly span: StoredSpan;
  /** In the order in which they began. */
  readonly children: readonly TraceNode[];
  /** Does the end of the trace depend on it? */
  readonly critical: boolean;
  /** Begun by its parent, or, where it belongs to another trace, linked to it. */
  readonly linked: boolean;
}

/**
 * Puts the spans of one trace together. Spans whose parent is not there are roots. A span of another trace stands below
 * the first span of this trace that it is linked to. Pure.
 *
 * Critical is what the end of the trace has waited for: from its end backwards, of the children of a span always the one
 * that ended last before the moment that has been explained so far. A child that goes on after its parent, such as
 * the delivery of an event, is explained by all that its parent did until then.
 */
export function traceTree(traceId: string, spans: readonly StoredSpan[]): readonly TraceNode[] {
  const own = new Map(spans.filter((span) => span.traceId === traceId).map((span) => [span.spanId, span]));
  const childrenOf = new Map<StoredSpan | undefined, StoredSpan[]>();
  // Beginnings are known to the millisecond only: of two at the same time, the one that ended first comes first.
  for (const span of withoutRepetitions(spans).sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs)) {
    const parent = own.get(parentIdOf(span, traceId) ?? "");
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), span]);
  }
  const drafts = draft(childrenOf, undefined, traceId);
  const [last] = [...drafts].sort((a, b) => b.lastMs - a.lastMs);
  const critical = new Set<StoredSpan>();
  if (last !== undefined) explain(last, critical);
  const finish = ({ span, children, linked }: Draft): TraceNode => ({
    span,
    children: children.map(finish),
    critical: critical.has(span),
    linked,
  });
  return drafts.map(finish);
}

/** Every subscription tells of the way of its events through the relay: it was one way. */
function withoutRepetitions(spans: readonly StoredSpan[]): StoredSpan[] {
  const told = new Set<string>();
  return spans.filter(({ name, attributes, startMs }) => {
    if (!name.startsWith("relay ")) return true;
    const way = `${attributes["polder.event_id"]} ${startMs}`;
    const isNew = !told.has(way);
    told.add(way);
    return isNew;
  });
}

function parentIdOf(span: StoredSpan, traceId: string): string | undefined {
  if (span.traceId === traceId) return span.parentSpanId;
  return span.links.find((link) => link.traceId === traceId)?.spanId;
}

interface Draft {
  readonly span: StoredSpan;
  readonly children: readonly Draft[];
  readonly linked: boolean;
  /** When the last of it and of all that followed ended. */
  readonly lastMs: number;
}

function draft(
  childrenOf: ReadonlyMap<StoredSpan | undefined, readonly StoredSpan[]>,
  parent: StoredSpan | undefined,
  traceId: string,
): readonly Draft[] {
  return (childrenOf.get(parent) ?? []).map((span) => {
    const children = draft(childrenOf, span, traceId);
    const lastMs = Math.max(span.endMs, ...children.map((child) => child.lastMs));
    return { span, children, linked: span.traceId !== traceId, lastMs };
  });
}

function explain(node: Draft, critical: Set<StoredSpan>): void {
  critical.add(node.span);
  let untilMs = node.lastMs;
  for (const child of [...node.children].sort((a, b) => b.lastMs - a.lastMs)) {
    if (child.lastMs > untilMs) continue;
    explain(child, critical);
    const goesOn = child.lastMs > node.span.endMs;
    untilMs = goesOn ? Math.max(node.span.endMs, child.span.startMs) : child.span.startMs;
  }
}
