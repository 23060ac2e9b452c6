import { type DomainPlace, importPath, type TestCast } from "./domain-place.ts";

interface Piece {
  readonly place: DomainPlace;
  /** The full name of the API or of the event. */
  readonly name: string;
  /** Of the contract in code. */
  readonly constant: string;
}

interface Tested {
  /** The path of the test. */
  readonly test: string;
  readonly cast: TestCast;
}

/** The handler of a new API. */
export function apiHandler({ name, place, constant, run }: Piece & { readonly run: string }): string {
  return `import { handler } from "polder";
import { ${constant} } from "./contract.ts";
import { ${place.constant} } from "./domain.ts";

export const ${run} = handler(${place.constant}, ${constant}.describe, async () => ({
  text: "Say here what ${name} tells",
}));
`;
}

/** The test of a new API. */
export function apiTest({
  name,
  place,
  test,
  cast,
  constant,
  part,
}: Piece & Tested & { readonly part: string }): string {
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { ${["answerOf", ...cast.helpers, "startTestHost"].join(", ")} } from "polder/testing";
${[`import { ${constant} } from "${importPath(test, place.contract)}";`, ...cast.imports].toSorted(byModule).join("\n")}

test("${name} tells what it is", async () => {
  await using running = await startTestHost({
    from: import.meta.dirname,
    implementations: [${cast.implementations}],
  });
  const { text } = answerOf(await running.client(${constant}, "1.0.0").describe({}));
  assert.match(text, /${part}/);
});
`;
}

/** What a new subscription does. */
export function subscriptionHandler({
  event,
  place,
  run,
  subscription,
}: Pick<Piece, "place"> & { readonly event: string; readonly run: string; readonly subscription: string }): string {
  return `import { subscription } from "polder";
import { ${place.constant} } from "./domain.ts";

/** What it writes with tx and how far it has come commit together: every event is handled once. */
export const ${run} = subscription(${place.constant}, "${subscription}", {
  "${event}": async ({ event, log }) => {
    log.info("to be handled", { id: event.id, key: event.key });
  },
});
`;
}

/** What the test of a new subscription is written of. */
interface TestedSubscription extends Tested, Omit<Piece, "name"> {
  readonly event: string;
  readonly publisher: DomainPlace;
  readonly subscription: string;
  /** A payload of the event, as code. */
  readonly example: string;
}

/** The test of a new subscription. */
export function subscriptionTest(tested: TestedSubscription): string {
  const { event, place, publisher, test, cast, constant, subscription, example } = tested;
  return `import assert from "node:assert/strict";
import { test } from "node:test";
import { standInFor, startTestHost } from "polder/testing";
${[`import { ${constant} } from "${importPath(test, publisher.contract)}";`, ...cast.imports].toSorted(byModule).join("\n")}

test("${subscription} handles ${event}", async () => {
  await using running = await startTestHost({
    from: import.meta.dirname,
    implementations: [${cast.implementations}],
  });
  await running.publish(${constant}, ${example});
  await running.settled();
  assert.deepEqual(await running.database.parked("${place.loaded.name}"), []);
});
`;
}

/** Lines that import contracts, one line for each file, among others. */
export function importsOf(
  contracts: readonly { readonly name: string; readonly from: string }[],
  others: readonly string[],
): string {
  const lines = [...new Set(contracts.map(({ from }) => from))].map((file) => {
    const names = contracts.filter(({ from }) => from === file).map(({ name }) => name);
    return `import { ${names.toSorted().join(", ")} } from "${file}";`;
  });
  return [...lines, ...others].toSorted(byModule).join("\n");
}

function byModule(a: string, b: string): number {
  const module = (line: string): string => line.slice(line.indexOf(" from "));
  return module(a) < module(b) ? -1 : Number(module(a) > module(b));
}
