import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { type ContractDocument, describeOpenApi, readFrozen } from "@polder/contracts";
import type { Project } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { domainContracts } from "./domain-contracts.ts";

/** Bytes of a file that are read at most: 32 MiB. The largest descriptions of services have about 10. */
const FILE_BYTES_MAX = 33_554_432;

/** A document that was asked for. */
export interface ResolvedDocument {
  readonly document: ContractDocument;
  /** It describes a service that Polder does not run: its name is a title, and may change. */
  readonly isForeign: boolean;
}

/**
 * Finds the document that an argument means: a file (a frozen version, or an OpenAPI document as JSON or YAML), or a
 * version of the project such as `customer@1.0.0`. A version that is written down counts as it was published.
 *
 * @param project opened only where it is asked
 * @throws `USAGE` where there is no such thing, `FROZEN_UNREADABLE`, `OPEN_API_UNREADABLE`.
 */
export async function resolveDocument(
  argument: string,
  { cwd, project }: { readonly cwd: string; readonly project: () => Promise<Project> },
): Promise<ResolvedDocument> {
  const path = resolve(cwd, argument);
  if (existsSync(path)) return await readDocument(path, argument);
  const [name, version] = argument.split("@");
  if (version === undefined) {
    throw unknown(argument, "is neither a file nor a version such as customer@1.0.0");
  }
  const all = await domainContracts(await project(), {});
  const known = all.flatMap(({ declared, frozen }) => [...frozen, ...declared]).filter((one) => one.name === name);
  const found = known.find((one) => one.version === version);
  if (found !== undefined) return { document: found, isForeign: false };
  const versions = [...new Set(known.map((one) => one.version))].join(", ");
  throw unknown(
    argument,
    versions === "" ? `names no contract of this project` : `names no version; there are ${versions}`,
  );
}

async function readDocument(path: string, argument: string): Promise<ResolvedDocument> {
  const parsed = await parse(path, argument);
  const isOpenApi = typeof parsed === "object" && parsed !== null && ("openapi" in parsed || "swagger" in parsed);
  const document = isOpenApi ? describeOpenApi(parsed, argument) : readFrozen(JSON.stringify(parsed) ?? "", argument);
  return { document, isForeign: isOpenApi };
}

async function parse(path: string, argument: string): Promise<unknown> {
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
    const text = await readFile(path, "utf8");
    if (!/\.ya?ml$/i.test(path)) return JSON.parse(text) as unknown;
    const { parse: parseYaml } = await import("yaml");
    return parseYaml(text) as unknown;
  } catch (cause) {
    throw unknown(argument, `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function unknown(argument: string, problem: string, cause?: unknown): Error {
  return commandErrors.USAGE(`"${argument}" ${problem}.`, { argument }, { cause });
}
