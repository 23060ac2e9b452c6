import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { isPolderError } from "@polder/model";
import { maskSecrets } from "./mask-secrets.ts";

/** How a span stands to others. */
export interface SpanOptions {
  /** Default `INTERNAL`. */
  readonly kind?: SpanKind;
  /** Default: the span that is active. */
  readonly parent?: Context;
  /** Spans that led to this one beside its parent. */
  readonly links?: readonly Link[];
}

/**
 * Runs a piece of work in a span, active while it runs. Without an OpenTelemetry SDK there is no span, and this
 * costs next to nothing.
 */
export async function inSpan<Result>(
  name: string,
  attributes: Attributes,
  run: () => Promise<Result>,
  { kind = SpanKind.INTERNAL, parent = context.active(), links = [] }: SpanOptions = {},
): Promise<Result> {
  const span = tracer().startSpan(name, { kind, attributes, links: [...links] }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), run);
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Marks in a span of its own that something was handed on, and gives the headers that carry the trace on; null without a trace. */
export function publishSpan(name: string, attributes: Attributes): string | null {
  const span = tracer().startSpan(name, { kind: SpanKind.PRODUCER, attributes });
  const headers: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), headers);
  span.end();
  return Object.keys(headers).length === 0 ? null : JSON.stringify(headers);
}

/** The context of an event's publisher, or an empty one. */
export function publisherContext(headers: string | null): Context {
  return headers === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, JSON.parse(headers) as object);
}

/** The link to an event's publisher; none where there is no trace. */
export function publisherLinks(headers: string | null): readonly Link[] {
  const linked = trace.getSpanContext(publisherContext(headers));
  return linked === undefined ? [] : [{ context: linked }];
}

/** The ids of the span that is active, as a line of the log has them; nothing without one. */
export function activeTrace(): { readonly traceId: string; readonly spanId: string } | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  if (active === undefined || !isSpanContextValid(active)) return undefined;
  return { traceId: active.traceId, spanId: active.spanId };
}

/** A span for what has already happened, such as an event's way through the relay. */
export function pastSpan(
  name: string,
  attributes: Attributes,
  options: { readonly parent: Context; readonly from: Date; readonly to: Date },
): void {
  tracer()
    .startSpan(name, { kind: SpanKind.INTERNAL, attributes, startTime: options.from }, options.parent)
    .end(options.to);
}

function tracer(): ReturnType<typeof trace.getTracer> {
  return trace.getTracer("@polder/runtime");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(span: Span, error: unknown): void {
  const type = isPolderError(error) ? error.code : error instanceof Error ? error.name : "unknown";
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: maskSecrets(messageOf(error)) });
}
