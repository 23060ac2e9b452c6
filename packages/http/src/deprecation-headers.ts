import { type Deprecation, momentOf } from "@polder/model";
import type { DeprecationNews } from "./call.ts";

/**
 * The headers that say that what was called is about to go: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and a `Link`
 * to the notice where that is a page. None where it is not.
 */
export function deprecationHeaders(deprecation: Deprecation | undefined): Readonly<Record<string, string>> {
  if (deprecation === undefined) return {};
  const { since, sunset, notice } = deprecation;
  const page = pageOf(notice);
  return {
    deprecation: `@${Math.floor(momentOf(since) / 1_000)}`,
    ...(sunset === undefined ? {} : { sunset: new Date(momentOf(sunset)).toUTCString() }),
    ...(page === undefined
      ? {}
      : { link: `<${page}>; rel="deprecation"; type="text/html", <${page}>; rel="sunset"; type="text/html"` }),
  };
}

/** What those headers say, if they are there; what cannot be read of them is left out. */
export function readDeprecation(headers: Headers): DeprecationNews | undefined {
  const since = /^@(-?\d{1,12})$/.exec(headers.get("deprecation") ?? "")?.[1];
  if (since === undefined) return undefined;
  const sunsetMs = Date.parse(headers.get("sunset") ?? "");
  const page = /<([^>]*)>\s*;[^,<]*\brel="?deprecation"?/.exec(headers.get("link") ?? "")?.[1];
  return {
    since: new Date(Number(since) * 1_000).toJSON(),
    ...(Number.isNaN(sunsetMs) ? {} : { sunset: new Date(sunsetMs).toJSON() }),
    ...(page === undefined ? {} : { notice: page }),
  };
}

function pageOf(notice: string): string | undefined {
  const url = URL.parse(notice);
  // Brackets would end the address in the header; an address that is written out has none.
  return url === null || !/^https?:$/.test(url.protocol) || /[<>"]/.test(url.href) ? undefined : url.href;
}
