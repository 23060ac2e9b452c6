import { logHead, subscriptionStatus } from "@polder/bus";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { Work } from "./work.ts";

/** `polder subscriptions`: exit code 1 when there are dead letters. */
export const subscriptionsWork: Work = async (input) => {
  await using project = await openCommandProject(input);
  const { adminOf } = await provisionedDatabase(project);
  const statuses = [];
  for (const { name } of project.domains)
    statuses.push(
      ...(await subscriptionStatus(adminOf(name), name, (publisher) => logHead(adminOf(publisher), publisher))),
    );
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
