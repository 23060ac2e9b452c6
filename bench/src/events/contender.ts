/** Where the benchmark's server is. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** A folder for what a contender keeps beside the database, such as passwords; gone when the benchmark ends. */
  readonly directory: string;
}

/** How events are handled: one by one, or as many at once as the system gives. */
export type DeliveryMode = "each" | "batch";

/** What consumes while it is delivered. */
export interface DeliveryOptions {
  readonly mode: DeliveryMode;
  /** Subscriptions to the same events; all but the first (number 0) only count. More than one: Polder alone. */
  readonly subscriptions: number;
  /** Called at the beginning of the handler, for each event. */
  readonly handled: (subscription: number, key: string, version: number) => void;
}

/**
 * One system under test, in a process of its own: publishers and consumers share it, as they would in a small service.
 * The process idles while another system is measured.
 */
export interface Contender extends AsyncDisposable {
  /** Changes an aggregate and publishes that, in one transaction; `committing` is called right before the commit is sent. */
  readonly publishOne: (key: string, committing: (version: number) => void) => Promise<void>;
  readonly startDelivery: (options: DeliveryOptions) => Promise<void>;
  readonly stopDelivery: () => Promise<void>;
  /** Puts events in place as a backlog, with keys that begin with `prefix` and versions from 1. */
  readonly fill: (options: { readonly prefix: string; readonly events: number }) => Promise<void>;
}

/** Makes a contender's tables and starts it, with nothing delivered yet. */
export type OpenContender = (server: ServerAddress) => Promise<Contender>;
