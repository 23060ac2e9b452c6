import { randomBytes } from "node:crypto";
import type { Authorize } from "@polder/http";
import { CHANGE_PATHS, type ChangeVersion } from "./order.ts";

/** A request that is ready to be sent. */
export interface PreparedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One trace in so many is kept, as `polder start` has it. */
const TRACES_KEPT_OF = 10;

let traces = 0;

/**
 * Writes the command as Polder's client does: the same bytes for every server, but for the token, which only those get
 * who want one. Each request is of a trace of its caller. The order is as the version takes it.
 */
export async function prepareRequest(
  order: object,
  { authorize, version = "1.0.0" }: { readonly authorize?: Authorize | undefined; readonly version?: ChangeVersion },
): Promise<PreparedRequest> {
  const body = JSON.stringify(order);
  const path = CHANGE_PATHS[version];
  const headers = {
    accept: "application/json, application/problem+json",
    "content-type": "application/json",
    "polder-version": version,
    "polder-deadline-ms": "5000",
    traceparent: nextTrace(),
  };
  const proof = await authorize?.({
    api: "ordering",
    version,
    operation: "change",
    caller: "billing",
    user: undefined,
    key: undefined,
    method: "POST",
    url: path,
    body,
  });
  return { path, headers: { ...headers, ...proof }, body };
}

/** The header `traceparent` of W3C Trace Context, version 00. */
function nextTrace(): string {
  traces += 1;
  const isKept = traces % TRACES_KEPT_OF === 0;
  return `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-${isKept ? "01" : "00"}`;
}
