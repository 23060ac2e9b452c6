import { posix } from "node:path";
import { type Layer, mayImport } from "./architecture.ts";
import { errorCodesOf, pagePath } from "./error-code.ts";
import { refreshSnippets } from "./snippet.ts";
import { filesMatching, type SourceTree } from "./source-tree.ts";

/**
 * The documents as they should be: with the table of layers, the list of error codes and the
 * snippets made anew. `npm run format` writes them, and the rule `generated` compares.
 */
export function generatedDocuments(tree: SourceTree, layers: readonly Layer[]): SourceTree {
  const parts: Readonly<Record<string, () => string>> = {
    layers: () => layerTable(layers),
    errors: () => errorTable(tree),
  };
  return new Map(
    filesMatching(tree, /\.md$/).map(([path, text]) => {
      const withParts = text.replace(part, (whole, start: string, name: string, end: string) => {
        const make = parts[name];
        return make === undefined ? whole : `${start}\n\n${make()}\n\n${end}`;
      });
      return [path, refreshSnippets(tree, withParts)];
    }),
  );
}

/** `<!-- generated: name -->` … `<!-- end of name -->`, on lines of their own. */
const part = /^(<!-- generated: (\w+) -->)$[\s\S]*?^(<!-- end of \2 -->)$/gm;

function layerTable(layers: readonly Layer[]): string {
  const rows = layers.flatMap((packages, layer) =>
    packages.map((plan) => {
      const imports = plan.mayImport === undefined ? everything(layer) : mayImport(layers, plan).map(code).join(", ");
      const external = plan.external === undefined ? "" : `; from outside ${plan.external.map(code).join(", ")}`;
      return [layer, `[\`${plan.name}\`](${plan.folder})`, plan.purpose, `${imports}${external}`];
    }),
  );
  return table(["layer", "package", "what lives there", "may import"], rows);
}

function everything(layer: number): string {
  return layer === 0 ? "nothing" : "all below";
}

function errorTable(tree: SourceTree): string {
  const rows = errorCodesOf(tree)
    // A code without a page is reported by its own rule; a link to nowhere would say it twice.
    .filter(({ code: name }) => tree.has(pagePath(name)))
    .sort((one, other) => (one.code < other.code ? -1 : 1))
    .map(({ code: name, folder }) => [
      `[\`${name}\`](${name}.md)`,
      `[${posix.basename(folder)}](../../${folder})`,
      firstSentence(tree.get(pagePath(name)) ?? ""),
    ]);
  return table(["code", "package", "what happened"], rows);
}

/** The first sentence below the headings. */
function firstSentence(page: string): string {
  const paragraph = page.split(/\n\s*\n/).find((text) => !text.startsWith("#")) ?? "";
  const line = paragraph.replaceAll(/\s+/g, " ").trim();
  return /^.*?[.?!](?=\s|$)/.exec(line)?.[0] ?? line;
}

function code(name: string): string {
  return `\`${name}\``;
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
