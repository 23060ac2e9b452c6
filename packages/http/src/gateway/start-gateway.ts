import { type ApiCore, type Domain, type Logger, publishedApis, silentLogger } from "@polder/model";
import type { CallTransport } from "../call.ts";
import { httpErrors } from "../errors.ts";
import { type HttpServer, serveHttp } from "../server.ts";
import { authenticateUsers } from "./authenticate-users.ts";
import { createDevIssuer } from "./dev-issuer.ts";
import { forwardCalls, openRoutes } from "./forward-calls.ts";
import { type GatewayMount, mountBehindAccess } from "./mount-behind-access.ts";
import { mountDocuments, type ServedDocuments } from "./mount-documents.ts";
import { createRateLimiter, type RateLimit } from "./rate-limiter.ts";
import { checkUserTokens, type IssuerOptions, issuerKeys } from "./user-tokens.ts";

/** How the outside gets in. */
export interface GatewaySettings {
  /** Default "127.0.0.1". */
  readonly host?: string;
  /** 0 takes any free port. Default 0. */
  readonly port?: number;
  /** Who issues the tokens of users; `development` gives one to anybody who asks. Without it, nobody can sign in. */
  readonly issuer?: IssuerOptions | "development";
  /** How often one user, or one address without a user, may call. Default 50 a second, 100 at once. */
  readonly rateLimit?: RateLimit;
  /** Which documents about contracts everybody may read below `/contracts`. Default `open`. */
  readonly documents?: ServedDocuments;
  /** What it leads to besides domains. Default: nothing. */
  readonly mounts?: readonly GatewayMount[];
}

/** What {@link startGateway} needs. */
export interface GatewayOptions extends GatewaySettings {
  /** The domains that can be reached. */
  readonly domains: readonly Domain[];
  readonly findTransport: (api: ApiCore) => CallTransport;
  readonly logger?: Logger;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly now?: () => number;
}

/** A gateway that listens. Disposing it stops it. */
export interface Gateway extends AsyncDisposable {
  readonly url: string;
  /** Opens what these domains publish now, from the next request on. */
  readonly replace: (domains: readonly Domain[]) => void;
  readonly stop: HttpServer["stop"];
}

/**
 * Starts the server through which the outside calls: it checks the tokens of users, counts their calls, and forwards
 * those that the contracts open.
 *
 * @throws `ISSUER_MISSING` where an operation asks for a token and nobody issues any, `PORT_IN_USE`.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { findTransport, logger = silentLogger, now, documents = "open", mounts = [] } = options;
  let { domains } = options;
  requireIssuer(options);
  const clock = now === undefined ? {} : { now };
  const dev = options.issuer === "development" ? await createDevIssuer() : undefined;
  const issuer = dev?.options ?? (options.issuer as IssuerOptions | undefined);
  const keys = dev?.keys ?? (issuer === undefined ? undefined : issuerKeys(issuer.issuer, { logger, ...clock }));
  const check = issuer === undefined || keys === undefined ? undefined : checkUserTokens(issuer, { keys, ...clock });
  if (dev !== undefined) logger.warn("the gateway gives tokens to anybody who asks: for development only");
  const authenticate = authenticateUsers({ check, limiter: createRateLimiter(options.rateLimit) });
  const server = await serveHttp({
    dispatcher: forwardCalls({ domains, findTransport, logger }),
    authenticate,
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    logger,
    extra: (app) => {
      app.get("/livez", (context) => context.json({ status: "alive" }));
      dev?.mount(app);
      mountDocuments(app, domains, documents);
      for (const mount of mounts) mountBehindAccess(app, mount, authenticate);
    },
  });
  return {
    url: server.url,
    replace: (replaced) => {
      domains = replaced;
      server.replace(forwardCalls({ domains, findTransport, logger }));
    },
    stop: server.stop,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The operations that the outside may call, as `<api>.<operation>`, with who may. */
export function openOperations(
  domains: readonly Domain[],
): readonly { readonly name: string; readonly access: string }[] {
  const open = domains
    .flatMap(publishedApis)
    .flatMap(openRoutes)
    .map(({ api, operation, declared }) => ({ name: `${api}.${operation}`, access: declared.access ?? "" }));
  return [...new Map(open.map((one) => [`${one.name} ${one.access}`, one])).values()];
}

function requireIssuer({ issuer, domains }: GatewayOptions): void {
  if (issuer !== undefined) return;
  const operations = openOperations(domains)
    .filter(({ access }) => access !== "anyone")
    .map(({ name }) => name);
  if (operations.length === 0) return;
  throw httpErrors.ISSUER_MISSING(
    `The gateway would have nobody sign in: ${operations.slice(0, 5).join(", ")}${operations.length > 5 ? ", …" : ""} ask for a token, but no issuer is configured. Name your issuer in "gateway" of the configuration, or take the development issuer for a try.`,
    { operations },
  );
}
