import type { Rule } from "../rule.ts";

const named = /\.(?:tsx?|mjs|cjs|js|css|sql|md)$/;
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** Documents that carry the name of a custom or of an error code: README, CHANGELOG, PORT_IN_USE. */
const shouted = /^[A-Z0-9]+(?:_[A-Z0-9]+)*$/;
const drawer = /^(?:common|lib|misc|types)$|(?:^|-)(?:helpers?|utils?)$/;

/** Files and folders have kebab-case names that say what is in them. */
export const names: Rule = (tree) =>
  [...tree.keys()]
    .filter((path) => named.test(path))
    .flatMap((path) => {
      const problems = [...folderProblems(path), ...fileProblems(path)];
      return problems.map((message) => ({ path, message }));
    });

function folderProblems(path: string): readonly string[] {
  const folders = path.split("/").slice(0, -1);
  return folders
    .filter((folder) => !folder.startsWith("."))
    .flatMap((folder) => wordProblems(folder, `the folder ${folder}`));
}

function fileProblems(path: string): readonly string[] {
  const words = path.slice(path.lastIndexOf("/") + 1).split(".");
  const [stem = "", ...rest] = words;
  if (path.endsWith(".md") && rest.length === 1 && shouted.test(stem)) return [];
  return words.flatMap((word) => wordProblems(word, word));
}

function wordProblems(word: string, subject: string): readonly string[] {
  if (drawer.test(word))
    return [`is in a drawer: ${subject}. Name it after the one thing in it, or move its pieces to their users.`];
  return kebab.test(word) ? [] : [`is not in kebab-case: ${subject}. Write small letters, digits and single hyphens.`];
}
