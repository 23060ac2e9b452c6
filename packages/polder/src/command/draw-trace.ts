import { domainOfSpan, type TraceNode } from "@polder/runtime";

/** How to draw. */
export interface DrawOptions {
  /** Draw every span; otherwise runs of short ones are folded into a line each. */
  readonly all: boolean;
}

/** A span is short below this part of its trace; below a millisecond always. */
const SHORT_SHARE = 0.01;
const SHORT_MS = 1;
/** Short spans beside each other that are folded, at least. */
const RUN_MIN = 3;
/** Longest text of a failure on its line. */
const ERROR_LENGTH_MAX = 120;

/**
 * Draws a trace for a terminal: a span a line, below what led to it, with when it began and how long it took. `*` marks
 * what the end of the trace has waited for. Pure.
 */
export function drawTrace(traceId: string, roots: readonly TraceNode[], { all }: DrawOptions): string {
  const nodes = roots.flatMap(flat);
  const startMs = Math.min(...nodes.map(({ span }) => span.startMs));
  const durationMs = Math.max(...nodes.map(({ span }) => span.endMs)) - startMs;
  const pids = new Set(nodes.map(({ span }) => span.pid));
  const shortMs = all ? 0 : Math.max(SHORT_MS, durationMs * SHORT_SHARE);
  const lines = branches(roots, "", shortMs);
  const rows = [
    ["start", "took", "domain", ...(pids.size > 1 ? ["process"] : []), "  span"],
    ...lines.map(({ from, tookMs, domain, pid, text }) => [
      `+${timeInWords(from - startMs)}`,
      timeInWords(tookMs),
      domain,
      ...(pids.size > 1 ? [pid] : []),
      text,
    ]),
  ];
  const failed = nodes.filter(({ span }) => span.error !== undefined).length;
  const head = [
    `trace ${traceId}`,
    `began ${new Date(startMs).toISOString()}`,
    `took ${timeInWords(durationMs)}`,
    `${nodes.length} spans`,
    ...(pids.size > 1 ? [`${pids.size} processes`] : []),
    ...(failed > 0 ? [`FAILED in ${failed} of them`] : []),
  ];
  return `${head.join(", ")}\n\n${aligned(rows)}\n\n* the end of the trace has waited for it`;
}

/** A length of time for people: three digits, or whole seconds. */
export function timeInWords(ms: number): string {
  if (ms < 10) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

interface Line {
  readonly from: number;
  readonly tookMs: number;
  readonly domain: string;
  readonly pid: string;
  readonly text: string;
}

function branches(nodes: readonly TraceNode[], indent: string, shortMs: number, isTop = true): readonly Line[] {
  return runsOf(nodes, shortMs).flatMap((run, index, runs) => {
    const isLast = index === runs.length - 1;
    const stem = isTop ? "" : `${indent}${isLast ? "└─ " : "├─ "}`;
    const [first] = run;
    if (first === undefined) return [];
    if (run.length > 1) return [folded(run, stem)];
    const below = isTop ? "" : `${indent}${isLast ? "   " : "│  "}`;
    return [lineOf(first, stem), ...branches(first.children, below, shortMs, false)];
  });
}

/** Spans beside each other: those of a run together, each of the others by itself. */
function runsOf(nodes: readonly TraceNode[], shortMs: number): readonly (readonly TraceNode[])[] {
  const runs: TraceNode[][] = [];
  let isInRun = false;
  for (const node of nodes) {
    const short = isShort(node, shortMs);
    if (short && isInRun) runs.at(-1)?.push(node);
    else runs.push([node]);
    isInRun = short;
  }
  return runs.flatMap((run) => (run.length < RUN_MIN ? run.map((node) => [node]) : [run]));
}

function isShort({ span, linked, children }: TraceNode, shortMs: number): boolean {
  const isPlain = !linked && children.length === 0 && span.error === undefined;
  return isPlain && span.endMs - span.startMs < shortMs;
}

function lineOf({ span, critical, linked }: TraceNode, stem: string): Line {
  const batch = Number(span.attributes["polder.events"] ?? 1);
  const notes = [
    ...(batch > 1 ? [`${batch} events`] : []),
    ...(linked ? [`in trace ${span.traceId}`] : []),
    ...(typeof span.attributes["polder.refusal"] === "string" ? [`refused: ${span.attributes["polder.refusal"]}`] : []),
  ];
  const error = span.error === undefined ? "" : `  FAILED: ${firstLine(span.error || "no reason given")}`;
  return {
    from: span.startMs,
    tookMs: span.endMs - span.startMs,
    domain: domainOfSpan(span) ?? "",
    pid: String(span.pid),
    text: `${critical ? "* " : "  "}${stem}${span.name}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}${error}`,
  };
}

function folded(run: readonly TraceNode[], stem: string): Line {
  const counts = new Map<string, number>();
  for (const { span } of run) counts.set(span.name, (counts.get(span.name) ?? 0) + 1);
  const names = [...counts].map(([name, count]) => (count === 1 ? name : `${count} x ${name}`));
  const domains = new Set(run.map(({ span }) => domainOfSpan(span) ?? ""));
  const spans = run.map(({ span }) => span);
  return {
    from: Math.min(...spans.map((span) => span.startMs)),
    tookMs: spans.reduce((sum, span) => sum + span.endMs - span.startMs, 0),
    domain: domains.size === 1 ? ([...domains][0] ?? "") : "",
    pid: String(spans[0]?.pid ?? ""),
    text: `${run.some(({ critical }) => critical) ? "* " : "  "}${stem}… ${run.length} short spans: ${names.join(", ")}`,
  };
}

function firstLine(text: string): string {
  const [line = ""] = text.split("\n", 1);
  return line.length > ERROR_LENGTH_MAX ? `${line.slice(0, ERROR_LENGTH_MAX)}…` : line;
}

function flat(node: TraceNode): readonly TraceNode[] {
  return [node, ...node.children.flatMap(flat)];
}

/** Times to the right, words to the left. */
function aligned([head = [], ...rows]: readonly (readonly string[])[]): string {
  const all = [head.map((title) => title.toUpperCase()), ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column < 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return all.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
