import { sqlState } from "@polder/postgres";
import { PAGE_BYTES_MAX } from "../names.ts";
import type { EventSource, LoggedEvent, Page, PartRange, ReadRequest } from "./event-source.ts";

/** Events that one shared read asks for. */
const READ_EVENTS_MAX = 1_000;
/** Events of a range that are kept for whoever is a little behind. */
const KEPT_EVENTS_MAX = 2_000;
/** SQLSTATE of a right that is missing. */
const FORBIDDEN_STATE = "42501";
/** Ranges of parts for which something is kept. */
const TAILS_MAX = 8;

/** What {@link sharedSource} needs. */
export interface SharedSourceOptions {
  /** Stays the caller's to dispose. */
  readonly source: EventSource;
  /** The names of all events that any of the subscriptions wants. */
  readonly events: readonly string[];
  /**
   * How long what was read is kept, in milliseconds. Should the log be set back, nobody lives longer than that on what it
   * was. Default 1,000.
   */
  readonly keptMs?: number;
}

/**
 * One reader of a log for many subscriptions of a domain in one process. Those that are near the end of the log, as all
 * are that keep up, share each read of what is new; one that is behind reads for itself until it has caught up. For
 * each range of parts at most 2,000 events or 8 MiB are kept.
 */
export function sharedSource({ source, events, keptMs = 1_000 }: SharedSourceOptions): EventSource {
  const tails = new Map<string, Tail>();
  const news: News = { count: 0, head: 0n };
  return {
    ...source,
    read: async (request) => {
      if (!request.events.every((event) => events.includes(event))) return await source.read(request);
      const tail = tailOf(tails, request.parts);
      const page = await readTail({ source, events, tail, news, keptMs }, request).catch((error: unknown) => {
        // Not all may be read any more: each subscription then learns by itself whether that concerns it.
        if (sqlState(error) === FORBIDDEN_STATE) return undefined;
        throw error;
      });
      return page ?? (await source.read(request));
    },
    onGrowth: (listener) =>
      source.onGrowth((head) => {
        // The same is heard once for each subscription, and from the relay as well as from PostgreSQL.
        if (head === undefined || head > news.head) news.count += 1;
        if (head !== undefined && head > news.head) news.head = head;
        listener(head);
      }),
  };
}

/** What was heard of the log. */
interface News {
  count: number;
  /** The newest position of which somebody said that it is there. */
  head: bigint;
}

/** The end of a log, as far as one range of parts is concerned. */
interface Tail {
  readonly parts: PartRange;
  /** Without gaps between them, the oldest first. */
  pieces: readonly Piece[];
  /** The read under way, and how much had been heard when it began. */
  reading: { readonly done: Promise<void>; readonly heard: number } | undefined;
  /** How much had been heard when the last read began. */
  heard: number;
}

/** What one read gave. */
interface Piece extends Page {
  /** It speaks for the positions after this one, up to `scanned`. */
  readonly after: bigint;
  readonly readAtMs: number;
  readonly bytes: number;
}

interface Sharing {
  readonly source: EventSource;
  readonly events: readonly string[];
  readonly tail: Tail;
  readonly news: News;
  readonly keptMs: number;
}

function tailOf(tails: Map<string, Tail>, parts: PartRange): Tail {
  const key = `${parts.lo}-${parts.hi}`;
  const tail = tails.get(key) ?? { parts, pieces: [], reading: undefined, heard: 0 };
  // The one that was not asked for the longest comes first.
  tails.delete(key);
  tails.set(key, tail);
  const [eldest] = tails.keys();
  if (tails.size > TAILS_MAX && eldest !== undefined) tails.delete(eldest);
  return tail;
}

/** Answers from what is kept, reading on first where there is more; nothing when the request begins before it. */
async function readTail(sharing: Sharing, request: ReadRequest): Promise<Page | undefined> {
  const { tail, news } = sharing;
  forgetOld(sharing);
  const first = tail.pieces[0];
  const end = tail.pieces.at(-1);
  if (first !== undefined && request.after < first.after) return undefined;
  const kept = pageFrom(tail.pieces, request);
  const isNewest =
    end !== undefined && request.after < end.scanned && end.scanned >= news.head && tail.heard === news.count;
  if (kept !== undefined && (isNewest || kept.events.length === request.eventsMax)) return kept;
  await readOn(sharing, request.after);
  return pageFrom(tail.pieces, request);
}

/** Reads what is new, or waits for another reader that has begun since the last news. */
async function readOn(sharing: Sharing, after: bigint): Promise<void> {
  const { tail, news } = sharing;
  if (tail.reading?.heard !== news.count) {
    const before = tail.reading?.done.catch(() => undefined);
    const heard = news.count;
    const done = (async () => {
      await before;
      await extend(sharing, after, heard);
    })();
    const reading = { done, heard };
    tail.reading = reading;
    const end = (): void => {
      if (tail.reading === reading) tail.reading = undefined;
    };
    done.then(end, end);
  }
  await tail.reading?.done;
}

async function extend({ source, events, tail, news }: Sharing, from: bigint, heard: number): Promise<void> {
  const end = tail.pieces.at(-1)?.scanned;
  // Somebody is ahead of what is kept: it begins anew there.
  const isBeyond = end === undefined || from > end;
  const after = isBeyond ? from : end;
  const page = await source.read({ after, parts: tail.parts, events, eventsMax: READ_EVENTS_MAX });
  tail.heard = heard;
  if (heard === news.count) news.head = page.head;
  // The log was set back: what is kept is no more.
  const kept = isBeyond || page.head < after ? [] : tail.pieces;
  const bytes = page.events.reduce((sum, { data }) => sum + data.length, 0);
  tail.pieces = bounded([...kept, { ...page, after, readAtMs: performance.now(), bytes }]);
}

function forgetOld({ tail, keptMs }: Sharing): void {
  const oldMs = performance.now() - keptMs;
  if (tail.pieces.some(({ readAtMs }) => readAtMs <= oldMs))
    tail.pieces = tail.pieces.filter(({ readAtMs }) => readAtMs > oldMs);
}

/** The newest pieces, as many as may be kept, and at least the last. */
function bounded(pieces: readonly Piece[]): readonly Piece[] {
  let [events, bytes] = [0, 0];
  const from = pieces.findLastIndex((piece) => {
    events += piece.events.length;
    bytes += piece.bytes;
    return events > KEPT_EVENTS_MAX || bytes > PAGE_BYTES_MAX;
  });
  return pieces.slice(Math.min(from + 1, pieces.length - 1));
}

/** The page that the log itself would have given, from pieces of it; nothing when they do not reach so far back. */
function pageFrom(pieces: readonly Piece[], { after, upTo, events, eventsMax }: ReadRequest): Page | undefined {
  const [first] = pieces;
  const end = pieces.at(-1);
  if (first === undefined || end === undefined || after < first.after || after > end.scanned) return undefined;
  const until = upTo !== undefined && upTo < end.scanned ? upTo : end.scanned;
  const found: LoggedEvent[] = [];
  for (const piece of pieces) {
    if (piece.scanned <= after) continue;
    for (const event of piece.events) {
      if (event.seq <= after || event.seq > until || !events.includes(event.type)) continue;
      found.push(event);
      if (found.length === eventsMax) return { events: found, scanned: event.seq, head: end.head };
    }
  }
  return { events: found, scanned: until > after ? until : after, head: end.head };
}
