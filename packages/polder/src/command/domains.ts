import { openProject } from "@polder/runtime";
import { table } from "./output.ts";
import type { Work } from "./program.ts";

/** `polder domains`: the declarations, without touching a database. */
export const domainsWork: Work = async ({ config, cwd, env }) => {
  await using project = await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
  const data = project.domains.map(({ name, folder, implementation: { domain, subscriptions } }) => ({
    name,
    folder,
    capability: domain.capability,
    owner: domain.owner,
    aggregates: domain.aggregates,
    publishes: domain.publishes.map((contract) => ({
      kind: contract.kind,
      name: contract.name,
      versions: Object.keys(contract.versions),
    })),
    needs: domain.needs.map(({ contract, version }) => ({ kind: contract.kind, name: contract.name, version })),
    subscriptions: subscriptions.map((subscription) => ({
      name: subscription.name,
      mode: subscription.mode,
      events: subscription.events,
    })),
  }));
  const rows = data.map(({ name, capability, owner, publishes, needs }) => [
    name,
    `${owner.name} (${owner.contact})`,
    capability,
    publishes.map((contract) => `${contract.name}@${contract.versions.join("|")}`).join(", ") || "-",
    needs.map((need) => `${need.name}@${need.version}`).join(", ") || "-",
  ]);
  const text = rows
    .map(
      ([name, owner, capability, publishes, needs]) =>
        `${name}\n  ${capability}\n  owner      ${owner}\n  publishes  ${publishes}\n  needs      ${needs}`,
    )
    .join("\n\n");
  return { data, text: rows.length === 0 ? table(["domain"], []) : text };
};
