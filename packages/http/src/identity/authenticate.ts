import type { IncomingHttpHeaders } from "node:http";
import type { User } from "@polder/model";
import type { Route } from "../operation-table.ts";

/** What is known of a request before its body is read. */
export interface RequestHead {
  readonly headers: IncomingHttpHeaders;
  /** The address at the other end of the connection. */
  readonly address: string;
}

/** A request as it was sent, to hold a proof against it. */
export interface SentRequest {
  readonly method: string;
  /** Path and query as they stood on the request line. */
  readonly url: string;
  /** The version that the caller was written for. */
  readonly version: string;
  /** The idempotency key, if there is one. */
  readonly key: string | undefined;
  /** The body's bytes; none where there is no body. */
  readonly body: Uint8Array | string;
}

/** Who calls, as far as it is proven. */
export interface Authenticated {
  readonly caller?: string;
  readonly user?: User;
  /** What the user's token permits. */
  readonly permissions?: ReadonlySet<string>;
  /** Holds the proof against the whole request; throws where it is the proof of another one. */
  readonly confirm?: (request: SentRequest) => void;
}

/**
 * Finds out who calls from the head of a request, so that nobody unknown has a body read.
 *
 * @throws the codes with status 401, 403, 429 or 503 of this package.
 */
export type Authenticate = (head: RequestHead, route: Route) => Promise<Authenticated>;

/** A call that is about to be sent over HTTP. */
export interface OutgoingRequest extends SentRequest {
  readonly api: string;
  readonly operation: string;
  readonly caller: string | undefined;
  readonly user: User | undefined;
}

/**
 * Gives the headers that prove to the other side who calls. When the other side did not know the key of a proof, it is
 * asked again with what was `refused`, and gives another proof, or no header where it has none.
 */
export type Authorize = (
  request: OutgoingRequest,
  refused?: Readonly<Record<string, string>>,
) => Promise<Readonly<Record<string, string>>>;

/** A header that came once, or nothing; several of a name are none that can be trusted. */
export function headerOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}
