import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";

/** What a result was measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** In GiB. */
  readonly memory: number;
  readonly node: string;
  readonly postgres: string;
  readonly kernel: string;
}

/** This machine, with the version of the server that is measured. */
export function machine(postgres: string): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model ?? "unknown",
    cores: cores.length,
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
    kernel: release(),
  };
}

/** The commit that is measured, with a plus when there is more than it. */
export function commit(): string {
  try {
    const name = git("rev-parse", "--short", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? name : `${name}+`;
  } catch {
    return "unknown";
  }
}

function git(...given: readonly string[]): string {
  return execFileSync("git", given, { cwd: import.meta.dirname, encoding: "utf8", stdio: "pipe" }).trim();
}
