import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { domainNameProblems } from "@polder/model";
import { type Changes, carryOut, describeDone } from "../scaffold/changes.ts";
import { refuseNames } from "../scaffold/names.ts";
import { packageParts, projectFiles, sharedFiles } from "../scaffold/project-files.ts";
import type { Work } from "./work.ts";

/** `polder init`: a new project with one domain and its test. */
export function initWork(folder: string | undefined, options: { readonly domain: string }): Work {
  return async ({ cwd }) => {
    const { domain } = options;
    refuseNames(domainNameProblems(domain, "--domain"));
    const directory = resolve(cwd, folder ?? ".");
    const name =
      basename(directory)
        .toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, "-")
        .replaceAll(/^-+|-+$/g, "") || "project";
    const shared = Object.entries(sharedFiles(name));
    const isThere = (file: string): boolean => existsSync(join(directory, file));
    const files = [...Object.entries(projectFiles(domain)), ...shared.filter(([file]) => !isThere(file))];
    const changes: Changes = {
      make: new Map(files.map(([file, text]) => [join(directory, file), text])),
      change: new Map(),
      byHand: shared.filter(([file]) => isThere(file)).map(([file, text]) => partsFor(file, text)),
      next: [...(directory === cwd ? [] : [`cd ${folder}`]), "npm install", "npm test", "npm run dev"],
    };
    const data = await carryOut(changes, cwd);
    return { data, text: describeDone(data) };
  };
}

function partsFor(file: string, text: string): string {
  const parts = file === "package.json" ? JSON.stringify(packageParts(), undefined, 2) : text.trimEnd();
  return `${file} is there already and stays as it is; it needs:\n${parts}`;
}
