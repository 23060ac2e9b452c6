import type { Context } from "hono";
import { refusal } from "../refusal.ts";
import { tooDeepAt } from "../schema/json-text.ts";
import { readSchemaRequest, type SchemaRequest } from "../schema/read-schema-request.ts";
import type { SubjectSearch } from "../storage/schema-store.ts";
import type { Deleted } from "../storage/stored-schema.ts";
import { contextOf, DEFAULT_CONTEXT, EVERYWHERE, type Subject, subjectOf } from "../subject.ts";

/** What lists hold at most. */
const LISTED_MAX = 10_000;

/** Bytes of a request at most: of a schema of the largest size, quoted in JSON, with its metadata. */
const BODY_BYTES_MAX = 3_145_728;

/** What all contexts are called in a prefix. */
const anyContext = ":*:";

/** The context that the path names, or the default one. */
export function contextIn(context: Context): string {
  const named = paramOf(context, "context");
  return named === undefined ? DEFAULT_CONTEXT : contextOf(named);
}

/** The subject that the path names; without one, what holds for the context of the path. */
export function subjectIn(context: Context): Subject {
  const named = paramOf(context, "subject");
  const within = contextIn(context);
  if (named !== undefined) return subjectOf(named, within);
  return within === DEFAULT_CONTEXT ? EVERYWHERE : { context: within, name: "" };
}

/** The version that the path names. Throws `REGISTRY_REFUSED` 42202. */
export function versionIn(context: Context): number | "latest" {
  const text = paramOf(context, "version")?.trim().toLowerCase() ?? "";
  if (text === "latest" || text === "-1") return "latest";
  const version = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (version < 1 || version >= 2 ** 31) throw refusal.versionInvalid(text);
  return version;
}

/** The id that the path names. Throws `REGISTRY_REFUSED` 404 for what is no number. */
export function idIn(context: Context): number {
  const text = paramOf(context, "id") ?? "";
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 31) throw refusal.notFound();
  return Number(text);
}

/** The guid that the path names. Throws `REGISTRY_REFUSED` 40403 for what is none. */
export function guidIn(context: Context): string {
  const text = paramOf(context, "guid") ?? "";
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw refusal.schemaUnknown(text);
  return text;
}

/** Says whether a question is asked with `true`. */
export function flagIn(context: Context, name: string): boolean {
  return context.req.query(name)?.toLowerCase() === "true";
}

/** The form in which schemas are wanted. */
export function formIn(context: Context): string | undefined {
  return context.req.query("format");
}

/** Which versions are meant, by `deleted` and `deletedOnly`. */
export function deletedIn(context: Context): Deleted {
  if (flagIn(context, "deletedOnly")) return "only";
  return flagIn(context, "deleted") ? "included" : "left out";
}

/** Which subjects are meant: by `subjectPrefix`, of all contexts unless it or the path names one. */
export function searchIn(context: Context): SubjectSearch {
  const prefix = context.req.query("subjectPrefix") ?? "";
  const isNamed = paramOf(context, "context") !== undefined;
  const shared = { deleted: deletedIn(context), ...pageIn(context) };
  if (prefix.startsWith(anyContext)) return { prefix: prefix.slice(anyContext.length), ...shared };
  if (prefix === "") return isNamed ? { context: contextIn(context), ...shared } : shared;
  const { context: within, name } = subjectOf(prefix, contextIn(context));
  return { context: within, prefix: name, ...shared };
}

/** Which part of a list is meant, by `offset` and `limit`. */
export function pageIn(context: Context): { readonly offset: number; readonly limit: number } {
  const offset = Number(context.req.query("offset") ?? 0);
  const limit = Number(context.req.query("limit") ?? -1);
  return {
    offset: Number.isInteger(offset) && offset > 0 ? Math.min(offset, 2 ** 31) : 0,
    limit: Number.isInteger(limit) && limit > 0 ? Math.min(limit, LISTED_MAX) : LISTED_MAX,
  };
}

/** The schema in the body. Throws what `readSchemaRequest` throws, and `REGISTRY_REFUSED` 400 for what is no JSON. */
export async function schemaIn(context: Context): Promise<SchemaRequest> {
  return readSchemaRequest(await bodyOf(context));
}

/** The body, an object. Throws `REGISTRY_REFUSED` 400 for what is none. */
export async function bodyOf(context: Context): Promise<Readonly<Record<string, unknown>>> {
  const text = await textOf(context.req.raw);
  if (tooDeepAt(text) !== undefined) throw refusal.broken("The body is too deep");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    throw refusal.broken(`The body is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw refusal.broken("The body must be a JSON object");
  return body as Readonly<Record<string, unknown>>;
}

/** Reads a body, and no more of it than it may have. What is left stays unread. */
async function textOf({ body, headers }: Request): Promise<string> {
  if (Number(headers.get("content-length") ?? 0) > BODY_BYTES_MAX)
    throw refusal.tooLarge(BODY_BYTES_MAX, "The request");
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > BODY_BYTES_MAX) throw refusal.tooLarge(BODY_BYTES_MAX, "The request");
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function paramOf(context: Context, name: string): string | undefined {
  return (context.req.param() as Readonly<Record<string, string | undefined>>)[name];
}
