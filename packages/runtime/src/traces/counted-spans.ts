import { TraceFlags } from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import { BatchSpanProcessor, type SpanExporter, type SpanProcessor } from "@opentelemetry/sdk-trace";
import type { SpanQueue } from "./trace-settings.ts";

/** What became of the sampled spans of a process that have ended, since it began. */
export interface SpanCounts {
  /** Written to the store, or taken by the collector. */
  readonly kept: number;
  /** Not let into the queue, because it was full. */
  readonly dropped: number;
  /** Given up, because they could not be written or sent. */
  readonly lost: number;
}

/**
 * Makes a queue before an exporter that counts what becomes of its spans. `spansMax` wait at most, beside the batch that
 * is under way; whoever makes spans never waits for it.
 */
export function countedSpans(
  exporter: SpanExporter,
  queue: SpanQueue,
): { readonly processor: SpanProcessor; readonly counts: () => SpanCounts } {
  let waiting = 0;
  const counts = { kept: 0, dropped: 0, lost: 0 };
  const batches = new BatchSpanProcessor({
    exporter: {
      export: (spans, done) => {
        waiting -= spans.length;
        exporter.export(spans, (result) => {
          counts[result.code === ExportResultCode.SUCCESS ? "kept" : "lost"] += spans.length;
          done(result);
        });
      },
      forceFlush: async () => await exporter.forceFlush?.(),
      shutdown: () => exporter.shutdown(),
    },
    maxQueueSize: queue.spansMax,
    maxExportBatchSize: queue.batchSpansMax,
    scheduledDelayMillis: queue.delayMs,
  });
  const processor: SpanProcessor = {
    onStart: (span, parent) => batches.onStart(span, parent),
    onEnd: (span) => {
      if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
      if (waiting >= queue.spansMax) {
        counts.dropped += 1;
        return;
      }
      waiting += 1;
      batches.onEnd(span);
    },
    forceFlush: () => batches.forceFlush(),
    shutdown: () => batches.shutdown(),
  };
  return { processor, counts: () => ({ ...counts }) };
}
