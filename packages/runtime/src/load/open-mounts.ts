import type { GatewayMount } from "@polder/http";
import { type Logger, REGISTRY } from "@polder/model";
import { isReading, openRegistryApp } from "@polder/registry";
import type { Project } from "./project.ts";

/** What its gateway leads to besides domains. Disposing it closes what that needs. */
export interface OpenMounts extends AsyncDisposable {
  readonly mounts: readonly GatewayMount[];
}

/** Opens the registry for the gateway, where the configuration lets somebody in. Throws what `openRegistryApp` throws. */
export async function openMounts(project: Project, logger: Logger): Promise<OpenMounts> {
  const { gateway, registry: { incompatibleCode } = {}, prepare } = project.loaded.config;
  const access = gateway?.registry;
  if (access === undefined) return { mounts: [], [Symbol.asyncDispose]: () => Promise.resolve() };
  const { app, [Symbol.asyncDispose]: dispose } = await openRegistryApp({
    address: (await project.database()).registryAddress(),
    ...(incompatibleCode === undefined ? {} : { incompatibleCode }),
    ...(prepare === undefined ? {} : { prepare }),
    logger,
  });
  const accessOf: GatewayMount["accessOf"] = (request) =>
    isReading(request) ? { operation: "read", access: access.read } : { operation: "write", access: access.write };
  return { mounts: [{ name: REGISTRY, app, accessOf }], [Symbol.asyncDispose]: dispose };
}
