import { type CallTransport, type Gateway, type GatewaySettings, startGateway } from "@polder/http";
import { type ApiCore, type Domain, type Implementation, publishedApis } from "@polder/model";
import {
  type GatewayCompositions,
  type GatewayCompositionsOptions,
  openGatewayCompositions,
} from "./gateway-compositions.ts";

/** The gateway of a process, and what it leads to. */
export interface HostGatewayOptions extends GatewaySettings {
  /** The declarations of all domains of the project; those that this process neither runs nor has a URL of stay closed. */
  readonly declarations: () => readonly Domain[];
  /** Domains whose compositions the gateway answers itself, wherever they run. Default: none. */
  readonly composes?: readonly Implementation[];
}

/** A gateway that is open. */
export interface OpenGateway extends Pick<Gateway, "url" | "stop">, Pick<GatewayCompositions, "require"> {
  /** Opens it to what the domains publish now, of which one has been replaced. */
  readonly replace: (implementation: Implementation) => void;
}

/** What is around a gateway. */
export interface GatewaySurroundings extends Omit<GatewayCompositionsOptions, "implementations"> {
  /** The names of the domains that run in this process. */
  readonly running: readonly string[];
}

/**
 * Opens the gateway to the domains that can be reached from here, or whose compositions are answered here.
 *
 * @throws what `startGateway` throws, `DECLARATION_INVALID` for compositions that it cannot answer, and `DOMAIN_UNKNOWN`
 * where one of their essential sources would not be found.
 */
export async function openGateway(
  options: HostGatewayOptions | undefined,
  { running, ...surroundings }: GatewaySurroundings,
): Promise<OpenGateway | undefined> {
  if (options === undefined) return undefined;
  const { declarations, composes = [], ...settings } = options;
  const { desk, logger } = surroundings;
  const compositions = openGatewayCompositions({ ...surroundings, implementations: composes });
  // What runs here was asked already.
  const elsewhere = composes.map(({ domain }) => domain).filter(({ name }) => !running.includes(name));
  desk.requireReachable(elsewhere, []);
  const isReached = (domain: Domain): boolean => publishedApis(domain).every(({ name }) => desk.isReachable(name));
  const open = (): readonly Domain[] =>
    declarations().filter((domain) => isReached(domain) || compositions.has(domain.name));
  for (const { name } of declarations().filter((domain) => !isReached(domain))) {
    const where = compositions.has(name) ? `"${name}", but for its compositions` : `"${name}"`;
    logger.warn(`the gateway leads nowhere for ${where}: it neither runs here nor has a URL in the configuration`);
  }
  const findTransport = (contract: ApiCore): CallTransport =>
    compositions.before(desk.findOutsideTransport({ contract }));
  const gateway = await startGateway({ ...settings, domains: open(), findTransport, logger });
  return {
    url: gateway.url,
    stop: gateway.stop,
    require: compositions.require,
    replace: (implementation) => {
      compositions.replace(implementation);
      gateway.replace(open());
    },
  };
}
