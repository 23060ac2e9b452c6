import type { IncomingMessage } from "node:http";
import type { Violation } from "@polder/contracts";
import { isVersion, majorOf, type PolderError } from "@polder/model";
import { pathAtRoute } from "./accept-version.ts";
import { inputInvalid } from "./admit-input.ts";
import type { CallRequest } from "./call.ts";
import { httpErrors } from "./errors.ts";
import { NOT_BEFORE_HEADER, NOT_BEFORE_PARAMETER, positionsIn, positionsOf, takesParameter } from "./not-before.ts";
import type { Route } from "./operation-table.ts";
import { parseJson } from "./parse-json.ts";
import { type BodyBudget, hasBody, readBody } from "./read-body.ts";
import { type ReadFields, readPathFields, readQueryFields } from "./read-url-fields.ts";
import { pointerTo } from "./url-fields.ts";

/** A call that came over HTTP. */
export interface HttpCall {
  readonly request: CallRequest;
  /** What the caller allows, in milliseconds, if it said so. */
  readonly deadlineMs: number | undefined;
  /** The bytes of its body; none where it has none. */
  readonly body: Uint8Array;
}

/**
 * Reads a call out of an HTTP request for a route: its fields from path, query and body, all of them
 * one flat input.
 *
 * @throws `INPUT_INVALID`, `VERSION_UNKNOWN`, `MEDIA_TYPE_UNSUPPORTED`, `JSON_BROKEN`, and the codes of `readBody`.
 */
export async function readRequest(
  route: Route,
  { incoming, url }: { readonly incoming: IncomingMessage; readonly url: string },
  limits: { readonly bytesMax: number; readonly budget: BodyBudget },
): Promise<HttpCall> {
  const { headers } = incoming;
  const { path: asked, query } = splitUrl(url);
  const path = pathAtRoute(asked, route);
  const version =
    singleHeader(headers["polder-version"]) ?? (path === asked ? route.version : acceptedBy(route, headers));
  if (majorOf(version) !== route.major) throw contradictingVersion(route, version);
  const deadlineMs = readDeadline(route, singleHeader(headers["polder-deadline-ms"]));
  const key = singleHeader(headers["idempotency-key"]);
  const inPath = readPathFields(route, path);
  const others =
    route.method === "GET"
      ? { ...inQuery(route, query, incoming), body: nothing }
      : { ...(await inBody(route, query, incoming, limits)), notBefore: [] };
  const notBefore = positionsOf(positionsIn(singleHeader(headers[NOT_BEFORE_HEADER]) ?? ""), others.notBefore);
  const violations = [...inPath.violations, ...others.violations, ...contradictions(inPath, others)];
  if (violations.length > 0) throw inputInvalid(route, violations);
  const request: CallRequest = {
    api: route.api,
    version,
    operation: route.operation,
    input: { ...others.fields, ...inPath.fields },
    ...(key === undefined ? {} : { key }),
    ...(notBefore.length === 0 ? {} : { notBefore }),
    headers: traceHeaders(headers),
  };
  return { request, deadlineMs, body: others.body };
}

function contradictingVersion({ api, major, living }: Route, version: string): PolderError {
  return httpErrors.VERSION_UNKNOWN(
    `The request for "${api}" is one for major ${major}, by its path or by Accept-Version, and says Polder-Version: ` +
      `${version}. Say the same in both, or leave Polder-Version out; living are ${living.join(", ")}.`,
    { api, version, living },
  );
}

/** The version that a request without one in its path is for; its major has led to the route. */
function acceptedBy(route: Route, headers: IncomingMessage["headers"]): string {
  const accepted = singleHeader(headers["accept-version"])?.trim() ?? "";
  return isVersion(accepted) ? accepted : route.version;
}

/** The path and the query string of a URL, both still encoded. */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const { pathname, search } = new URL(url);
  return { path: pathname, query: search.slice(1) };
}

const nothing = new Uint8Array();

interface InQuery extends ReadFields {
  readonly notBefore: readonly string[];
}

function inQuery(route: Route, query: string, incoming: IncomingMessage): InQuery {
  const read = takeNotBefore(route, readQueryFields(route.declared, query));
  // What is not read would be lost in silence.
  if (!hasBody(incoming)) return read;
  const problem = "came with a body; a query takes its fields from path and query string";
  return { ...read, violations: [...read.violations, { pointer: "", problem }] };
}

/** Takes the parameter out of what becomes the input. */
function takeNotBefore({ declared }: Route, { fields, violations }: ReadFields): InQuery {
  const { [NOT_BEFORE_PARAMETER]: given, ...others } = fields;
  if (given === undefined || !takesParameter(declared)) return { fields, violations, notBefore: [] };
  return { fields: others, violations, notBefore: [given].flat().flatMap((text) => positionsIn(String(text))) };
}

async function inBody(
  route: Route,
  query: string,
  incoming: IncomingMessage,
  limits: { readonly bytesMax: number; readonly budget: BodyBudget },
): Promise<ReadFields & Pick<HttpCall, "body">> {
  const problem = "came with a query string; a command takes its fields from path and body";
  const violations: Violation[] = query === "" ? [] : [{ pointer: "", problem }];
  if (!hasBody(incoming)) return { fields: {}, violations, body: nothing };
  checkMediaType(incoming);
  const { api, operation } = route;
  const body = await readBody(incoming, { ...limits, api, operation });
  const json = parseJson(body);
  if (isObject(json)) return { fields: json, violations, body };
  return { fields: {}, violations: [...violations, { pointer: "", problem: "must be an object" }], body };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const jsonMediaType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const otherCharset = /;\s*charset\s*=\s*"?(?!utf-8)[^";\s]/i;

function checkMediaType({ headers }: IncomingMessage): void {
  const contentType = headers["content-type"] ?? "";
  const encoding = headers["content-encoding"] ?? "identity";
  if (jsonMediaType.test(contentType) && !otherCharset.test(contentType) && encoding === "identity") return;
  const found = `${contentType || "no content type"}${encoding === "identity" ? "" : `, ${encoding}`}`;
  throw httpErrors.MEDIA_TYPE_UNSUPPORTED(
    `The body came as ${found}. Send it as application/json (or a type that ends in +json), in UTF-8 and not compressed.`,
    { contentType },
  );
}

function contradictions(inPath: ReadFields, others: ReadFields): readonly Violation[] {
  return Object.entries(inPath.fields)
    .filter(([name, value]) => Object.hasOwn(others.fields, name) && others.fields[name] !== value)
    .map(([name, value]) => ({
      pointer: pointerTo(name),
      problem: `contradicts the path, which says ${JSON.stringify(value)}`,
    }));
}

function readDeadline(route: Route, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const problem = `came with Polder-Deadline-Ms: ${text.slice(0, 20)}; it takes a whole number of milliseconds`;
  throw inputInvalid(route, [{ pointer: "", problem }]);
}

/** The W3C trace context of a request. */
export function traceHeaders(headers: IncomingMessage["headers"]): Readonly<Record<string, string>> {
  const found = ["traceparent", "tracestate", "baggage"].map((name) => [name, singleHeader(headers[name])] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function singleHeader(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.join(", ");
}
