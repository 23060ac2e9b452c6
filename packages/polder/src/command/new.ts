import type { Project } from "@polder/runtime";
import { type Changes, carryOut, describeDone } from "../scaffold/changes.ts";
import { newApi, newDomain, newEvent, newSubscription } from "../scaffold/new-piece.ts";
import { newReadModel } from "../scaffold/new-read-model.ts";
import { newReplica } from "../scaffold/new-replica.ts";
import { openCommandProject } from "./command-project.ts";
import type { Work } from "./work.ts";

/** `polder new domain`. */
export const newDomainWork = (name: string): Work => making((project) => newDomain(project, name));

/** `polder new api`. */
export const newApiWork = (name: string): Work => making((project) => newApi(project, name));

/** `polder new event`. */
export const newEventWork = (name: string): Work => making((project) => newEvent(project, name));

/** `polder new subscription`. */
export const newSubscriptionWork = (name: string, { event }: { readonly event: string }): Work =>
  making((project) => newSubscription(project, name, event));

/** `polder new read-model`. */
export const newReadModelWork = (name: string, { events }: { readonly events: readonly string[] }): Work =>
  making((project) => newReadModel(project, name, events));

/** `polder new replica`. */
export const newReplicaWork = (name: string, { events }: { readonly events: readonly string[] }): Work =>
  making((project) => newReplica(project, name, events));

function making(plan: (project: Project) => Promise<Changes>): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const data = await carryOut(await plan(project), input.cwd);
    return { data, text: describeDone(data) };
  };
}
