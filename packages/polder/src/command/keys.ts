import { GATEWAY } from "@polder/model";
import { type ListedKey, type Project, RETIRE_AFTER_SECONDS, selectDomains } from "@polder/runtime";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { Work } from "./work.ts";

/** `polder keys list`: every public key, and how it stands. */
export const listKeysWork: Work = async (input) => {
  await using project = await openCommandProject(input);
  const keys = await project.keys.list();
  return { data: keys, text: keys.length === 0 ? "There are no keys yet." : keysTable(keys) };
};

/** `polder keys rotate`: a new key for each of these domains; all of the project without names. */
export function rotateKeysWork(domains: readonly string[], options: { readonly delay: number }): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const callers = domains.length === 0 ? callersOf(project) : domains;
    selectDomains(
      project.domains,
      callers.filter((name) => name !== GATEWAY),
    );
    const made = project.keys.rotate(callers, { delaySeconds: options.delay });
    const keys = (await project.keys.list()).filter(({ kid }) => made.includes(kid));
    const minutes = RETIRE_AFTER_SECONDS / 60;
    const text = `${keysTable(keys)}\n\nRun "polder keys retire" ${minutes} minutes after they sign, to remove those that they replace.`;
    return { data: keys, text };
  };
}

/** `polder keys retire`: removes keys that were replaced; those that are named at once. */
export function retireKeysWork(kids: readonly string[]): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const retired = project.keys.retire(kids.length === 0 ? undefined : kids);
    const waiting = (await project.keys.list()).filter(({ state }) => state === "replaced").map(({ kid }) => kid);
    const lines = [
      retired.length === 0 ? "Nothing was retired." : `Retired ${retired.join(", ")}.`,
      ...(waiting.length === 0
        ? []
        : [`${waiting.join(", ")} may still be on its way in a token; run this again in a few minutes.`]),
    ];
    return {
      data: { retired, waiting },
      text: lines.join("\n"),
      code: waiting.length === 0 ? exitCode.clean : exitCode.findings,
    };
  };
}

function callersOf({ domains }: Project): readonly string[] {
  return [...domains.map(({ name }) => name), GATEWAY];
}

function keysTable(keys: readonly ListedKey[]): string {
  return table(
    ["key", "state", "signs from", "private half"],
    keys.map(({ kid, state, signsFrom, hasPrivate }) => [
      kid,
      state,
      signsFrom.toISOString(),
      hasPrivate ? "here" : "elsewhere",
    ]),
  );
}
