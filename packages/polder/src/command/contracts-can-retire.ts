import { keepersOf } from "../contracts/keepers.ts";
import { majorUse, recently } from "../contracts/major-use.ts";
import { namedMajor } from "../contracts/named-major.ts";
import { toldKeepers, toldUse } from "../contracts/told-use.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import type { Work } from "./work.ts";

/** What `polder contracts can-retire` is told. */
export interface CanRetireOptions {
  readonly since?: Date;
  readonly environment?: string;
}

/** `polder contracts can-retire`: exit code 1 while somebody uses it, or nobody can know. */
export const canRetireWork =
  (argument: string, { since = recently(), environment }: CanRetireOptions): Work =>
  async (input) => {
    await using project = await openCommandProject(input);
    const named = await namedMajor(project, argument);
    const database = await provisionedDatabase(project);
    const use = await majorUse(named, { since, environment, domains: project.domains, database });
    const keepers = keepersOf(use);
    const canRetire = keepers.length === 0;
    const answer = canRetire
      ? `${argument} can be retired: nobody uses it.`
      : `${argument} cannot be retired yet:\n${toldKeepers(keepers)}`;
    return {
      data: { canRetire, keepers, ...use },
      text: `${answer}\n\n${toldUse(use)}`,
      code: canRetire ? exitCode.clean : exitCode.findings,
    };
  };
