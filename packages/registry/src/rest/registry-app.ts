import { isPolderError, type Logger, silentLogger } from "@polder/model";
import { isInfrastructureError } from "@polder/postgres";
import { type Context, Hono } from "hono";
import { refusal } from "../refusal.ts";
import type { Registry } from "../registry.ts";
import { contextIn } from "./read-request.ts";
import { schemaRoutes } from "./schema-routes.ts";
import { settingRoutes } from "./setting-routes.ts";
import { subjectRoutes } from "./subject-routes.ts";

/** The media type of every answer. */
const MEDIA_TYPE = "application/vnd.schemaregistry.v1+json";

/** What {@link registryApp} needs. */
export interface RegistryAppOptions {
  readonly registry: Registry;
  /** Default: says nothing. */
  readonly logger?: Logger;
}

/**
 * The registry as a Hono application that answers as Confluent Schema Registry does, so that its clients work with it:
 * mount it at any path. Errors are `{ error_code, message }` with the numbers that clients know.
 */
export function registryApp({ registry, logger = silentLogger }: RegistryAppOptions): Hono {
  const routes = new Hono();
  for (const mount of [subjectRoutes, schemaRoutes, settingRoutes]) mount(routes, registry);
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    if (context.res.headers.get("content-type")?.startsWith("application/json") === true)
      context.res.headers.set("content-type", MEDIA_TYPE);
  });
  app.get("/", (context) => context.json({}));
  app.get("/contexts", async (context) => context.json(await registry.contexts()));
  app.delete("/contexts/:context", async (context) => {
    await registry.deleteContext(contextIn(context));
    return context.body(null, 204);
  });
  app.route("/contexts/:context", routes);
  app.route("/", routes);
  // Polder has no associations of topics with subjects; clients that ask go on by the names of topics.
  app.all("*", (context) => {
    const { method, path, routePath } = context.req;
    // The registry itself, also where its address ends with a slash.
    if (method === "GET" && path === routePath.replace(/\*$/, "")) return context.json({});
    throw refusal.notFound();
  });
  app.onError((error, context) => answerError(error, context, logger));
  return app;
}

function answerError(error: Error, context: Context, logger: Logger): Response {
  const code = errorCodeOf(error);
  if (code !== undefined) return answer(context, code, error.message);
  const what = `${context.req.method} ${context.req.path}`;
  logger.error(`the registry could not answer ${what}`, { error });
  return isInfrastructureError(error)
    ? answer(context, 50001, "Error in the backend data store")
    : answer(context, 500, "Internal Server Error");
}

function answer(context: Context, code: number, message: string): Response {
  const status = Number(String(code).slice(0, 3));
  return context.body(JSON.stringify({ error_code: code, message }), status as 500, { "content-type": MEDIA_TYPE });
}

function errorCodeOf(error: unknown): number | undefined {
  if (!isPolderError(error)) return undefined;
  const { errorCode } = error.details as { readonly errorCode?: unknown };
  return typeof errorCode === "number" ? errorCode : undefined;
}
