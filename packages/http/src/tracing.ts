import {
  type Attributes,
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { isPolderError } from "@polder/model";
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
  const span = startSpan(`call ${call.api}.${call.operation}`, SpanKind.CLIENT, { call, parent: here });
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
 * span is active while the handler runs. What is the caller's own mistake is no error of the server.
 */
export async function inServerSpan(call: CallRequest, run: () => Promise<CallAnswer>): Promise<CallAnswer> {
  // Nothing of the surrounding context: a call inside one process is traced as one that came over the wire.
  const parent = propagation.extract(ROOT_CONTEXT, call.headers);
  const span = startSpan(`serve ${call.api}.${call.operation}`, SpanKind.SERVER, { call, parent });
  try {
    const answer = await context.with(trace.setSpan(parent, span), run);
    if (answer.kind === "failed" && answer.problem.status >= 500) failSpan(span, answer.problem.code);
    if (answer.kind === "refused") span.setAttribute("polder.refusal", answer.refusal);
    return answer;
  } finally {
    span.end();
  }
}

function startSpan(name: string, kind: SpanKind, { call, parent }: { call: TracedCall; parent: Context }): Span {
  const attributes: Attributes = {
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
