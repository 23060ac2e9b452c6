import type { IncomingHttpHeaders } from "node:http";
import { httpErrors } from "../errors.ts";
import { type Authenticated, headerOf, type RequestHead } from "../identity/authenticate.ts";
import type { Route } from "../operation-table.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { type CheckUserToken, invalid, type ProvenUser } from "./user-tokens.ts";

/** Whose tokens are taken, and how often each may call. */
export interface AuthenticateUsersOptions {
  /** Without it, no token is taken: then only operations that are open to anyone can be called. */
  readonly check: CheckUserToken | undefined;
  readonly limiter: RateLimiter;
}

/** What a user wants to reach, and who may. */
export interface WantedOperation extends Pick<Route, "api" | "operation"> {
  readonly declared: Pick<Route["declared"], "access">;
}

/** Lets a user in, or throws the codes with status 401, 403, 429 or 503 of this package. */
export type AuthenticateUser = (head: RequestHead, wanted: WantedOperation) => Promise<Authenticated>;

/**
 * Makes the one who lets users in at the gateway: it checks their tokens, counts their calls, and holds them to what
 * the contract says of each operation. Who is not known, or only says so, is counted by address.
 */
export function authenticateUsers({ check, limiter }: AuthenticateUsersOptions): AuthenticateUser {
  const count = (caller: string): void => {
    const waitMs = limiter.take(caller, performance.now());
    if (waitMs > 0) throw rateLimited(waitMs);
  };
  return async ({ headers, address }, wanted) => {
    const known = await knownUser(headers, check).catch((error: unknown) => {
      count(address);
      throw error;
    });
    count(known === undefined ? address : JSON.stringify(known.user));
    requireAccess(wanted, known ?? {});
    return known ?? {};
  };
}

async function knownUser(
  headers: IncomingHttpHeaders,
  check: CheckUserToken | undefined,
): Promise<ProvenUser | undefined> {
  const authorization = headerOf(headers, "authorization");
  if (authorization === undefined) return undefined;
  const token = /^bearer +([^ ]+) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw invalid("it is not of the form Bearer, a blank, and one token");
  if (check === undefined) throw invalid("this gateway has no issuer, and takes no tokens");
  return await check(token);
}

/**
 * Holds a user to what a contract says of an operation.
 *
 * @throws `USER_MISSING` where it is for users and nobody has signed in, `PERMISSION_MISSING` where the token does not
 * hold the permission.
 */
export function requireAccess(
  { api, operation, declared: { access } }: WantedOperation,
  { user, permissions }: Partial<ProvenUser>,
): void {
  if (access === "anyone") return;
  if (user === undefined) {
    throw httpErrors.USER_MISSING(
      `${api}.${operation} is for users who have signed in. Send "Authorization: Bearer …" with an access token of your issuer.`,
      { api, operation },
    );
  }
  if (access === undefined || access === "signed-in" || permissions?.has(access) === true) return;
  throw httpErrors.PERMISSION_MISSING(
    `${api}.${operation} needs the permission "${access}", which this token does not hold. Ask for it when you sign in, or ask whoever gives permissions.`,
    { api, operation, permission: access },
  );
}

function rateLimited(retryAfterMs: number): Error {
  return httpErrors.RATE_LIMITED(
    `This caller calls more often than the gateway allows. Nothing was done; try again in ${Math.ceil(retryAfterMs / 1_000)} seconds.`,
    { retryAfterMs },
  );
}
