import type { HttpApp } from "@polder/http";
import { isPolderError, publishedApis } from "@polder/model";
import type { RunningDomain } from "./domain/run-domain.ts";

/** What the health pages look at. */
export interface HealthParts {
  readonly running: ReadonlyMap<string, RunningDomain>;
  readonly isStopping: () => boolean;
}

/**
 * Serves `/livez` (the process answers), `/readyz` (it can do its work: every domain reaches its database, and it is
 * not stopping) and `/` (what runs here). They say which domain is in trouble and with what code, and nothing of where
 * its database is.
 */
export function mountHealth(app: HttpApp, { running, isStopping }: HealthParts): void {
  app.get("/livez", (context) => context.json({ status: "alive" }));
  app.get("/readyz", async (context) => {
    const domains = await Promise.all([...running.values()].map(lookAt));
    const ready = !isStopping() && domains.every((domain) => domain.ready);
    const status = isStopping() ? "stopping" : ready ? "ready" : "not ready";
    return context.json({ status, domains }, ready ? 200 : 503);
  });
  app.get("/", (context) => context.json({ polder: [...running.values()].map(describe) }));
}

interface Look {
  readonly domain: string;
  readonly ready: boolean;
  readonly code?: string;
}

async function lookAt({ name: domain, database }: RunningDomain): Promise<Look> {
  try {
    await database.query("select 1");
    return { domain, ready: true };
  } catch (error) {
    return { domain, ready: false, code: isPolderError(error) ? error.code : "UNEXPECTED" };
  }
}

function describe({ name, implementation: { domain } }: RunningDomain): object {
  const apis = publishedApis(domain).map((api) => `/${api.name}/v${api.newest.split(".", 1)[0]}`);
  return { domain: name, owner: domain.owner.name, apis };
}
