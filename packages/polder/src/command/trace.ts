import {
  domainOfSpan,
  findTrace,
  listTraces,
  loadConfig,
  polderDirectoryOf,
  type TraceNode,
  tracesDirectory,
  traceTree,
} from "@polder/runtime";
import { drawTrace, timeInWords } from "./draw-trace.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { CommandInput, CommandResult, Work } from "./work.ts";

/** The options of `polder trace`. */
export interface TraceChoice {
  readonly count: number;
  readonly failed?: boolean;
  readonly all?: boolean;
}

/** `polder trace`: one trace as a tree, exit code 1 when there is none; without an id the newest ones. */
export function traceWork(id: string | undefined, options: TraceChoice): Work {
  return async (input) => {
    const directory = await storeOf(input);
    return id === undefined ? await newest(directory, options) : await one(directory, id, options);
  };
}

async function storeOf({ config, cwd }: CommandInput): Promise<string> {
  const loaded = await loadConfig({ ...(config === undefined ? {} : { file: config }), from: cwd });
  return tracesDirectory(polderDirectoryOf(loaded));
}

async function newest(directory: string, { count, failed = false }: TraceChoice): Promise<CommandResult> {
  const traces = await listTraces(directory, { tracesMax: count, onlyFailed: failed });
  const rows = traces.map((trace) => [
    trace.traceId,
    momentInWords(trace.startMs),
    timeInWords(trace.durationMs),
    String(trace.spans),
    trace.domains.join(", "),
    `${trace.name}${trace.failed ? "  FAILED" : ""}`,
  ]);
  const data = traces.map(({ startMs, ...trace }) => ({ ...trace, startedAt: new Date(startMs).toISOString() }));
  const none = failed ? "No trace with a failure is kept here." : `No trace is kept here yet: ${directory} has none.`;
  return {
    data,
    text: rows.length === 0 ? none : table(["trace", "began", "took", "spans", "domains", "began with"], rows),
  };
}

async function one(directory: string, id: string, { all = false }: TraceChoice): Promise<CommandResult> {
  const found = await findTrace(directory, id);
  if (found === undefined) {
    return {
      data: null,
      text: `No trace in ${directory} has anything to do with "${id}". It was not sampled, is too old to be kept, or went to a collector; "polder trace" lists what is here.`,
      code: exitCode.findings,
    };
  }
  const { traceId, spans, others } = found;
  const roots = traceTree(traceId, spans);
  const also = others.length === 0 ? "" : `\n\nOther traces that fit: ${others.slice(0, OTHERS_MAX).join(", ")}`;
  return { data: dataOf(traceId, roots, others), text: `${drawTrace(traceId, roots, { all })}${also}` };
}

/** Other traces that are named at most. */
const OTHERS_MAX = 5;

function dataOf(traceId: string, roots: readonly TraceNode[], others: readonly string[]): object {
  const nodes = roots.flatMap(flat);
  const startMs = Math.min(...nodes.map(({ span }) => span.startMs));
  const endMs = Math.max(...nodes.map(({ span }) => span.endMs));
  return {
    traceId,
    startedAt: new Date(startMs).toISOString(),
    durationMs: rounded(endMs - startMs),
    failed: nodes.some(({ span }) => span.error !== undefined),
    others,
    spans: nodes.map(({ span, critical, linked }) => ({
      spanId: span.spanId,
      parentSpanId: span.parentSpanId ?? null,
      ...(linked ? { linkedFrom: span.traceId } : {}),
      name: span.name,
      domain: domainOfSpan(span) ?? null,
      pid: span.pid,
      startMs: rounded(span.startMs - startMs),
      durationMs: rounded(span.endMs - span.startMs),
      critical,
      error: span.error ?? null,
      attributes: span.attributes,
    })),
  };
}

function flat(node: TraceNode): readonly TraceNode[] {
  return [node, ...node.children.flatMap(flat)];
}

/** The clock counts in microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

/** In the time zone of the terminal. */
function momentInWords(ms: number): string {
  const date = new Date(ms);
  return `${date.toLocaleDateString("sv-SE")} ${date.toLocaleTimeString("sv-SE")}`;
}
