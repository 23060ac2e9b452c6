import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Finding, frozenPath, type VersionFinding } from "@polder/contracts";
import type { LoadedDomain } from "@polder/runtime";
import type { Reported } from "../findings/reported.ts";
import { frozenFolder } from "./frozen-versions.ts";

/** Changes that a finding lists before it only counts the rest. */
const CHANGES_LISTED_MAX = 20;

/** Rules that are about the file of a frozen version rather than about its declaration. */
const aboutFile: ReadonlySet<string> = new Set(["frozen-edited", "frozen-deleted"]);

/** What is wrong with a version of a contract, whoever has found it. */
export type PlaceableFinding = Omit<VersionFinding, "rule"> & { readonly rule: string };

/** Says where a finding is to be mended, relative to a folder: that in which the command runs, or the repository's. */
export async function placeFinding(found: PlaceableFinding, domain: LoadedDomain, cwd: string): Promise<Reported> {
  const { rule, contract, version, problem, wayOut, changes } = found;
  const frozen = join(frozenFolder(domain), frozenPath({ name: contract, version }));
  const place = aboutFile.has(rule)
    ? { file: relative(cwd, frozen) || frozen, line: 1 }
    : await placeOfVersion(domain, { contract, version, cwd });
  return {
    rule,
    severity: "error",
    ...place,
    message: problem,
    wayOut,
    details: describeChanges(changes),
  };
}

/** Where a version is declared, or would be, relative to the folder in which the command runs. */
export async function placeOfVersion(
  domain: LoadedDomain,
  { contract, version, cwd }: { readonly contract: string; readonly version: string; readonly cwd: string },
): Promise<{ readonly file: string; readonly line: number }> {
  const file = declarationOf(domain);
  return { file: relative(cwd, file) || file, line: await lineOf(file, contract, version) };
}

/** Characters of a value that is shown at most. */
const EXAMPLE_LENGTH_MAX = 120;

/** A line for each change, with a value that it breaks and its way out below it. */
export function describeChanges(changes: readonly Finding[]): readonly string[] {
  const lines = changes.slice(0, CHANGES_LISTED_MAX).flatMap(({ step, rule, problem, wayOut, witness }) => {
    const example = witness === undefined ? "" : JSON.stringify(witness.value);
    const shown = example === "" || example.length > EXAMPLE_LENGTH_MAX ? [] : [`For example ${example}.`];
    const below = [...shown, ...(wayOut === undefined ? [] : [wayOut])];
    return [`${step.padEnd(5)}  ${rule}  ${problem}`, ...below.map((line) => `       ${line}`)];
  });
  const more = changes.length - CHANGES_LISTED_MAX;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

/** The file in which a domain most likely declares what it publishes. */
export function declarationOf({ folder }: Pick<LoadedDomain, "folder">): string {
  const files = ["contract.ts", "contract.mts", "contract.js", "contract.mjs", "domain.ts", "index.ts"];
  return files.map((name) => join(folder, name)).find(existsSync) ?? join(folder, "index.ts");
}

/** The line that names the version below the one that names the contract; the first line where neither is found. */
async function lineOf(file: string, contract: string, version: string): Promise<number> {
  const lines = (await readFile(file, "utf8").catch(() => "")).split("\n");
  const named = lines.findIndex((line) => line.includes(`"${contract}"`));
  if (named < 0) return 1;
  const below = lines.slice(named).findIndex((line) => line.includes(`"${version}"`));
  return named + Math.max(below, 0) + 1;
}
