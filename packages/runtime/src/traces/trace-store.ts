import { readFile } from "node:fs/promises";
import { traceFiles } from "./trace-files.ts";

/** A span, as the local store has it. */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** The span that led to it; it may be of another process, and not in the store. */
  readonly parentSpanId?: string;
  readonly name: string;
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Why it failed; missing where it did not. */
  readonly error?: string;
  /** Spans of other traces that led to it as well. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  /** The process that made it. */
  readonly pid: number;
}

/** A trace in a few words. */
export interface TraceSummary {
  readonly traceId: string;
  readonly startMs: number;
  /** From its first beginning to its last end. */
  readonly durationMs: number;
  /** The span without a parent, or the first one that is there. */
  readonly name: string;
  readonly domains: readonly string[];
  readonly spans: number;
  readonly failed: boolean;
}

/** The newest traces of a store, the newest first. */
export async function listTraces(
  directory: string,
  options: { readonly tracesMax: number; readonly onlyFailed?: boolean },
): Promise<readonly TraceSummary[]> {
  const found = new Map<string, Summing>();
  for await (const span of storedSpans(directory)) add(found, span);
  return [...found.values()]
    .map(({ first, domains, endMs, ...summary }) => ({
      ...summary,
      name: first.name,
      domains: [...domains].sort(),
      durationMs: endMs - summary.startMs,
    }))
    .filter(({ failed }) => failed || options.onlyFailed !== true)
    .sort((a, b) => b.startMs - a.startMs)
    .slice(0, options.tracesMax);
}

/** A trace, or traces, for which somebody asks. */
export interface FoundTrace {
  readonly traceId: string;
  /** Also the spans of other traces that name one of this trace as what led to them. */
  readonly spans: readonly StoredSpan[];
  /** Other traces that fit as well, the newest first. */
  readonly others: readonly string[];
}

/** Attributes by whose value a trace is found. */
const namingAttributes = ["polder.event_id", "polder.correlation_id", "polder.key"] as const;
/** Digits of a trace's id that are taken for its beginning, at least. */
const DIGITS_MIN = 6;

/**
 * Finds the newest trace with an id, or with the first six digits or more of one; or the newest with an event's id, an
 * event's key, or the `correlationId` of a failure, as the log and problem documents say it.
 */
export async function findTrace(directory: string, id: string): Promise<FoundTrace | undefined> {
  const wanted = id.trim().replace(/^urn:uuid:/i, "");
  const isDigits = new RegExp(`^[0-9a-f]{${DIGITS_MIN},32}$`, "i").test(wanted);
  const byId = isDigits
    ? await idsOf(directory, wanted.toLowerCase(), ({ traceId }, text) => traceId.startsWith(text))
    : [];
  const ids =
    byId.length > 0
      ? byId
      : await idsOf(directory, wanted, ({ attributes }, text) =>
          namingAttributes.some((name) => attributes[name] === text),
        );
  const [traceId, ...others] = ids;
  if (traceId === undefined) return undefined;
  const spans: StoredSpan[] = [];
  for await (const span of storedSpans(directory, traceId))
    if (span.traceId === traceId || span.links.some((link) => link.traceId === traceId)) spans.push(span);
  return { traceId, spans, others };
}

/** The ids of the traces with a span that fits, the newest first. */
async function idsOf(
  directory: string,
  text: string,
  fits: (span: StoredSpan, text: string) => boolean,
): Promise<readonly string[]> {
  const startMs = new Map<string, number>();
  for await (const span of storedSpans(directory, text)) {
    const before = startMs.get(span.traceId) ?? 0;
    if (fits(span, text)) startMs.set(span.traceId, Math.max(before, span.startMs));
  }
  return [...startMs.entries()].sort(([, a], [, b]) => b - a).map(([traceId]) => traceId);
}

/** The spans of a store, batch by batch; with a text only those of batches that have it somewhere. */
async function* storedSpans(directory: string, text?: string): AsyncGenerator<StoredSpan> {
  const written = text === undefined ? undefined : JSON.stringify(text).slice(1, -1);
  for (const path of await traceFiles(directory)) {
    // It may be removed meanwhile, as the oldest.
    const lines = (await readFile(path, "utf8").catch(() => "")).split("\n");
    for (const line of lines) if (written === undefined || line.includes(written)) yield* spansOf(line);
  }
}

/** One attribute as OTLP has it in JSON. */
interface OtlpAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: string | number;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
  };
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly OtlpAttribute[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number; readonly message?: string };
}

interface OtlpBatch {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly OtlpAttribute[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly OtlpSpan[] }[];
  }[];
}

/** `STATUS_CODE_ERROR` of OTLP. */
const STATUS_ERROR = 2;

function* spansOf(line: string): Generator<StoredSpan> {
  for (const { resource, scopeSpans = [] } of batchOf(line).resourceSpans ?? []) {
    const pid = Number(valuesOf(resource?.attributes)["process.pid"] ?? 0);
    for (const { spans = [] } of scopeSpans) {
      for (const span of spans) {
        const { traceId, spanId, parentSpanId = "", name, links = [] } = span;
        yield {
          traceId,
          spanId,
          ...(parentSpanId === "" ? {} : { parentSpanId }),
          name,
          startMs: toMs(span.startTimeUnixNano),
          endMs: toMs(span.endTimeUnixNano),
          attributes: valuesOf(span.attributes),
          ...(span.status?.code === STATUS_ERROR ? { error: span.status.message ?? "" } : {}),
          links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
          pid,
        };
      }
    }
  }
}

/** A line that is only half written, or was when its process was killed, says nothing. */
function batchOf(line: string): OtlpBatch {
  try {
    return JSON.parse(line) as OtlpBatch;
  } catch {
    return {};
  }
}

function valuesOf(attributes: readonly OtlpAttribute[] = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    attributes.map(({ key, value: { stringValue, intValue, doubleValue, boolValue } }) => [
      key,
      stringValue ?? (intValue === undefined ? undefined : Number(intValue)) ?? doubleValue ?? boolValue,
    ]),
  );
}

function toMs(nanoseconds: string): number {
  return Number(BigInt(nanoseconds) / 1_000n) / 1_000;
}

interface Summing {
  readonly traceId: string;
  startMs: number;
  endMs: number;
  first: StoredSpan;
  readonly domains: Set<string>;
  spans: number;
  failed: boolean;
}

function add(found: Map<string, Summing>, span: StoredSpan): void {
  const { traceId, startMs, endMs, error } = span;
  const before = found.get(traceId);
  const summing = before ?? { traceId, startMs, endMs, first: span, domains: new Set(), spans: 0, failed: false };
  found.set(traceId, summing);
  summing.startMs = Math.min(summing.startMs, startMs);
  summing.endMs = Math.max(summing.endMs, endMs);
  summing.spans += 1;
  summing.failed ||= error !== undefined;
  const domain = domainOfSpan(span);
  if (domain !== undefined) summing.domains.add(domain);
  const isEarlier = startMs < summing.first.startMs;
  const isRoot = (one: StoredSpan): boolean => one.parentSpanId === undefined;
  if (isRoot(span) ? !isRoot(summing.first) || isEarlier : !isRoot(summing.first) && isEarlier) summing.first = span;
}

/** The domain at work in a span. */
export function domainOfSpan({ attributes }: Pick<StoredSpan, "attributes">): string | undefined {
  const domain = attributes["polder.domain"];
  return typeof domain === "string" ? domain : undefined;
}
