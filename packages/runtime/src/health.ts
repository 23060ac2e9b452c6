import type { HttpApp } from "@polder/http";
import type { Database } from "@polder/postgres";

/** What the health pages look at. */
export interface HealthParts {
  readonly databases: ReadonlyMap<string, Database>;
  readonly isStopping: () => boolean;
  readonly describe: () => readonly object[];
}

/**
 * Serves `/livez` (the process answers), `/readyz` (it can do its work: every domain reaches its database, and it is
 * not stopping) and `/` (what runs here).
 */
export function mountHealth(app: HttpApp, { databases, isStopping, describe }: HealthParts): void {
  app.get("/livez", (context) => context.json({ status: "alive" }));
  app.get("/readyz", async (context) => {
    const checks = await Promise.all(
      [...databases].map(async ([domain, database]) => {
        try {
          await database.query("select 1");
          return { domain, ready: true };
        } catch (error) {
          return { domain, ready: false, reason: error instanceof Error ? error.message : String(error) };
        }
      }),
    );
    const ready = !isStopping() && checks.every((check) => check.ready);
    return context.json({ status: ready ? "ready" : isStopping() ? "stopping" : "not ready", domains: checks }, ready ? 200 : 503);
  });
  app.get("/", (context) => context.json({ polder: describe() }));
}
