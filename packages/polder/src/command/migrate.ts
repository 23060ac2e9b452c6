import { openProject } from "@polder/runtime";
import type { Work } from "./program.ts";

/** `polder migrate`. */
export function migrateWork(options: { readonly domain?: readonly string[]; readonly dryRun?: boolean }): Work {
  return async ({ config, cwd, env, signal }) => {
    await using project = await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
    const database = await project.database();
    const migrated = await database.migrate({
      signal,
      ...(options.dryRun === true ? { dryRun: true } : {}),
      ...(options.domain === undefined ? {} : { only: options.domain }),
    });
    const verb = options.dryRun === true ? "would run" : "ran";
    const lines = migrated.map(({ domain, migrations }) =>
      migrations.length === 0 ? `${domain}: nothing to do` : `${domain}: ${verb} ${migrations.join(", ")}`,
    );
    return { data: migrated, text: lines.join("\n") };
  };
}
