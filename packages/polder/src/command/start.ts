import type { Implementation, Logger } from "@polder/model";
import { type RegistryServer, startRegistry } from "@polder/registry";
import {
  composedDomains,
  createLogger,
  gatewayOptionsOf,
  type HostOptions,
  hostOptionsOf,
  type LoadedDomain,
  type LogFormat,
  type OpenMounts,
  openMounts,
  type Project,
  refuseMissingCallees,
  registryOptionsOf,
  selectDomains,
  setUpTracing,
  startHost,
} from "@polder/runtime";
import { runUntilStopped } from "../dev/run-until-stopped.ts";
import { commandErrors } from "../errors.ts";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { jsonLine } from "./output.ts";
import type { Work } from "./work.ts";

/** The options of `polder start`. */
export interface StartOptions {
  readonly domain?: readonly string[];
  readonly port?: number;
  /** Run the gateway as well. */
  readonly gateway?: boolean;
  /** Run the gateway and no domain. */
  readonly gatewayOnly?: boolean;
  readonly gatewayPort?: number;
  /** Let the gateway give tokens to anybody who asks. */
  readonly devIssuer?: boolean;
  /** Run the registry as well. */
  readonly registry?: boolean;
  /** Run the registry and no domain. */
  readonly registryOnly?: boolean;
  readonly registryPort?: number;
  readonly log: LogFormat;
}

/** How many traces are kept in production, unless somebody says so: all of them would cost too much. */
const TRACES_RATIO = 0.1;

/** `polder start`: runs domains until SIGTERM or SIGINT; the second one does not wait any longer. */
export function startWork(options: StartOptions): Work {
  return async (input) => {
    const { env, json, streams, signal, hardSignal } = input;
    const port = options.port ?? portOf(env["PORT"]);
    const logger = createLogger({ write: streams.err, format: options.log });
    await using project = await openCommandProject(input, logger);
    const isWithoutDomains = options.gatewayOnly === true || options.registryOnly === true;
    const selected = isWithoutDomains ? [] : selectDomains(project.domains, options.domain);
    const { gateway = false, gatewayOnly = false } = options;
    const isGateway = gateway || gatewayOnly;
    refuseUnservedNeeds(project, selected, isGateway ? composedDomains(project) : []);
    await using tracing = await setUpTracing({ project, ratioDefault: TRACES_RATIO, env, logger });
    const { address } = await project.database(selected.map(({ name }) => name));
    await using registry = await startRegistryOf(project, options, logger);
    await using mounted = isGateway ? await openMounts(project, logger) : undefined;
    const host = await startHost({
      implementations: selected.map(({ implementation }) => implementation),
      address,
      ...hostOptionsOf(project, { port, tracing }),
      identity: project.identity(),
      ...(mounted === undefined ? {} : gatewayOf(project, options, mounted)),
      environment: env["POLDER_ENVIRONMENT"] || "production",
      logger,
    });
    const data = {
      url: host.url,
      ...(host.gateway === undefined ? {} : { gateway: host.gateway }),
      ...(registry === undefined ? {} : { registry: registry.url }),
      domains: host.domains,
    };
    logger.info("ready", data);
    if (json) streams.out(jsonLine({ ok: true, command: "start", data }));
    const reason = await runUntilStopped(host, { signal, hardSignal });
    if (reason === undefined) logger.info("stopped");
    else logger.warn(`stopped before all that was under way had ended: ${reason}. The rest was rolled back.`);
    return { code: reason === undefined ? exitCode.clean : exitCode.failed };
  };
}

/** Asked again by the host; here it is known before a database is opened, or an embedded server started. */
function refuseUnservedNeeds(
  { urls }: Project,
  selected: readonly LoadedDomain[],
  composed: readonly Implementation[],
): void {
  const reachable = new Set([...selected.map(({ name }) => name), ...Object.keys(urls)]);
  const callers = [...selected.map(({ implementation }) => implementation), ...composed];
  refuseMissingCallees(
    callers.map(({ domain }) => domain),
    reachable,
  );
}

function gatewayOf(
  project: Project,
  { gatewayPort: port, devIssuer = false }: StartOptions,
  { mounts }: OpenMounts,
): Pick<HostOptions, "gateway"> {
  return { gateway: gatewayOptionsOf(project, { port, issuer: devIssuer ? "development" : undefined, mounts }) };
}

/** Starts the registry, where it is asked for. */
async function startRegistryOf(
  project: Project,
  { registry = false, registryOnly = false, registryPort }: StartOptions,
  logger: Logger,
): Promise<RegistryServer | undefined> {
  if (!registry && !registryOnly) return undefined;
  // All databases, since the registry is in the one that domains share.
  const address = (await project.database()).registryAddress();
  return await startRegistry({ ...registryOptionsOf(project, registryPort), address, logger });
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw commandErrors.USAGE(
    `The environment variable PORT is ${JSON.stringify(text)}; it must be a whole number from 0 to 65535.`,
    { argument: "PORT" },
  );
}
