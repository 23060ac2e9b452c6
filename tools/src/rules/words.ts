import type { Rule, Violation } from "../rule.ts";

interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
}

const bans: readonly Ban[] = [
  {
    pattern: /(?<![\w.:/-])\/(?:home|root|Users|work|workspace)\/[\w.-]*/g,
    instead: "which exists on one machine only. Write it relative to the repository.",
  },
  {
    pattern: /\bnpm\.pkg\b|\bregistry\.[\w-]+\.(?:com|dev|io|net|org)\b/g,
    instead:
      'the host of a package registry. Leave hosts to the user\'s npm configuration; in the lock file, run "npm install" again.',
  },
  {
    pattern: /\bissues?[ #]+\d+/gi,
    instead: "which a reader of the code cannot open. Say in words what was decided.",
  },
];

/** The repository speaks of the product alone: nothing in it depends on where it was written. */
export const words: Rule = (tree) =>
  [...tree].flatMap(([path, text]) =>
    text
      .split("\n")
      .flatMap((line, index) =>
        bans.flatMap(({ pattern, instead }) =>
          [...line.matchAll(pattern)].map(
            (match): Violation => ({ path, line: index + 1, message: `says ${match[0]}, ${instead}` }),
          ),
        ),
      ),
  );
