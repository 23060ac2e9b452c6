import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { polderHere } from "./polder-here.ts";

const shells = ["bash", "zsh", "fish"] as const;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "polder-completion-"));
  for (const shell of shells) {
    const { code, out } = await polderHere(["completion", shell], { cwd: folder });
    expect(code).toBe(0);
    await writeFile(join(folder, shell), out);
  }
});
afterAll(() => rm(folder, { recursive: true }));

/** How each shell is asked what may come next: the last word is the one that is typed. */
const ask: Readonly<Record<(typeof shells)[number], (words: readonly string[]) => string>> = {
  bash: (words) =>
    `source ${folder}/bash; COMP_WORDS=(${words.map(quoted).join(" ")}); COMP_CWORD=${words.length - 1}; _polder; printf '%s\\n' "\${COMPREPLY[@]}"`,
  // Its own functions of completion are not loaded without a terminal: what would be offered is printed.
  zsh: (words) =>
    `_describe() { print -l -- \${(P)2} }; source ${folder}/zsh; words=(${words.map(quoted).join(" ")}); CURRENT=${words.length}; _polder`,
  fish: (words) => `source ${folder}/fish; complete -C ${quoted(words.join(" "))}`,
};

async function offered(shell: (typeof shells)[number], line: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(shell, ["-c", ask[shell](line.split(" "))], { cwd: folder });
  const typed = line.split(" ").at(-1) ?? "";
  return stdout
    .split("\n")
    .map((text) => text.split(/[:\t]/, 1)[0] ?? "")
    .filter((word) => word !== "" && word.startsWith(typed));
}

function quoted(text: string): string {
  return `'${text}'`;
}

function needsShell(shell: string, context: TestContext): void {
  try {
    execFileSync(shell, ["-c", "true"], { stdio: "ignore" });
  } catch {
    context.skip(`needs the shell ${shell}`);
  }
}

test.for(shells)("%s completes commands, their options, and fixed choices", async (shell, context) => {
  needsShell(shell, context);
  expect(await offered(shell, "polder ev")).toEqual(["events"]);
  expect(await offered(shell, "polder events ")).toEqual(expect.arrayContaining(["tail", "show", "replay"]));
  expect(await offered(shell, "polder events ")).not.toContain("provision");
  expect(await offered(shell, "polder events replay order/x --d")).toEqual(["--dry-run"]);
  expect(await offered(shell, "polder --json dead-letters retry x --d")).toEqual(["--data"]);
  expect(await offered(shell, "polder start --log ")).toEqual(["json", "text"]);
  expect((await offered(shell, "polder completion ")).toSorted()).toEqual(
    expect.arrayContaining(["bash", "fish", "zsh"]),
  );
  expect(await offered(shell, "polder migrate --js")).toEqual(["--json"]);
});

test("no other shell", async () => {
  expect(await polderHere(["completion", "tcsh"], { cwd: folder })).toMatchObject({
    code: 2,
    err: expect.stringContaining("Allowed choices are bash, zsh, fish"),
  });
});
