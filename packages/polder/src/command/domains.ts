import { openOperations } from "@polder/http";
import type { LoadedDomain } from "@polder/runtime";
import { openCommandProject } from "./command-project.ts";
import type { Work } from "./work.ts";

/** `polder domains`: the declarations, without touching a database. */
export const domainsWork: Work = async (input) => {
  await using project = await openCommandProject(input);
  const data = project.domains.map(described);
  const blocks = data.map(({ name, capability, owner, publishes, open, needs, subscriptions }) => {
    const published = publishes.map((contract) => `${contract.name}@${contract.versions.join("|")}`);
    return [
      name,
      `  ${capability}`,
      `  owner       ${owner.name} (${owner.contact})`,
      `  publishes   ${published.join(", ") || "-"}`,
      `  open        ${open.map(({ name: operation, access }) => `${operation} (${access})`).join(", ") || "-"}`,
      `  needs       ${needs.map(needInWords).join(", ") || "-"}`,
      `  subscribes  ${subscriptions.map((subscription) => subscription.name).join(", ") || "-"}`,
    ].join("\n");
  });
  return { data, text: blocks.join("\n\n") };
};

type DescribedNeed = ReturnType<typeof described>["needs"][number];

/** Only what differs from the usual is said: an API that is not essential, and what stands in for its answers. */
function needInWords({ name, version, essential = true, fallbacks = [] }: DescribedNeed): string {
  const marks = [
    ...(essential ? [] : ["not essential"]),
    ...(fallbacks.length === 0 ? [] : [`fallbacks: ${fallbacks.join(", ")}`]),
  ];
  return `${name}@${version}${marks.length === 0 ? "" : ` (${marks.join("; ")})`}`;
}

function described({ name, folder, implementation: { domain, subscriptions } }: LoadedDomain) {
  return {
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
    open: openOperations([domain]),
    needs: domain.needs.map(({ contract, version, essential, fallbacks = {} }) => ({
      kind: contract.kind,
      name: contract.name,
      version,
      ...(contract.kind === "api" ? { essential, fallbacks: Object.keys(fallbacks) } : {}),
    })),
    subscriptions: subscriptions.map(({ name: subscription, mode, events }) => ({ name: subscription, mode, events })),
  };
}
