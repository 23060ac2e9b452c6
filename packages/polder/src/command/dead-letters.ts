import {
  busErrors,
  discardDeadLetter,
  findDeadLetter,
  type LetterName,
  listDeadLetters,
  type ParkedLetter,
  retryDeadLetter,
} from "@polder/bus";
import { type Project, selectDomains } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { CommandInput, CommandResult, Work } from "./work.ts";

/** `polder dead-letters list`: exit code 1 when there are any. */
export function listWork(options: { readonly domain?: readonly string[]; readonly all?: boolean }): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const domains = selectDomains(project.domains, options.domain);
    const { adminOf } = await provisionedDatabase(project);
    const letters: ParkedLetter[] = [];
    for (const { name } of domains)
      letters.push(...(await listDeadLetters(adminOf(name), name, { all: options.all === true })));
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
      code: letters.some(({ state }) => state === "dead") ? exitCode.findings : exitCode.clean,
    };
  };
}

/** `polder dead-letters show`. */
export function showWork(text: string): Work {
  return async (input) => {
    const name = parseName(text);
    await using project = await openLetterProject(input, name);
    const { adminOf } = await provisionedDatabase(project);
    const letter = await findDeadLetter(adminOf(name.domain), name);
    if (letter === undefined) {
      throw busErrors.DEAD_LETTER_UNKNOWN(
        `There is no dead letter ${text}. List them with "polder dead-letters list --all"; it may have been handled meanwhile.`,
        name,
      );
    }
    const { data, error, ...rest } = letter;
    const lines = Object.entries(rest).map(
      ([field, value]) => `${field.padEnd(12)} ${value instanceof Date ? value.toISOString() : String(value)}`,
    );
    return {
      data: { letter: text, ...letter },
      text: `${lines.join("\n")}\n\n${error}\n\n${JSON.stringify(data, null, 2)}`,
    };
  };
}

/** `polder dead-letters retry`. */
export function retryWork(text: string, options: { readonly data?: string }): Work {
  return async (input) => {
    const replaced = options.data === undefined ? {} : { data: parseJson(options.data) };
    return await change(input, text, {
      change: (project, name) => retryDeadLetter(project.adminOf(name.domain), name, replaced),
      result: { data: { letter: text, state: "retry" }, text: `${text} is tried again.` },
    });
  };
}

/** `polder dead-letters discard`. */
export function discardWork(text: string): Work {
  return async (input) =>
    await change(input, text, {
      change: (database, name) => discardDeadLetter(database.adminOf(name.domain), name),
      result: {
        data: { letter: text, state: "discard" },
        text: `${text} is passed over; later events of its key go on.`,
      },
    });
}

interface Change {
  readonly change: (database: Awaited<ReturnType<Project["database"]>>, name: LetterName) => Promise<void>;
  readonly result: CommandResult;
}

async function change(input: CommandInput, text: string, { change: apply, result }: Change): Promise<CommandResult> {
  const name = parseName(text);
  await using project = await openLetterProject(input, name);
  await apply(await provisionedDatabase(project), name);
  return result;
}

async function openLetterProject(input: CommandInput, { domain }: LetterName): Promise<Project> {
  const project = await openCommandProject(input);
  selectDomains(project.domains, [domain]);
  return project;
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
