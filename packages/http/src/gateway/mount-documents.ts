import type { Domain } from "@polder/model";
import { etag } from "hono/etag";
import { contractDocuments, DOCUMENTS_PATH, documentsIndex } from "../documents/contract-documents.ts";
import type { HttpApp } from "../server.ts";

/**
 * Which documents about contracts a gateway serves: of what the contracts `open` to the outside, `all`, with events and
 * with operations for domains only, or `none`.
 */
export type ServedDocuments = "open" | "all" | "none";

/**
 * Serves the documents about what domains publish, to everybody: the index at `/contracts`, the others where it says.
 * Each is made when it is first asked for, and comes with an `ETag`.
 */
export function mountDocuments(app: HttpApp, domains: readonly Domain[], served: ServedDocuments): void {
  if (served === "none") return;
  const files = contractDocuments(domains, { audience: served === "all" ? "domains" : "gateway" });
  const byPath = new Map(files.map((file) => [file.path, file]));
  const texts = new Map<string, string>();
  const index = documentsIndex(files, "path");
  app.use(DOCUMENTS_PATH, etag());
  app.use(`${DOCUMENTS_PATH}/*`, etag());
  app.get(DOCUMENTS_PATH, (context) => context.body(index, 200, headersOf("application/json")));
  app.get(`${DOCUMENTS_PATH}/*`, async (context, next) => {
    const file = byPath.get(context.req.path);
    if (file === undefined) return next();
    const text = texts.get(file.path) ?? file.text();
    texts.set(file.path, text);
    return context.body(text, 200, headersOf(file.mediaType));
  });
}

/** Whoever keeps a document asks whether it is still the same. */
function headersOf(mediaType: string): Readonly<Record<string, string>> {
  return { "content-type": mediaType, "cache-control": "no-cache" };
}
