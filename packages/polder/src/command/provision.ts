import { openProject } from "@polder/runtime";
import { exitCode, table } from "./output.ts";
import type { Work } from "./program.ts";

/** `polder provision`: exit code 1 when something in the database disagrees with the declarations. */
export function provisionWork(options: { readonly dryRun?: boolean; readonly setPasswords?: boolean }): Work {
  return async ({ config, cwd, env }) => {
    await using project = await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
    const database = await project.database();
    const report = await database.provision(options);
    const done = report.applied ? "done" : "would be done";
    const parts = [
      report.statements.length === 0
        ? "Every domain has its home; nothing was to be done."
        : `${report.statements.length} steps ${done}:`,
      ...(report.applied
        ? report.statements.map(({ what }) => `  ${what}`)
        : report.statements.map(({ what, sql }) => `-- ${what}\n${sql.trimEnd().replace(/;?$/, ";")}\n`)),
    ];
    if (report.drift.length > 0) {
      parts.push(`\n${report.drift.length} differences from the declarations; Polder leaves them alone:`);
      parts.push(
        table(
          ["object", "found", "expected", "fix"],
          report.drift.map(({ object, found, expected, fix }) => [object, found, expected, fix]),
        ),
      );
    }
    return { data: report, text: parts.join("\n"), code: report.drift.length > 0 ? exitCode.findings : exitCode.clean };
  };
}
