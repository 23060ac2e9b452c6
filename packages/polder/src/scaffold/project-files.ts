import { readFileSync } from "node:fs";
import { join } from "node:path";
import { domainFiles } from "./domain-files.ts";

/** The versions that a new project depends on, besides Polder's own; those that Polder itself is tested with. */
const versions = { zod: "4.6.7", typescript: "7.0.2", typesNode: "^24.0.0" };

/** The files of a new project with its first domain, by path relative to it, without `package.json`. */
export function projectFiles(domain: string): Readonly<Record<string, string>> {
  return {
    "polder.config.ts": `import { defineConfig } from "polder";

export default defineConfig({
  domains: ["./domains/${domain}"],
  http: { port: 4000 },
});
`,
    "teams.ts": `import { type Team, team } from "polder";

/** Who is accountable. Name your teams, and how to reach them. */
export const owner: Team = team("Owner", { contact: "#owner" });
`,
    ...domainFiles(domain, "owner"),
  };
}

/** Files that a project may have already: then they stay as they are, and their parts are named. */
export function sharedFiles(name: string): Readonly<Record<string, string>> {
  return {
    "package.json": `${JSON.stringify({ name, private: true, version: "0.0.0", ...packageParts() }, undefined, 2)}\n`,
    "tsconfig.json": `${JSON.stringify({ compilerOptions, include: ["**/*.ts"] }, undefined, 2)
      // Short lists on a line, as formatters have them.
      .replaceAll(/\[\s+("[^\]]*?")\s+\]/g, (_, items: string) => `[${items.replaceAll(/\s*\n\s*/g, " ")}]`)}\n`,
    ".gitignore": "node_modules\n.polder\n",
  };
}

/** What a project's manifest needs. */
export function packageParts(): object {
  // Beside the sources as beside what is built of them.
  const manifest = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { readonly version: string };
  return {
    type: "module",
    engines: { node: ">=24" },
    scripts: { dev: "polder dev", start: "polder start", test: "node --test", check: "tsc" },
    dependencies: { polder: version, zod: versions.zod },
    devDependencies: { "@types/node": versions.typesNode, typescript: versions.typescript },
  };
}

const compilerOptions = {
  target: "es2024",
  lib: ["es2024", "esnext.disposable"],
  module: "nodenext",
  types: ["node"],
  noEmit: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  noFallthroughCasesInSwitch: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
};
