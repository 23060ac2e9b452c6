import { type Examination, examine } from "../doctor/examine.ts";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { Work } from "./work.ts";

/** `polder doctor`: exit code 1 when there is an error or a warning. */
export const doctorWork: Work = async (input) => {
  await using project = await openCommandProject(input);
  const examination = await examine(project, { signal: input.signal });
  const isIll = examination.findings.some(({ severity }) => severity !== "note");
  return { data: examination, text: told(examination), code: isIll ? exitCode.findings : exitCode.clean };
};

function told({ findings, looked, notLooked }: Examination): string {
  const blocks = findings.map(({ code, severity, what, why, remedy, page }) =>
    [`${severity}  ${code}`, `  ${what}`, `  Why it matters: ${why}`, `  What to do: ${remedy}`, `  See ${page}`].join(
      "\n",
    ),
  );
  const left = notLooked.length === 0 ? "" : ` Not looked at: ${notLooked.join(", ")}.`;
  const counted = findings.length === 1 ? "1 finding" : `${findings.length || "no"} findings`;
  return [...blocks, `${looked.length} checks, ${counted}.${left}`].join("\n\n");
}
