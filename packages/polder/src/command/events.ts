import { setTimeout as wait } from "node:timers/promises";
import { type BrowsedEvent, browseEvents, findEvent, listDeadLetters, logHead, subscriptionStatus } from "@polder/bus";
import { openProject, selectDomains } from "@polder/runtime";
import { commandErrors } from "../errors.ts";
import { exitCode, table } from "./output.ts";
import type { TailOptions, Work } from "./program.ts";

/** How often a tail looks for new events, in milliseconds. */
const LOOK_MS = 300;

/** `polder events tail`: a line an event; with `--json` an object a line. */
export function tailWork(options: TailOptions): Work {
  return async ({ config, cwd, env, json, streams, signal }) => {
    await using project = await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
    const { admin } = await project.database();
    const publishers = selectDomains(project.domains, options.domain).map(({ name }) => name);
    const filter = {
      ...(options.type === undefined ? {} : { type: options.type }),
      ...(options.key === undefined ? {} : { key: options.key }),
    };
    const write = (event: BrowsedEvent): void => streams.out(json ? `${JSON.stringify(event)}\n` : `${line(event)}\n`);

    const positions = new Map<string, bigint>();
    const newest: BrowsedEvent[] = [];
    for (const publisher of publishers) {
      // Where to go on from is taken first: what comes meanwhile is seen, not skipped.
      positions.set(publisher, await logHead(admin, publisher));
      newest.push(...(await browseEvents(admin, publisher, { ...filter, eventsMax: options.count })));
    }
    newest.sort((a, b) => a.at.getTime() - b.at.getTime());
    for (const event of newest.slice(-options.count)) {
      write(event);
      if (BigInt(event.seq) > (positions.get(event.publisher) ?? 0n)) positions.set(event.publisher, BigInt(event.seq));
    }
    while (options.follow && !signal.aborted) {
      for (const publisher of publishers) {
        for (const event of await browseEvents(admin, publisher, {
          ...filter,
          after: positions.get(publisher) ?? 0n,
          eventsMax: 1_000,
        })) {
          write(event);
          positions.set(publisher, BigInt(event.seq));
        }
      }
      await wait(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  };
}

/** `polder events show`. */
export function showWork(id: string): Work {
  return async ({ config, cwd, env }) => {
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
      throw commandErrors.USAGE(`"${id}" is no event's id; it is a UUID, as "polder events tail" writes it.`, {
        argument: id,
      });
    await using project = await openProject({ ...(config === undefined ? {} : { file: config }), from: cwd, env });
    const { admin } = await project.database();
    const event = await findEvent(
      admin,
      project.domains.map(({ name }) => name),
      id,
    );
    if (event === undefined)
      throw commandErrors.EVENT_UNKNOWN(
        `No log has an event ${id}. It may not be relayed yet, or be older than what is kept.`,
        { id },
      );
    const deliveries = [];
    for (const { name, implementation } of project.domains) {
      const wanted = new Set(
        implementation.subscriptions
          .filter(({ events }) => events.includes(event.type))
          .map((subscription) => subscription.name),
      );
      if (wanted.size === 0) continue;
      const parked = await listDeadLetters(admin, name, { all: true });
      for (const status of await subscriptionStatus(admin, name, (publisher) => logHead(admin, publisher))) {
        if (status.publisher !== event.publisher || !wanted.has(status.subscription)) continue;
        const letter = parked.find(
          ({ subscription, eventId }) => subscription === status.subscription && eventId === event.id,
        );
        const state =
          letter?.state === "dead"
            ? "dead letter"
            : letter?.state === "retry"
              ? "to be tried again"
              : BigInt(status.seq) >= BigInt(event.seq)
                ? "handled"
                : "not yet";
        deliveries.push({ subscription: `${name}.${status.subscription}`, state });
      }
    }
    const lines = [
      line(event),
      "",
      JSON.stringify(event.data, null, 2),
      ...(event.headers === null
        ? []
        : ["", ...Object.entries(event.headers).map(([name, value]) => `${name}: ${value}`)]),
      "",
      table(
        ["subscription", "state"],
        deliveries.map(({ subscription, state }) => [subscription, state]),
      ),
    ];
    return {
      data: { ...event, deliveries },
      text: lines.join("\n"),
      code: deliveries.some(({ state }) => state === "dead letter") ? exitCode.findings : exitCode.clean,
    };
  };
}

function line(event: BrowsedEvent): string {
  return `${event.at.toISOString()}  ${event.publisher}/${event.seq}  ${event.type}@${event.version}  key=${event.key}  ${event.id}`;
}
