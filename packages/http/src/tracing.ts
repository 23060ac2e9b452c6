import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { domainOf, isPolderError } from "@polder/model";
import type { CallAnswer, CallRequest } from "./call.ts";

/** What a span says of a call. */
export type TracedCall = Pick<CallRequest, "api" | "operation" | "version" | "caller">;

/**
 * Runs the caller's side of a call in a span `call <api>.<operation>`, and hands it the headers that
 * carry the trace to the other side. Without an OpenTelemetry SDK there is no span and no header.
 */
export async function inClientSpan<Result>(
  call: TracedCall,
  run: (headers: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  const here = context.active();
  const span = startSpan(`call ${call.api}.${call.operation}`, SpanKind.CLIENT, {
    call,
    parent: here,
    ...(call.caller === undefined ? {} : { domain: call.caller }),
  });
  const inside = trace.setSpan(here, span);
  const headers: Record<string, string> = {};
  propagation.inject(inside, headers);
  try {
    return await context.with(inside, () => run(headers));
  } catch (error) {
    failSpan(span, isPolderError(error) ? error.code : "unknown");
    throw error;
  } finally {
    span.end();
  }
}

/**
 * Runs the server's side of a call in a span `serve <api>.<operation>`, a child of the caller's. The
 * span is active while the handler runs. What is the caller's own mistake is no error of the server. What is
 * refused or fails says in which trace, so that its caller can name it.
 */
export async function inServerSpan(
  call: Omit<CallRequest, "input">,
  run: () => Promise<CallAnswer>,
): Promise<CallAnswer> {
  // Nothing of the surrounding context: a call inside one process is traced as one that came over the wire.
  const parent = propagation.extract(ROOT_CONTEXT, call.headers);
  const domain = domainOf(call.api);
  const span = startSpan(`serve ${call.api}.${call.operation}`, SpanKind.SERVER, { call, parent, domain });
  try {
    const answer = await context.with(trace.setSpan(parent, span), run);
    if (answer.kind === "failed" && answer.problem.status >= 500) failSpan(span, answer.problem.code);
    if (answer.kind === "refused") span.setAttribute("polder.refusal", answer.refusal);
    return inTrace(answer, span);
  } finally {
    span.end();
  }
}

/** Names a failure in the span that is active by the id under which the log has it. */
export function markCorrelation(correlationId: string): void {
  trace.getActiveSpan()?.setAttribute("polder.correlation_id", correlationId);
}

function inTrace(answer: CallAnswer, span: Span): CallAnswer {
  const spanContext = span.spanContext();
  if (answer.kind === "answered" || !isSpanContextValid(spanContext)) return answer;
  const { traceId } = spanContext;
  if (answer.kind === "refused") return { ...answer, trace: traceId };
  return { ...answer, problem: { ...answer.problem, trace: traceId } };
}

interface SpanParts {
  readonly call: TracedCall;
  readonly parent: Context;
  /** The domain at work in the span. */
  readonly domain?: string;
}

function startSpan(name: string, kind: SpanKind, { call, parent, domain }: SpanParts): Span {
  const attributes: Attributes = {
    ...(domain === undefined ? {} : { "polder.domain": domain }),
    "polder.api": call.api,
    "polder.operation": call.operation,
    "polder.version": call.version,
    ...(call.caller === undefined ? {} : { "polder.caller": call.caller }),
  };
  return trace.getTracer("@polder/http").startSpan(name, { kind, attributes }, parent);
}

function failSpan(span: Span, code: string): void {
  span.setAttribute("error.type", code);
  span.setStatus({ code: SpanStatusCode.ERROR, message: code });
}
