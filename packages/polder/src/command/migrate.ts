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
    const lines = migrated.map(({ domain, migrations }) =>
      migrations.length === 0 ? `${domain}: nothing to do` : `${domain}: ${verb} ${migrations.join(", ")}`,
    );
    return { data: migrated, text: lines.join("\n") };
  };
}
