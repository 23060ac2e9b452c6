import type { ServerAddress } from "../events/contender.ts";

/** One server under test, in a process of its own; it idles while another one is measured. */
export interface CallServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:4000`, without a slash at the end. */
  readonly url: string;
}

/** Starts a server that answers the command, on a free port of 127.0.0.1. */
export type OpenCallServer = (server: ServerAddress) => Promise<CallServer>;
