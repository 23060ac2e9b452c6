import { openCommandProject } from "./command-project.ts";
import type { Work } from "./work.ts";

/** `polder migrate`. */
export function migrateWork(options: { readonly domain?: readonly string[]; readonly dryRun?: boolean }): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const database = await project.database();
    const migrated = await database.migrate({
      signal: input.signal,
      dryRun: options.dryRun === true,
      ...(options.domain === undefined ? {} : { only: options.domain }),
    });
    const verb = options.dryRun === true ? "would run" : "ran";
    const made = options.dryRun === true ? "would make" : "made";
    const lines = migrated.map(({ domain, migrations, builds }) => {
      const tables = builds.map(({ copy, version }) => `${copy} (version ${version})`);
      const done = [
        ...(migrations.length === 0 ? [] : [`${verb} ${migrations.join(", ")}`]),
        ...(tables.length === 0 ? [] : [`${made} the tables of ${tables.join(", ")}`]),
      ];
      return `${domain}: ${done.join("; ") || "nothing to do"}`;
    });
    return { data: migrated, text: lines.join("\n") };
  };
}
