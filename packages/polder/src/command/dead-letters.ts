import { discardDeadLetter, type LetterName, listDeadLetters, type ParkedLetter, retryDeadLetter } from "@polder/bus";
import { openProject, type Project, selectDomains } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { exitCode, table } from "./output.ts";
import type { CommandInput, Work } from "./program.ts";

/** `polder dead-letters list`: exit code 1 when there are any. */
export function listWork(options: { readonly domain?: readonly string[]; readonly all?: boolean }): Work {
  return async (input) => {
    await using project = await open(input);
    const { admin } = await project.database();
    const letters: ParkedLetter[] = [];
    for (const { name } of selectDomains(project.domains, options.domain)) {
      letters.push(...(await listDeadLetters(admin, name, options.all === true ? { all: true } : {})));
    }
    const rows = letters.map((letter) => [
      nameOf(letter),
      letter.type,
      letter.key,
      letter.state === "dead" ? "dead" : `next attempt ${letter.nextAt.toISOString()}`,
      String(letter.attempts),
      String(letter.waiting),
      letter.error.split("\n", 1)[0]?.slice(0, 100) ?? "",
    ]);
    return {
      data: letters.map((letter) => ({ letter: nameOf(letter), ...letter })),
      text:
        rows.length === 0
          ? "No dead letters."
          : table(["letter", "event", "key", "state", "attempts", "waiting", "error"], rows),
      code: letters.length > 0 ? exitCode.findings : exitCode.clean,
    };
  };
}

/** `polder dead-letters show`. */
export function showWork(text: string): Work {
  return async (input) => {
    const name = parseName(text);
    await using project = await open(input);
    selectDomains(project.domains, [name.domain]);
    const { admin } = await project.database();
    const letters = await listDeadLetters(admin, name.domain, { all: true });
    const letter = letters.find((one) => nameOf(one) === text);
    if (letter === undefined)
      throw commandErrors.USAGE(`There is no dead letter ${text}. List them with "polder dead-letters list --all".`, {
        argument: text,
      });
    const { data, error, ...rest } = letter;
    const lines = Object.entries(rest).map(
      ([field, value]) => `${field.padEnd(12)} ${value instanceof Date ? value.toISOString() : String(value)}`,
    );
    return { data: letter, text: `${lines.join("\n")}\n\n${error}\n\n${JSON.stringify(data, null, 2)}` };
  };
}

/** `polder dead-letters retry`. */
export function retryWork(text: string, options: { readonly data?: string }): Work {
  return async (input) => {
    const name = parseName(text);
    const replaced = options.data === undefined ? {} : { data: parseJson(options.data) };
    await using project = await open(input);
    selectDomains(project.domains, [name.domain]);
    await retryDeadLetter((await project.database()).admin, name, replaced);
    return { data: { letter: text, state: "retry" }, text: `${text} is tried again.` };
  };
}

/** `polder dead-letters discard`. */
export function discardWork(text: string): Work {
  return async (input) => {
    const name = parseName(text);
    await using project = await open(input);
    selectDomains(project.domains, [name.domain]);
    await discardDeadLetter((await project.database()).admin, name);
    return { data: { letter: text, state: "discard" }, text: `${text} is passed over; later events of its key go on.` };
  };
}

async function open({ config, cwd, env }: CommandInput): Promise<Project> {
  return await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
}

function nameOf({ domain, subscription, publisher, seq }: LetterName): string {
  return `${domain}/${subscription}/${publisher}/${seq}`;
}

function parseName(text: string): LetterName {
  const [domain, subscription, publisher, seq, ...rest] = text.split("/");
  if (domain && subscription && publisher && seq && /^\d{1,18}$/.test(seq) && rest.length === 0)
    return { domain, subscription, publisher, seq };
  throw commandErrors.USAGE(
    `"${text}" does not name a dead letter: it is domain/subscription/publisher/position, as "polder dead-letters list" writes it.`,
    { argument: text },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw commandErrors.USAGE(
      `--data is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { argument: "--data" },
      { cause },
    );
  }
}
