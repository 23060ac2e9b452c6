import { type ProjectDatabase, selectDomains } from "@polder/runtime";
import { abortSaga, listSagas, resumeSaga, type SagaName, type SagaStatus, showSaga } from "@polder/sagas";
import { commandErrors } from "../errors.ts";
import { openCommandProject, provisionedDatabase } from "./command-project.ts";
import { exitCode } from "./exit-code.ts";
import { table } from "./output.ts";
import type { CommandInput, CommandResult, Work } from "./work.ts";

/** The options of `polder sagas list`. */
export interface ListSagasOptions {
  readonly domain?: readonly string[];
  readonly all?: boolean;
  readonly stuck?: boolean;
}

/** `polder sagas list`: exit code 1 when one stands still. */
export function listWork({ domain, ...options }: ListSagasOptions): Work {
  return async (input) => {
    await using project = await openCommandProject(input);
    const domains = selectDomains(project.domains, domain);
    const { adminOf } = await provisionedDatabase(project);
    const sagas: SagaStatus[] = [];
    for (const { name } of domains) sagas.push(...(await listSagas(adminOf(name), name, options)));
    const rows = sagas.map((saga) => [
      nameOf(saga),
      stateOf(saga),
      saga.startedAt.toISOString(),
      (saga.stuck ?? saga.reason ?? "").split("\n", 1)[0]?.slice(0, 100) ?? "",
    ]);
    return {
      data: sagas.map((saga) => ({ name: nameOf(saga), ...saga })),
      text: rows.length === 0 ? "No sagas." : table(["saga", "state", "started", "why"], rows),
      code: sagas.some(({ stuck }) => stuck !== null) ? exitCode.findings : exitCode.clean,
    };
  };
}

/** `polder sagas show`. */
export function showWork(text: string): Work {
  return async (input) =>
    await withSaga(input, text, async (admin, name) => {
      const saga = await showSaga(admin, name);
      const steps = saga.steps.map(({ name: step, kind, state, attempts, error }) => [
        step,
        kind,
        state,
        String(attempts),
        error?.split("\n", 1)[0]?.slice(0, 100) ?? "",
      ]);
      const lines = [
        `state    ${stateOf(saga)}`,
        `started  ${saga.startedAt.toISOString()}`,
        ...(saga.endedAt === null ? [] : [`ended    ${saga.endedAt.toISOString()}`]),
        ...(saga.reason === null ? [] : [`reason   ${saga.reason.split("\n", 1)[0]}`]),
        `input    ${JSON.stringify(saga.input)}`,
        `answer   ${JSON.stringify(saga.answer)}`,
        ...saga.events.map(({ name: event, eventId }) => `event    ${event} ${eventId}`),
        ...(saga.stuck === null ? [] : ["", saga.stuck]),
        "",
        steps.length === 0 ? "No step yet." : table(["step", "kind", "state", "attempts", "error"], steps),
      ];
      return { data: { name: text, ...saga }, text: lines.join("\n") };
    });
}

/** `polder sagas resume`. */
export function resumeWork(text: string): Work {
  return async (input) =>
    await withSaga(input, text, async (admin, name) => {
      await resumeSaga(admin, name);
      return { data: { name: text }, text: `${text} goes on.` };
    });
}

/** `polder sagas abort`. */
export function abortWork(text: string, { reason }: { readonly reason: string }): Work {
  return async (input) =>
    await withSaga(input, text, async (admin, name) => {
      await abortSaga(admin, name, reason);
      return { data: { name: text, reason }, text: `${text} is taken back.` };
    });
}

type Admin = ReturnType<ProjectDatabase["adminOf"]>;

async function withSaga(
  input: CommandInput,
  text: string,
  run: (admin: Admin, name: SagaName) => Promise<CommandResult>,
): Promise<CommandResult> {
  const name = parseName(text);
  await using project = await openCommandProject(input);
  selectDomains(project.domains, [name.domain]);
  const { adminOf } = await provisionedDatabase(project);
  return await run(adminOf(name.domain), name);
}

function nameOf({ domain, saga, key }: SagaName): string {
  return `${domain}/${saga}/${key}`;
}

function stateOf({ state, stuck, isHeld, wakeAt, endedAt }: SagaStatus): string {
  if (endedAt !== null) return state;
  if (stuck !== null) return `${state}, stands still`;
  if (isHeld) return `${state}, at work`;
  return `${state}, goes on at ${wakeAt.toISOString()}`;
}

/** A key may have slashes. */
function parseName(text: string): SagaName {
  const [domain, saga, ...key] = text.split("/");
  if (domain && saga && key.join("/") !== "") return { domain, saga, key: key.join("/") };
  throw commandErrors.USAGE(
    `"${text}" does not name a saga: it is domain/saga/key, as "polder sagas list" writes it.`,
    { argument: text },
  );
}
