import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { contractDocuments, documentsIndex } from "@polder/http";
import { selectDomains } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { openCommandProject } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { Work } from "./work.ts";

/** The options of `polder contracts docs`. */
export interface ContractsDocsOptions {
  readonly domain?: readonly string[];
  readonly out: string;
  readonly server?: readonly string[];
}

/** Files that are named one by one, before they are only counted. */
const NAMED_MAX = 20;

/**
 * `polder contracts docs`: writes the documents about what the domains publish. What is as it was stays untouched;
 * exit code 1 when the folder has documents besides that nothing makes any more.
 */
export function contractsDocsWork({ domain, out, server }: ContractsDocsOptions): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const domains = selectDomains(project.domains, domain).map(({ implementation }) => implementation.domain);
    const files = contractDocuments(domains, {
      audience: "domains",
      ...(server === undefined ? {} : { servers: server }),
    });
    const folder = resolve(input.cwd, out);
    const texts = new Map(files.map(({ file, text }) => [file, text]));
    texts.set("index.json", () => documentsIndex(files, "file"));
    const written: string[] = [];
    for (const [file, text] of texts) if (await writeChanged(join(folder, file), text())) written.push(file);
    const stale = domain === undefined ? await othersIn(folder, texts) : [];
    const kinds = [...new Set(files.map(({ kind }) => kind))];
    const counts = kinds.map((kind) => {
      const ofKind = files.filter((file) => file.kind === kind);
      return [kind, String(ofKind.length), String(ofKind.filter(({ file }) => written.includes(file)).length)];
    });
    const where = relative(input.cwd, folder) || ".";
    return {
      data: { folder, files: [...texts.keys()], written, stale },
      text: [
        table(["documents", "all", "written"], counts),
        ...named(`Written in ${where}:`, written, `Nothing has changed in ${where}.`),
        ...named("Nothing makes these any more; remove them:", stale),
      ].join("\n\n"),
      code: stale.length === 0 ? exitCode.clean : exitCode.findings,
    };
  };
}

/** Writes a file unless it has the text already; says whether it did. */
async function writeChanged(file: string, text: string): Promise<boolean> {
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return false;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    return true;
  } catch (cause) {
    const { message } = cause as Error;
    throw commandErrors.USAGE(
      `${file} cannot be written (${message}). Name a folder that can be with --out; what stands before it is written.`,
      { argument: "--out" },
      { cause },
    );
  }
}

/** What else stands where documents are written. */
async function othersIn(folder: string, texts: ReadonlyMap<string, unknown>): Promise<readonly string[]> {
  const kinds = ["openapi", "asyncapi", "schemas", "changelog"];
  const names = await Promise.all(
    kinds.map(async (kind) => {
      const found = await readdir(join(folder, kind)).catch(() => []);
      return found.map((name) => `${kind}/${name}`);
    }),
  );
  return names.flat().filter((name) => !texts.has(name));
}

function named(head: string, files: readonly string[], otherwise?: string): readonly string[] {
  if (files.length === 0) return otherwise === undefined ? [] : [otherwise];
  const more = files.length > NAMED_MAX ? [`  and ${files.length - NAMED_MAX} more`] : [];
  return [[head, ...files.slice(0, NAMED_MAX).map((file) => `  ${file}`), ...more].join("\n")];
}
