import { type HrTime, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { type ReadableSpan, type Sampler, SamplingDecision, type SpanProcessor } from "@opentelemetry/sdk-trace";

/** Traces that are held at once; of more, those held longest are not kept. */
const TRACES_MAX = 1_000;
/** Spans of a trace that are held; later ones are not kept. */
const SPANS_MAX = 256;
/** Traces that are remembered as kept, for what still follows in them. */
const KEPT_MAX = 1_000;

/** Has a sampler record what it does not sample, so that it may be kept when it has ended. */
export function recordingSampler(sampler: Sampler): Sampler {
  return {
    shouldSample: (...asked) => {
      const result = sampler.shouldSample(...asked);
      return result.decision === SamplingDecision.NOT_RECORD
        ? { ...result, decision: SamplingDecision.RECORD }
        : result;
    },
    toString: () => `Recording{${sampler.toString()}}`,
  };
}

interface Held {
  open: number;
  isWorthKeeping: boolean;
  readonly spans: ReadableSpan[];
}

/**
 * Hands sampled spans on as they end, and holds the others back until no span of their trace is open in this process:
 * where one of them failed, or took `slowMs` or longer, all of them are handed on, and so is what follows later in the
 * same trace. The decision is that of one process; each that saw the failure comes to it by itself.
 */
export function lateKeeping(next: SpanProcessor, { slowMs }: { readonly slowMs: number }): SpanProcessor {
  const holding = new Map<string, Held>();
  const kept = new Set<string>();
  const decide = (traceId: string, { spans, isWorthKeeping }: Held): void => {
    holding.delete(traceId);
    if (!isWorthKeeping && !kept.has(traceId)) return;
    kept.add(traceId);
    dropOldest(kept, KEPT_MAX);
    for (const span of spans) next.onEnd(asSampled(span));
  };
  return {
    onStart: (span, parent) => {
      if (isSampled(span)) {
        next.onStart(span, parent);
        return;
      }
      const { traceId } = span.spanContext();
      const held = holding.get(traceId) ?? { open: 0, isWorthKeeping: false, spans: [] };
      held.open += 1;
      holding.set(traceId, held);
      dropOldest(holding, TRACES_MAX);
    },
    onEnd: (span) => {
      if (isSampled(span)) {
        next.onEnd(span);
        return;
      }
      const { traceId } = span.spanContext();
      const held = holding.get(traceId);
      if (held === undefined) return;
      held.open -= 1;
      held.isWorthKeeping ||= span.status.code === SpanStatusCode.ERROR || inMs(span.duration) >= slowMs;
      if (held.spans.length < SPANS_MAX) held.spans.push(span);
      if (held.open === 0) decide(traceId, held);
    },
    forceFlush: () => next.forceFlush(),
    shutdown: () => next.shutdown(),
  };
}

function isSampled(span: Pick<ReadableSpan, "spanContext">): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}

/** The same span, as if it had been sampled when it began: what is not is passed over by whatever exports it. */
function asSampled(span: ReadableSpan): ReadableSpan {
  const spanContext = { ...span.spanContext(), traceFlags: TraceFlags.SAMPLED };
  return Object.create(span, { spanContext: { value: () => spanContext } }) as ReadableSpan;
}

function inMs([seconds, nanoseconds]: HrTime): number {
  return seconds * 1_000 + nanoseconds / 1e6;
}

/** Keys of maps and sets stand in the order in which they came. */
function dropOldest(from: Map<string, unknown> | Set<string>, most: number): void {
  const [oldest] = from.keys();
  if (from.size > most && oldest !== undefined) from.delete(oldest);
}
