import { existsSync } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Check } from "./check.ts";

/** What can be wrong with this machine: its files, its disk, its way to others. */
export const machineChecks: readonly Check[] = [
  {
    code: "secrets-readable",
    severity: "error",
    needs: "project",
    looksFor: "a file of secrets that other users of this machine may read or write.",
    why: "It holds the passwords of the domains' roles: whoever has them reads and writes the domains' data.",
    remedy: "Close it with chmod 600, and replace the passwords with polder provision --set-passwords.",
    look: async ({ project }) => {
      const path = join(project.polderDirectory, "secrets");
      const found = await stat(path).catch(() => undefined);
      if (found === undefined || process.platform === "win32" || (found.mode & 0o077) === 0) return [];
      return [{ what: `${path} has the mode ${(found.mode & 0o777).toString(8)}.` }];
    },
  },
  {
    code: "secrets-in-git",
    severity: "warning",
    needs: "project",
    looksFor: "a folder .polder without a .gitignore of its own inside a repository of git.",
    why: "A secret that is committed once stays in the history of every clone.",
    remedy: 'Write a file .polder/.gitignore with the line "*"; if the secrets were committed, replace them.',
    look: async ({ project: { polderDirectory } }) => {
      if (!existsSync(polderDirectory) || existsSync(join(polderDirectory, ".gitignore"))) return [];
      return isInRepository(polderDirectory) ? [{ what: `${polderDirectory} has no .gitignore.` }] : [];
    },
  },
  {
    code: "disk-short",
    severity: "warning",
    needs: "project",
    looksFor: "less than 1 GiB free where .polder is. The disk of a server elsewhere cannot be seen from here.",
    why: "Without space the embedded PostgreSQL refuses every write, and at worst stops.",
    remedy: "Free space, or move the project.",
    look: async ({ project: { polderDirectory }, limits }) => {
      if (!existsSync(polderDirectory)) return [];
      const { bavail, bsize } = await statfs(polderDirectory);
      const freeBytes = bavail * bsize;
      if (freeBytes >= limits.freeBytes) return [];
      return [{ what: `The disk of ${polderDirectory} has ${Math.floor(freeBytes / 1024 ** 2)} MiB left.` }];
    },
  },
  {
    code: "url-unreachable",
    severity: "warning",
    needs: "project",
    looksFor: "a URL of the configuration whose /livez does not answer within three seconds.",
    why: "Calls to that domain fail, and with them whatever needs their answers.",
    remedy:
      'Start that domain, or mend its URL in "urls" of the configuration. From other machines the way may be another.',
    look: async ({ project, limits, signal }) => {
      const urls = Object.entries(project.urls).flatMap(([domain, of]) => of.map((url) => [domain, url] as const));
      const looked = await Promise.all(
        urls.map(async ([domain, url]) => {
          const problem = await livenessProblem(url, AbortSignal.any([signal, AbortSignal.timeout(limits.answerMs)]));
          return problem === undefined ? [] : [{ what: `${domain} at ${new URL(url).origin} ${problem}.` }];
        }),
      );
      return looked.flat();
    },
  },
];

async function livenessProblem(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL("livez", url.endsWith("/") ? url : `${url}/`), { signal });
    await answer.body?.cancel();
    return answer.ok ? undefined : `answers ${answer.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `does not answer (${cause instanceof Error ? cause.message || cause.name : String(cause)})`;
  }
}

function isInRepository(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return true;
    if (at === dirname(at)) return false;
  }
}
