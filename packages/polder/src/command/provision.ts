import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { Work } from "./work.ts";

/** `polder provision`: exit code 1 when something in the database disagrees with the declarations. */
export function provisionWork(options: { readonly dryRun?: boolean; readonly setPasswords?: boolean }): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const database = await project.database();
    const report = await database.provision(options);
    const { statements, applied, drift } = report;
    const parts =
      statements.length === 0
        ? ["Every domain has its home; nothing was to be done."]
        : applied
          ? [`${statements.length} steps done:`, ...statements.map(({ what }) => `  ${what}`)]
          : [
              `-- ${statements.length} steps would be done:\n\nbegin;\n`,
              ...statements.map(({ what, sql }) => `-- ${what}\n${sql.trimEnd().replace(/;?$/, ";")}\n`),
              "commit;",
            ];
    if (drift.length > 0) {
      const rows = drift.map(({ object, found, expected, fix }) => [object, found, expected, fix]);
      const told = `${drift.length} differences from the declarations; Polder leaves them alone:\n${table(["object", "found", "expected", "fix"], rows)}`;
      // What a dry run prints is SQL as it is.
      parts.push(`\n${applied ? told : told.replace(/^/gm, "-- ")}`);
    }
    return { data: report, text: parts.join("\n"), code: drift.length > 0 ? exitCode.findings : exitCode.clean };
  };
}
