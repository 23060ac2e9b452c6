import type { Hono } from "hono";
import { httpErrors } from "../errors.ts";
import type { HttpApp } from "../server.ts";
import type { AuthenticateUser } from "./authenticate-users.ts";

/** An application besides the domains that a gateway leads to. */
export interface GatewayMount {
  /** It is served below `/<name>`; no domain has this name. */
  readonly name: string;
  readonly app: Hono;
  /** What a request does there, by its method and its path below the mount, and who may: nobody where it does not say. */
  readonly accessOf: (request: { readonly method: string; readonly path: string }) => {
    readonly operation: string;
    readonly access: string | undefined;
  };
}

/** Mounts an application behind the same questions that operations of domains are asked: who calls, how often, and may they. */
export function mountBehindAccess(
  app: HttpApp,
  { name, app: mounted, accessOf }: GatewayMount,
  authenticate: AuthenticateUser,
): void {
  app.use(`/${name}/*`, async ({ req, env: { incoming } }, next) => {
    const { operation, access } = accessOf({ method: req.method, path: req.path.slice(name.length + 1) });
    const head = { headers: incoming.headers, address: incoming.socket.remoteAddress ?? "" };
    // Whoever may not is counted as well.
    await authenticate(head, { api: name, operation, declared: { access: access ?? "anyone" } });
    if (access === undefined) throw closed(name, operation);
    await next();
  });
  app.route(`/${name}`, mounted);
}

function closed(name: string, operation: string): Error {
  return httpErrors.OPERATION_UNKNOWN(
    `This gateway does not open "${operation}" of ${name} to anybody. Ask at the address of ${name} itself, or have it opened in the configuration of the gateway.`,
    { wanted: `${name}.${operation}` },
  );
}
