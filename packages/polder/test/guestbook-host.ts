import { silentLogger } from "@polder/model";
import { gatewayOptionsOf, hostOptionsOf, setUpTracing, startHost } from "@polder/runtime";
import { openProject } from "polder";
import type { PolderOptions } from "./polder-process.ts";

/** Domains at work in this process, for tests of commands that look at what they do. */
export interface GuestbookHost extends AsyncDisposable {
  /** Base URL of the gateway. */
  readonly gateway: string;
}

/** Lets the domains of a project work as `polder start --gateway` does, but for the process. */
export async function hostGuestbook({ cwd, env = {} }: PolderOptions): Promise<GuestbookHost> {
  await using opened = new AsyncDisposableStack();
  const project = opened.use(await openProject({ from: cwd, env }));
  const tracing = opened.use(await setUpTracing({ project, ratioDefault: 0, env, logger: silentLogger }));
  const { address } = await project.database();
  const host = opened.use(
    await startHost({
      implementations: project.domains.map(({ implementation }) => implementation),
      address,
      ...hostOptionsOf(project, { port: 0, tracing }),
      identity: project.identity(),
      gateway: gatewayOptionsOf(project, { port: 0, issuer: undefined, mounts: [] }),
    }),
  );
  const owned = opened.move();
  return { gateway: host.gateway ?? "", [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
