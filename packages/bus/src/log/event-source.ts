/** A range of the 64 parts, both ends within. */
export interface PartRange {
  readonly lo: number;
  readonly hi: number;
}

/** An event as the log of its publisher holds it. */
export interface LoggedEvent {
  readonly seq: bigint;
  readonly id: string;
  readonly key: string;
  readonly type: string;
  readonly version: string;
  /** The payload as JSON text. */
  readonly data: string;
  /** Trace context and the like as JSON text. */
  readonly headers: string | null;
  readonly at: Date;
  readonly relayedAt: Date;
}

/** What a subscription asks of a log. */
export interface ReadRequest {
  /** Events after this position. */
  readonly after: bigint;
  /** And not beyond this one, if it is given. */
  readonly upTo?: bigint;
  readonly parts: PartRange;
  /** Names of the wanted events. */
  readonly events: readonly string[];
  readonly eventsMax: number;
}

/** A page of a log. */
export interface Page {
  /** The wanted events, in order. */
  readonly events: readonly LoggedEvent[];
  /** The page speaks for all positions up to this one, whether or not it has an event there. */
  readonly scanned: bigint;
  /** The newest position of the log. */
  readonly head: bigint;
}

/** What a subscription asks of what it has before it. */
export interface PendingRequest {
  /** Everything up to here is handled. */
  readonly after: bigint;
  /** Names of the wanted events. */
  readonly events: readonly string[];
}

/** What a subscription has not handled yet. */
export interface Pending {
  /** The newest position of the log, and the oldest that can still be read. */
  readonly head: bigint;
  readonly oldest: bigint;
  /**
   * How long the first wanted event has been waiting, in milliseconds, by the clock of the publisher's database: also one
   * that is published and not in the log yet. Missing where there is none.
   */
  readonly waitingMs?: number;
}

/**
 * The log of one domain as one consumer reads it. Every transport offers this, and passes the same
 * conformance suite: positions are dense and never change; events of one key come in the order of
 * their commits; a page leaves nothing out.
 */
export interface EventSource extends AsyncDisposable {
  readonly publisher: string;
  readonly read: (request: ReadRequest) => Promise<Page>;
  /** The newest position, and the oldest that can still be read. */
  readonly state: () => Promise<{ readonly head: bigint; readonly oldest: bigint }>;
  /** What a subscription that has handled everything up to a position has still before it. */
  readonly pending: (request: PendingRequest) => Promise<Pending>;
  /** The position after which a replay from that time begins. */
  readonly positionAt: (time: Date) => Promise<bigint>;
  /** Says how far a subscription has come: the log keeps what it has not seen. Also registers it. */
  readonly report: (subscription: string, seq: bigint) => Promise<void>;
  /**
   * Forgets subscriptions that were made for one purpose, each under a name of its own: those called `<purpose>-<number>`
   * that are not among `kept`. The log keeps nothing for them any more.
   */
  readonly forget: (purpose: string, kept: readonly string[]) => Promise<void>;
  /** Calls whenever there may be more to read, with the newest position where it is known. Gives the way to stop. */
  readonly onGrowth: (listener: GrowthListener) => () => void;
}

/** Told that a log may have grown, and up to where, if that is known. */
export type GrowthListener = (head: bigint | undefined) => void;

/** Carries the news of growth within one process; see {@link growthSignal}. */
export interface GrowthSignal {
  /** Wakes all readers of a domain's log in this process that have not come as far as `head`. */
  readonly grown: (publisher: string, head?: bigint) => void;
  readonly onGrowth: (publisher: string, listener: GrowthListener) => () => void;
}

/** Carries the news that a log has grown from its relay to its readers within one process. */
export function growthSignal(): GrowthSignal {
  const listeners = new Map<string, Set<GrowthListener>>();
  return {
    grown: (publisher, head) => {
      for (const listener of listeners.get(publisher) ?? []) listener(head);
    },
    onGrowth: (publisher, listener) => {
      const known = listeners.get(publisher) ?? new Set();
      listeners.set(publisher, known.add(listener));
      return () => known.delete(listener);
    },
  };
}
