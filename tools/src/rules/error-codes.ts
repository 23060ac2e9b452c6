import { type ErrorCode, errorCodesOf, pagePath } from "../error-code.ts";
import type { Rule, Violation } from "../rule.ts";
import { filesMatching, isTest, lineAt, type SourceTree, typeScript } from "../source-tree.ts";
import { rootName, syntaxOf, walk } from "../syntax.ts";

/** Every error code is declared in its package's `errors.ts`, has a page of its own, and is met by a test. */
export const errorCodes: Rule = (tree) => {
  const codes = errorCodesOf(tree);
  return [
    ...codes.flatMap((code) => codeProblems(tree, code)),
    ...doubles(codes),
    ...orphanPages(tree, codes),
    ...strayDeclarations(tree),
  ];
};

function codeProblems(tree: SourceTree, { code, path, line }: ErrorCode): readonly Violation[] {
  const messages: string[] = [];
  const page = tree.get(pagePath(code));
  if (page === undefined) {
    messages.push(`${code} has no page. Write ${pagePath(code)}: what happened, why, what to do.`);
  } else if (!page.startsWith(`# ${code}\n`)) {
    messages.push(`${code} has a page with another heading. Begin ${pagePath(code)} with "# ${code}".`);
  }
  const literal = new RegExp(`\\b${code}\\b`);
  if (!filesMatching(tree, /^(?:packages|examples)\/.*\.test\.ts$/).some(([, text]) => literal.test(text))) {
    messages.push(`${code} is in no test. Write one that triggers it and compares the code.`);
  }
  return messages.map((message) => ({ path, line, message }));
}

function doubles(codes: readonly ErrorCode[]): readonly Violation[] {
  return codes.flatMap(({ code, path, line }, index) => {
    const first = codes.findIndex((other) => other.code === code);
    const message = `${code} is declared before, in ${codes[first]?.path}. One code means one thing: choose another name.`;
    return first === index ? [] : [{ path, line, message }];
  });
}

function orphanPages(tree: SourceTree, codes: readonly ErrorCode[]): readonly Violation[] {
  return filesMatching(tree, /^docs\/errors\/(?!README\.md$)/)
    .filter(([path]) => !codes.some(({ code }) => pagePath(code) === path))
    .map(([path]) => ({
      path,
      message: "is a page without a code. Remove it, or declare its code in the errors.ts of a package.",
    }));
}

function strayDeclarations(tree: SourceTree): readonly Violation[] {
  const sources = filesMatching(tree, typeScript).filter(
    ([path]) => /^packages\/[^/]+\/src\/(?!errors\.ts$)/.test(path) && !isTest(path),
  );
  return sources.flatMap(([path, text]) => {
    const found: Violation[] = [];
    walk(syntaxOf(tree, path).program, (node) => {
      if (node.type !== "CallExpression" || rootName(node.callee) !== "defineErrors") return;
      const message = "declares error codes. The codes of a package stand in its src/errors.ts.";
      found.push({ path, line: lineAt(text, node.start), message });
    });
    return found;
  });
}
