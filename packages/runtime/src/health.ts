import type { CircuitState, HttpApp } from "@polder/http";
import { domainOf, isPolderError, livingMajors, publishedApis } from "@polder/model";
import type { RunningDomain } from "./domain/run-domain.ts";

/** What the health pages look at. */
export interface HealthParts {
  readonly running: ReadonlyMap<string, RunningDomain>;
  /** How the circuits to other domains stand. */
  readonly circuits: ReadonlyMap<string, CircuitState>;
  readonly isStopping: () => boolean;
}

/**
 * Serves `/livez` (the process answers), `/readyz` (it can do its work: every domain reaches its database, and it is
 * not stopping) and `/` (what runs here). They say which domain is in trouble and with what code, and nothing of where
 * its database is.
 *
 * A read model or replica that is farther behind than it may be is said, and makes nobody unready: its queries are
 * answered all the same.
 *
 * A circuit that is not closed to a domain that one here cannot do without is said, and makes nobody unready. Its process
 * still answers what needs no call; where it were taken out of service, so would all others be that call the same domain,
 * and no call would come any more to show that it is back.
 */
export function mountHealth(app: HttpApp, { running, circuits, isStopping }: HealthParts): void {
  app.get("/livez", (context) => context.json({ status: "alive" }));
  app.get("/readyz", async (context) => {
    const domains = await Promise.all([...running.values()].map((domain) => lookAt(domain, circuits)));
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
  /** Circuits that are not closed, to domains that it cannot do without. */
  readonly circuits?: Readonly<Record<string, CircuitState>>;
  /** Read models and replicas that are farther behind than they may be, in milliseconds. */
  readonly behind?: Readonly<Record<string, number>>;
}

async function lookAt(running: RunningDomain, circuits: HealthParts["circuits"]): Promise<Look> {
  const { name: domain, database } = running;
  const troubled = troubledCircuits(running, circuits);
  const over = running.copies().filter(({ isOver }) => isOver);
  const behind = Object.fromEntries(over.map(({ copied, stalenessMs }) => [copied.name, Math.round(stalenessMs)]));
  const trouble = {
    ...(Object.keys(troubled).length === 0 ? {} : { circuits: troubled }),
    ...(over.length === 0 ? {} : { behind }),
  };
  try {
    await database.query("select 1");
    return { domain, ready: true, ...trouble };
  } catch (error) {
    return { domain, ready: false, code: isPolderError(error) ? error.code : "UNEXPECTED", ...trouble };
  }
}

function troubledCircuits(
  { implementation }: RunningDomain,
  circuits: HealthParts["circuits"],
): Readonly<Record<string, CircuitState>> {
  const found = implementation.domain.needs.flatMap(({ contract, essential }): [string, CircuitState][] => {
    const callee = domainOf(contract.name);
    const state = circuits.get(callee);
    const isTrouble = contract.kind === "api" && essential && state !== undefined && state !== "closed";
    return isTrouble ? [[callee, state]] : [];
  });
  return Object.fromEntries(found);
}

function describe({ name, implementation: { domain } }: RunningDomain): object {
  const apis = publishedApis(domain).flatMap(({ name: api, versions }) =>
    livingMajors(versions).map(({ major }) => `/${api}/v${major}`),
  );
  return { domain: name, owner: domain.owner.name, apis };
}
