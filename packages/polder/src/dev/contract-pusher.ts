import type { Logger } from "@polder/model";
import type { LoadedDomain } from "@polder/runtime";
import { pushContracts, pushedText } from "../contracts/push-contracts.ts";
import type { RegistryClient } from "../contracts/registry-client.ts";

/** Sends what some domains publish to a registry. Throws `REGISTRY_UNUSABLE`. */
export type PushDomains = (domains: readonly LoadedDomain[]) => Promise<void>;

/** Schemas that a line of the log names at most. */
const NAMED_MAX = 3;

/**
 * Makes the one who sends contracts to a registry, and again where they have changed since it did; what the registry does
 * not take is warned of, once for each change.
 */
export function contractPusher(client: RegistryClient, logger: Logger): PushDomains {
  const pushed = new Map<string, string>();
  return async (domains) => {
    for (const domain of domains) {
      const text = pushedText(domain);
      if (pushed.get(domain.name) === text) continue;
      const { sent, described, findings } = await pushContracts(domain, client);
      pushed.set(domain.name, text);
      for (const { problem, wayOut } of findings) logger.warn(`${problem}. ${wayOut}`);
      const news = [...sent, ...described];
      const more = news.length > NAMED_MAX ? ` and ${news.length - NAMED_MAX} more` : "";
      if (news.length > 0) logger.info(`pushed to the registry: ${news.slice(0, NAMED_MAX).join(", ")}${more}`);
    }
  };
}
