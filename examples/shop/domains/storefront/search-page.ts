/** By what orders are sorted. */
export type Sort = "placedAt" | "shippedAt";

/** The last order of a page, after which the next one begins. */
export interface PageEnd {
  /** Where it stands: its time, or null where it is not shipped. */
  readonly at: Date | null;
  readonly orderId: string;
}

const written = /^(placedAt|shippedAt)~(never|\d{4}-\d\d-\d\dT[\d:.]+Z)~([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** Writes down where a page ends, to be asked for what comes after it. */
export function writePageEnd(sort: Sort, { at, orderId }: PageEnd): string {
  return `${sort}~${at?.toISOString() ?? "never"}~${orderId}`;
}

/** Reads where a page ends; nothing where it was not written for this sort. */
export function readPageEnd(text: string, sort: Sort): PageEnd | undefined {
  const [, of, at = "", orderId = ""] = written.exec(text) ?? [];
  if (of !== sort) return undefined;
  if (at === "never") return sort === "shippedAt" ? { at: null, orderId } : undefined;
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? undefined : { at: time, orderId };
}
