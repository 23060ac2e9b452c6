import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { domainOf } from "@polder/model";
import { type LoadedDomain, type Project, selectDomains } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import type { Changes } from "./changes.ts";
import { keyCode } from "./example-value.ts";
import { withImport, withItem } from "./insert.ts";
import { codeNames } from "./names.ts";

/** A domain that is there, and the files into which something is put. */
export interface DomainPlace {
  readonly loaded: LoadedDomain;
  /** Of its declaration in `domain.ts`. */
  readonly constant: string;
  readonly contract: string;
  readonly domain: string;
  readonly index: string;
}

/** Finds a domain of a project; throws `DOMAIN_UNKNOWN`, and `USAGE` where its files are not where they usually are. */
export async function domainPlace(project: Project, name: string): Promise<DomainPlace> {
  const [loaded] = selectDomains(project.domains, [name]);
  if (loaded === undefined) throw new Error(`no domain ${name}`);
  const paths = {
    contract: join(loaded.folder, "contract.ts"),
    domain: join(loaded.folder, "domain.ts"),
    index: join(loaded.folder, "index.ts"),
  };
  const missing = Object.values(paths).filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw commandErrors.USAGE(
      `Nothing was made: "${name}" has no ${missing.join(", ")}, into which the new piece would be put.`,
      { argument: name },
    );
  }
  const constant = await exportWhere(paths.domain, (value) => value["kind"] === "domain" && value["name"] === name);
  return { loaded, constant: constant ?? codeNames(name).constant, ...paths };
}

/** The name under which a module exports the first object of a kind; nothing where it exports none. */
export async function exportWhere(
  path: string,
  holds: (value: Readonly<Record<string, unknown>>) => boolean,
): Promise<string | undefined> {
  const module = (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  const found = Object.entries(module).find(
    ([name, value]) =>
      name !== "default" && typeof value === "object" && value !== null && holds(value as Record<string, unknown>),
  );
  return found?.[0];
}

/** Texts of files that are being changed, and what cannot be changed in them. */
export interface Edits {
  readonly changed: ReadonlyMap<string, string>;
  readonly byHand: readonly string[];
  /** Imports names into a file. */
  readonly importInto: (path: string, module: string, names: readonly string[]) => Promise<void>;
  /** Puts an item into the list or object after `opening`; where there is no such thing, it is left to a person. */
  readonly putInto: (path: string, opening: string, item: string) => Promise<void>;
  /** Puts an item into a list of an object, which begins with `opening`; the list is made where it is missing. */
  readonly putIntoList: (path: string, opening: string, list: string, item: string) => Promise<void>;
  /** Leaves something to a person. */
  readonly leave: (what: string) => void;
  /** Puts a declaration at the end of a file; throws `USAGE` where a name is declared there already. */
  readonly append: (path: string, name: string, text: string) => Promise<void>;
}

/** Begins to change files; nothing is written here. */
export function beginEdits(directory: string): Edits {
  const changed = new Map<string, string>();
  const byHand: string[] = [];
  const read = async (path: string): Promise<string> => changed.get(path) ?? (await readFile(path, "utf8"));
  const putInto: Edits["putInto"] = async (path, opening, item) => {
    const text = withItem(await read(path), opening, item);
    if (text === undefined) byHand.push(`in ${relative(directory, path)}, put ${item} into "${opening} … "`);
    else changed.set(path, text);
  };
  return {
    changed,
    byHand,
    leave: (what) => void byHand.push(what),
    importInto: async (path, module, names) => {
      changed.set(path, withImport(await read(path), module, names));
    },
    putInto,
    putIntoList: async (path, opening, list, item) => {
      const start = `${list}: [`;
      if ((await read(path)).includes(start)) await putInto(path, start, item);
      else await putInto(path, opening, `${list}: [${item}]`);
    },
    append: async (path, name, text) => {
      const before = await read(path);
      if (new RegExp(`\\b${name}\\b`).test(before)) {
        throw commandErrors.USAGE(
          `Nothing was made: ${relative(directory, path)} has something of the name ${name} already. Choose another name.`,
          { argument: name },
        );
      }
      changed.set(path, `${before.trimEnd()}\n\n${text}`);
    },
  };
}

/** What was edited, together with the files to make. */
export function changesOf(
  { changed, byHand }: Edits,
  make: ReadonlyMap<string, string>,
  next: readonly string[],
): Changes {
  return { make, change: changed, byHand, next };
}

/** How a file imports another. */
export function importPath(from: string, to: string): string {
  const path = relative(dirname(from), to).replaceAll(sep, "/");
  return path.startsWith(".") ? path : `./${path}`;
}

/** What a test imports and starts to have a domain run by itself. */
export interface TestCast {
  readonly imports: readonly string[];
  /** The items of `implementations`. */
  readonly implementations: string;
  /** What it takes from `polder/testing` for that. */
  readonly helpers: readonly string[];
}

/** What {@link testCast} may be told besides. */
export interface TestCastOptions {
  readonly place: DomainPlace;
  /** The path of the test. */
  readonly test: string;
  /** Domains that it needs only from now on. */
  readonly besides?: readonly string[];
  /** Code of the stand-ins that the test makes itself, by domain. */
  readonly own?: ReadonlyMap<string, string>;
}

/**
 * A domain with stand-ins for all domains that it needs, and for those that are named besides. They serve the APIs
 * without which it does not start, and no others.
 */
export async function testCast(
  project: Project,
  { place, test, besides = [], own = new Map() }: TestCastOptions,
): Promise<TestCast> {
  const { domain } = place.loaded.implementation;
  const needed = new Map<string, string[]>([...besides, ...own.keys()].map((name) => [name, []]));
  for (const { contract, essential = true } of domain.needs) {
    const owner = domainOf(contract.name);
    const apis = needed.get(owner) ?? [];
    needed.set(owner, contract.kind === "api" && essential ? [...apis, contract.name] : apis);
  }
  needed.delete(domain.name);
  const imports: string[] = [];
  const parts: string[] = [place.constant];
  for (const [name, apis] of [...needed].filter(([name]) => project.domains.some((other) => other.name === name))) {
    const other = await domainPlace(project, name);
    imports.push(`import { ${other.constant} } from "${importPath(test, other.domain)}";`);
    const answers = apis.map((api) => `${keyCode(api)}: {}`).join(", ");
    const standIn =
      apis.length === 0
        ? `standInFor(${other.constant})`
        : `standInFor(${other.constant}, { answers: { ${answers} } })`;
    parts.push(own.get(name) ?? standIn);
  }
  imports.push(`import ${place.constant} from "${importPath(test, place.index)}";`);
  return {
    imports: imports.toSorted(),
    implementations: parts.join(", "),
    helpers: parts.length > 1 ? ["standInFor"] : [],
  };
}
