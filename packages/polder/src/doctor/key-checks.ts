import { stat } from "node:fs/promises";
import { isPolderError } from "@polder/model";
import { type ListedKey, type Project, RETIRE_AFTER_SECONDS } from "@polder/runtime";
import type { Check, Sight } from "./check.ts";

/** What can be wrong with the keys by which domains prove who they are. */
export const keyChecks: readonly Check[] = [
  {
    code: "keys-unusable",
    severity: "error",
    needs: "project",
    looksFor: "public keys that cannot be loaded, or a file of secrets that cannot be read beside them.",
    why: "A process that has no public keys cannot say who calls it: it answers no call of another process. The other keys were not looked at.",
    remedy: "The message says what to do; the page of its error code says more.",
    look: async ({ project }) => {
      try {
        await project.keys.list();
        return [];
      } catch (error) {
        if (!isPolderError(error)) throw error;
        return [{ what: error.message, remedy: `See ${error.docs}.` }];
      }
    },
  },
  {
    code: "keys-writable",
    severity: "error",
    needs: "project",
    looksFor: "a file of public keys that other users of this machine may write.",
    why: "Whoever can write the public keys can be any domain.",
    remedy:
      "Close it with chmod 644, compare its keys with those that you know, and replace the rest with polder keys rotate.",
    look: async ({ project: { publicKeys } }) => {
      if (publicKeys.file === undefined || process.platform === "win32") return [];
      const found = await stat(publicKeys.file).catch(() => undefined);
      if (found === undefined || (found.mode & 0o022) === 0) return [];
      return [{ what: `${publicKeys.file} has the mode ${(found.mode & 0o777).toString(8)}.` }];
    },
  },
  {
    code: "key-missing",
    severity: "error",
    needs: "project",
    looksFor:
      "a domain without a key that signs among the public keys, or without its private half where Polder keeps both by itself.",
    why: "Its processes do not start, and nobody believes its calls.",
    remedy: "Run polder keys rotate with its name where the keys are written, and publish them.",
    look: async ({ project }) => {
      const keys = await listed(project);
      const { isOwn, name: place } = project.publicKeys;
      return project.domains.flatMap(({ name }): readonly Sight[] => {
        const own = keys.filter(({ domain }) => domain === name);
        // What has no key yet in a place of Polder's own gets one at its first start.
        if (own.length === 0 && isOwn) return [];
        if (!own.some(isSigning))
          return [{ what: `"${name}" has no key that signs among the public keys at ${place}.` }];
        if (!isOwn || own.some(({ hasPrivate }) => hasPrivate)) return [];
        return [{ what: `Of "${name}" ${kidsOf(own)} has no private half on this machine.` }];
      });
    },
  },
  {
    code: "key-unpublished",
    severity: "warning",
    needs: "project",
    looksFor: "a key in .polder/keys.json that is not, or is another one, where all processes load the public keys.",
    why: "Calls that are signed with it are turned away with CALLER_KEY_UNKNOWN, or as forged.",
    remedy: "Publish .polder/keys.json there again.",
    look: async ({ project }) => {
      const kids = (await listed(project)).length === 0 ? [] : await project.unpublishedKeys();
      return kids.map((kid) => ({ what: `${kid} is not the same at ${project.publicKeys.name}, or is not there.` }));
    },
  },
  {
    code: "key-outdated",
    severity: "warning",
    needs: "project",
    looksFor: "a domain whose key was replaced, while this machine has the private half of the old key alone.",
    why: "Its processes here sign with the old key; when that is retired, their calls are turned away.",
    remedy: "Give them the private half of the key that signs, and retire the old key after that.",
    look: async ({ project }) => {
      const keys = await listed(project);
      return keys.filter(isSigning).flatMap(({ kid, domain, hasPrivate }) => {
        const old = keys.filter((key) => key.domain === domain && key.state === "replaced" && key.hasPrivate);
        if (hasPrivate || old.length === 0) return [];
        return [
          { what: `"${domain}" is to sign with ${kid}, and this machine has the private half of ${kidsOf(old)}.` },
        ];
      });
    },
  },
  {
    code: "key-replaced",
    severity: "note",
    needs: "project",
    looksFor: "a key that was replaced more than five minutes ago and is still believed.",
    why: "Whoever has its private half can still call as that domain.",
    remedy: "Run polder keys retire, once every process has the key that replaced it, and publish the keys again.",
    look: async ({ project, now }) => {
      const keys = await listed(project);
      return keys.flatMap(({ kid, domain, state }) => {
        const next = keys.find((key) => key.domain === domain && isSigning(key));
        if (state !== "replaced" || next === undefined) return [];
        if (next.signsFrom.getTime() + RETIRE_AFTER_SECONDS * 1_000 > now()) return [];
        return [{ what: `${kid} was replaced by ${next.kid} at ${next.signsFrom.toISOString()}.` }];
      });
    },
  },
];

/** The keys; none where they cannot be loaded, which the first check says. */
async function listed({ keys }: Project): Promise<readonly ListedKey[]> {
  return await keys.list().catch(() => []);
}

function isSigning({ state }: ListedKey): boolean {
  return state === "signing";
}

function kidsOf(keys: readonly ListedKey[]): string {
  return keys.map(({ kid }) => kid).join(", ");
}
