import { randomUUID } from "node:crypto";
import { bodyLimit } from "hono/body-limit";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createKeySet, type KeySet } from "../identity/key-set.ts";
import type { HttpApp } from "../server.ts";
import type { IssuerOptions } from "./user-tokens.ts";

/** An issuer for development: it gives a token to anybody who asks, for any name. */
export interface DevIssuer {
  readonly options: IssuerOptions;
  readonly keys: KeySet;
  /** Serves `POST /.polder/token` with the fields `subject` and `scope` of a form; as plain text where that is asked for. */
  readonly mount: (app: HttpApp) => void;
}

/** Where the development issuer gives tokens, at the gateway. No API begins with a point. */
export const DEV_TOKEN_PATH = "/.polder/token";

/** How long its tokens hold, in seconds. */
const LIFETIME_SECONDS = 3_600;

/** Bytes of a form at most. */
const FORM_BYTES_MAX = 10_000;

/** Makes an issuer for development; its key lives as long as it does. */
export async function createDevIssuer(): Promise<DevIssuer> {
  const options: IssuerOptions = { issuer: "urn:polder:development", audience: "gateway" };
  const { publicKey, privateKey } = await generateKeyPair("EdDSA");
  const kid = randomUUID();
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: "EdDSA" };
  const keys = createKeySet({
    load: async () => ({ keys: [jwk] }),
    refreshMs: Number.POSITIVE_INFINITY,
    cooldownMs: Number.POSITIVE_INFINITY,
  });
  return {
    options,
    keys,
    mount: (app) => {
      const limit = bodyLimit({
        maxSize: FORM_BYTES_MAX,
        onError: (context) => context.json({ error: "invalid_request" }, 413),
      });
      app.post(DEV_TOKEN_PATH, limit, async (context) => {
        const form = await context.req.parseBody();
        const [subject, scope = ""] = [form["subject"], form["scope"]].map((field) => field?.toString());
        if (subject === undefined || subject === "" || subject.length > 200 || scope.length > 2_000)
          return context.json(
            { error: "invalid_request", error_description: "send subject, and scope if need be" },
            400,
          );
        const token = await new SignJWT({ scope })
          .setProtectedHeader({ alg: "EdDSA", kid, typ: "at+jwt" })
          .setIssuer(options.issuer)
          .setAudience(options.audience)
          .setSubject(subject)
          .setIssuedAt()
          .setExpirationTime(`${LIFETIME_SECONDS}s`)
          .sign(privateKey);
        if (context.req.header("accept") === "text/plain") return context.text(token);
        return context.json({ access_token: token, token_type: "Bearer", expires_in: LIFETIME_SECONDS, scope });
      });
    },
  };
}
