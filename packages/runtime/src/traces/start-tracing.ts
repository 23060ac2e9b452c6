import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from "@opentelemetry/core";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { collectorExporter } from "./collector-exporter.ts";
import { countedSpans } from "./counted-spans.ts";
import { lateKeeping, recordingSampler } from "./late-keeping.ts";
import type { StartTracingOptions, Tracing } from "./set-up-tracing.ts";
import { storeExporter } from "./store-exporter.ts";
import type { Sampling } from "./trace-settings.ts";

/** How long the end of a process waits for its last spans, in milliseconds. */
const LAST_SPANS_MS = 2_000;
/** A span that takes so long, in milliseconds, has its trace kept: from here on a handler is called slow as well. */
const SLOW_MS = 1_000;
/** Characters of an attribute at most: a key or a message may be long, a store is small. */
const ATTRIBUTE_LENGTH_MAX = 1_024;

/** Registers the SDK for the whole process; gives nothing where there is one already, which then stays. */
export function startTracing({ settings, directory, service, logger }: StartTracingOptions): Tracing | undefined {
  const { queue, sampling, target } = settings;
  const abandoned = new AbortController();
  const exporter: SpanExporter =
    target.kind === "collector"
      ? collectorExporter({ ...target, logger, signal: abandoned.signal })
      : storeExporter({ directory, bytesMax: target.kind === "local store" ? target.bytesMax : 0, logger });
  const { processor, counts } = countedSpans(exporter, queue);
  const provider = new TracerProvider({
    sampler: sampling.late ? recordingSampler(samplerOf(sampling)) : samplerOf(sampling),
    resource: defaultResource().merge(
      resourceFromAttributes({ "service.name": service, "process.pid": process.pid, ...settings.resource }),
    ),
    spanLimits: { attributeValueLengthLimit: ATTRIBUTE_LENGTH_MAX },
    spanProcessors: [sampling.late ? lateKeeping(processor, { slowMs: SLOW_MS }) : processor],
  });
  if (!trace.setGlobalTracerProvider(provider)) {
    // The queue of a provider that is not used is empty.
    void provider.shutdown().catch(() => undefined);
    return undefined;
  }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(
    new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
  );
  return {
    spans: counts,
    target: target.kind === "collector" ? target.url : directory,
    [Symbol.asyncDispose]: async () => {
      const timer = setTimeout(() => abandoned.abort(new Error("the process ends")), LAST_SPANS_MS);
      // Spans that could not be written were said to be lost.
      await provider.shutdown().catch(() => undefined);
      clearTimeout(timer);
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

function samplerOf({ ratio, parentBased }: Sampling): Sampler {
  const root =
    ratio >= 1 ? new AlwaysOnSampler() : ratio <= 0 ? new AlwaysOffSampler() : new TraceIdRatioBasedSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}
