import type { ProjectReport } from "@polder/runtime";
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
    const parts: string[] =
      statements.length === 0
        ? ["Every domain has its home; nothing was to be done."]
        : applied
          ? [`${statements.length} steps done:`, ...statements.map((one) => `  ${one.what}${placeOf(one)}`)]
          : [...dryRun(statements)];
    if (drift.length > 0) {
      const rows = drift.map((one) => [one.object + placeOf(one), one.found, one.expected, one.fix]);
      const told = `${drift.length} differences from the declarations; Polder leaves them alone:\n${table(["object", "found", "expected", "fix"], rows)}`;
      // What a dry run prints is SQL as it is.
      parts.push(`\n${applied ? told : told.replace(/^/gm, "-- ")}`);
    }
    return { data: report, text: parts.join("\n"), code: drift.length > 0 ? exitCode.findings : exitCode.clean };
  };
}

/** SQL for somebody else to run: a transaction for each database. */
function dryRun(statements: ProjectReport["statements"]): readonly string[] {
  const parts = [`-- ${statements.length} steps would be done:`];
  for (const [database, ofDatabase] of Map.groupBy(statements, (one) => one.database)) {
    if (database !== undefined) parts.push(`\n-- in the database ${database}:`);
    parts.push(
      "\nbegin;\n",
      ...ofDatabase.map(({ what, sql }) => `-- ${what}\n${sql.trimEnd().replace(/;?$/, ";")}\n`),
      "commit;",
    );
  }
  return parts;
}

/** Which of several databases it is about. */
function placeOf({ database }: { readonly database?: string }): string {
  return database === undefined ? "" : ` in ${database}`;
}
