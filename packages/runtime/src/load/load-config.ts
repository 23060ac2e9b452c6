import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describeProblems, type Problem } from "@polder/model";
import { runtimeErrors } from "../errors.ts";
import type { PolderConfig } from "./config.ts";
import { configProblems } from "./config-problems.ts";
import { describeLoadError } from "./describe-load-error.ts";

/** A configuration and where it was found. */
export interface LoadedConfig {
  readonly config: PolderConfig;
  readonly path: string;
  /** The folder of the configuration: paths in it are relative to this. */
  readonly directory: string;
}

const fileNames = ["polder.config.ts", "polder.config.mts", "polder.config.js", "polder.config.mjs"];

/**
 * Loads the configuration: the file that is named, or the nearest one in a folder or above it.
 *
 * @throws `CONFIG_NOT_FOUND`, `CONFIG_INVALID` with every mistake.
 */
export async function loadConfig(options: { readonly file?: string; readonly from: string }): Promise<LoadedConfig> {
  const path = options.file === undefined ? findUpwards(options.from) : resolve(options.from, options.file);
  if (path === undefined || !existsSync(path)) {
    const looked = path ?? `${options.from} and the folders above it`;
    throw runtimeErrors.CONFIG_NOT_FOUND(
      `There is no polder.config.ts (looked for ${looked}). Go to your project's folder, or name the file with --config.`,
      { path: looked },
    );
  }
  let loaded: { readonly default?: unknown };
  try {
    loaded = (await import(pathToFileURL(path).href)) as { default?: unknown };
  } catch (cause) {
    throw configInvalid(path, [{ place: "the file", problem: `cannot be loaded: ${describeLoadError(cause)}` }], cause);
  }
  const problems = configProblems(loaded.default);
  if (problems.length > 0) throw configInvalid(path, problems);
  return { config: loaded.default as PolderConfig, path, directory: dirname(path) };
}

function findUpwards(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const found = fileNames.map((name) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}

/** The error of a configuration with mistakes; it names every one. */
export function configInvalid(path: string, problems: readonly Problem[], cause?: unknown): Error {
  return runtimeErrors.CONFIG_INVALID(
    `The configuration ${path} has mistakes; nothing was started:\n${describeProblems(problems)}`,
    { path, problems },
    { cause },
  );
}
