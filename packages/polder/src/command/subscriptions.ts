import { logHead, subscriptionStatus } from "@polder/bus";
import { openProject } from "@polder/runtime";
import { exitCode, table } from "./output.ts";
import type { Work } from "./program.ts";

/** `polder subscriptions`: exit code 1 when there are dead letters. */
export const subscriptionsWork: Work = async ({ config, cwd, env }) => {
  await using project = await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
  const { admin } = await project.database();
  const statuses = [];
  for (const { name } of project.domains)
    statuses.push(...(await subscriptionStatus(admin, name, (publisher) => logHead(admin, publisher))));
  const rows = statuses.map(({ domain, subscription, publisher, seq, lag, parked, dead, owners }) => [
    `${domain}.${subscription}`,
    publisher,
    seq,
    String(lag),
    String(parked),
    String(dead),
    owners === 0 ? "nobody" : String(owners),
  ]);
  return {
    data: statuses,
    text:
      rows.length === 0
        ? "No subscription has run yet."
        : table(["subscription", "of", "position", "lag", "parked", "dead", "processes"], rows),
    code: statuses.some(({ dead }) => dead > 0) ? exitCode.findings : exitCode.clean,
  };
};
