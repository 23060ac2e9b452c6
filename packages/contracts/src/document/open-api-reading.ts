import { isObject } from "../schema/subschemas.ts";

/** An OpenAPI document or a part of it, parsed. */
export type OpenApiPart = Readonly<Record<string, unknown>>;

/** An OpenAPI document that is read, and what is in the way. */
export interface OpenApiReading {
  readonly document: OpenApiPart;
  readonly problems: string[];
}

/** How deep references to parameters, bodies and answers may lead from one to the next. */
const REFERENCES_MAX = 20;

/** A part itself, or what its reference inside the document leads to; a problem where that is nothing. */
export function resolvePart(read: OpenApiReading, part: unknown, at: string): OpenApiPart | undefined {
  let found: unknown = part;
  for (let steps = 0; isObject(found) && typeof found["$ref"] === "string"; steps += 1) {
    const reference = found["$ref"];
    found = steps < REFERENCES_MAX ? findPart(read.document, reference) : undefined;
    if (found === undefined) read.problems.push(`${at} refers to ${reference}, which is not in the document`);
  }
  return isObject(found) ? found : undefined;
}

/** What a reference such as `#/components/schemas/Bill` leads to, if anything. */
export function findPart(document: OpenApiPart, reference: string): unknown {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined;
  const tokens = reference.split("/").slice(1).map(unescaped);
  return tokens.reduce<unknown>(
    (value, token) =>
      (isObject(value) || Array.isArray(value)) && Object.hasOwn(value, token)
        ? (value as OpenApiPart)[token]
        : undefined,
    document,
  );
}

/** A token of a JSON Pointer in a fragment of a URI (RFC 6901, sections 4 and 6). */
function unescaped(token: string): string {
  const plain = URL.canParse(`x:/${token}`) ? decoded(token) : token;
  return plain.replaceAll("~1", "/").replaceAll("~0", "~");
}

function decoded(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}
