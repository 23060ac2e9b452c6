import { type ApiCore, type Logger, majorOf } from "@polder/model";
import type { CallRequest, DeprecationNews } from "./call.ts";

/** The majors of each API whose callers have been warned in this process. */
const warned = new WeakMap<ApiCore, Set<number>>();

/** Says in the log that an API is called at a major that is about to go: once in a process for each. */
export function warnDeprecated(
  api: ApiCore,
  { version, caller }: Pick<CallRequest, "version" | "caller">,
  { news, logger }: { readonly news: DeprecationNews; readonly logger: Logger },
): void {
  const majors = warned.get(api) ?? new Set();
  const major = majorOf(version);
  if (majors.has(major)) return;
  warned.set(api, majors.add(major));
  const who = caller === undefined ? "This process" : `"${caller}"`;
  const { since, sunset, notice } = news;
  const end = sunset === undefined ? "" : ` and goes away on ${sunset}`;
  logger.warn(
    `${who} calls "${api.name}" at version ${version}, which is deprecated since ${since}${end}${notice === undefined ? "" : `: ${notice}`}`,
    { api: api.name, version, ...news, ...(caller === undefined ? {} : { caller }) },
  );
}
