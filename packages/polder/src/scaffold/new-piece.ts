import { existsSync } from "node:fs";
import { join } from "node:path";
import { domainNameProblems, domainOf, eventNameProblems, subscriptionNameProblems } from "@polder/model";
import type { Project } from "@polder/runtime";
import type { Changes } from "./changes.ts";
import { domainFiles } from "./domain-files.ts";
import { beginEdits, changesOf, domainPlace, exportWhere, importPath, testCast } from "./domain-place.ts";
import { codeOf } from "./example-value.ts";
import { camelCase, kebabCase, pascalCase, refuseNames } from "./names.ts";
import { apiHandler, apiTest, subscriptionHandler, subscriptionTest } from "./piece-files.ts";
import { exampleOf, needContract, publishedEventPlace } from "./published-contract.ts";

/** A new domain with its first test. */
export async function newDomain(project: Project, name: string): Promise<Changes> {
  refuseNames(domainNameProblems(name, "name"));
  const { directory, path } = project.loaded;
  const edits = beginEdits(directory);
  const teams = join(directory, "teams.ts");
  const owner = existsSync(teams) ? await exportWhere(teams, (value) => value["kind"] === "team") : undefined;
  const files = domainFiles(name, owner ?? "owner");
  if (owner === undefined) edits.leave('in teams.ts, export const owner = team("…", { contact: "…" })');
  await edits.putInto(path, "domains: [", JSON.stringify(`./domains/${name}`));
  return changesOf(edits, inProject(directory, files), [
    `name what really happens in domains/${name}, beginning with contract.ts`,
    `node --test test/${name}.test.ts`,
  ]);
}

/** A further API of a domain, `domain.part`, with one query and its test. */
export async function newApi(project: Project, name: string): Promise<Changes> {
  const [domain = "", part = "", ...rest] = name.split(".");
  refuseNames([
    ...domainNameProblems(domain, "name"),
    ...(rest.length === 0 && domainNameProblems(part, "name").length === 0
      ? []
      : [
          {
            place: "name",
            problem: `"${name}" is no API's name: the domain, a point and a word, such as "order.reports"`,
          },
        ]),
  ]);
  const place = await domainPlace(project, domain);
  const { directory } = project.loaded;
  const edits = beginEdits(directory);
  const constant = `${pascalCase(domain)}${pascalCase(part)}`;
  const run = `describe${pascalCase(part)}`;
  const file = `describe-${part}.ts`;
  await edits.append(
    place.contract,
    constant,
    `export const ${constant} = api("${name}", {
  versions: {
    "1.0.0": {
      describe: query("GET /description", { output: z.object({ text: z.string() }) }),
    },
  },
});
`,
  );
  await edits.importInto(place.contract, "polder", ["api", "query"]);
  await edits.importInto(place.contract, "zod", ["z"]);
  await edits.importInto(place.domain, "./contract.ts", [constant]);
  await edits.putInto(place.domain, "publishes: [", constant);
  await edits.importInto(place.index, `./${file}`, [run]);
  await edits.putInto(place.index, "apis: {", `"${name}": { describe: ${run} }`);
  const test = join(directory, "test", `${kebabCase(name)}.test.ts`);
  const cast = await testCast(project, { place, test });
  const make = new Map([
    [join(place.loaded.folder, file), apiHandler({ name, place, constant, run })],
    [test, apiTest({ name, place, test, cast, constant, part })],
  ]);
  return changesOf(edits, make, [`node --test test/${kebabCase(name)}.test.ts`]);
}

/** A further event of a domain, with a test that publishes it. */
export async function newEvent(project: Project, name: string): Promise<Changes> {
  refuseNames(eventNameProblems(name, "name"));
  const domain = domainOf(name);
  const constant = name.slice(domain.length + 1);
  const place = await domainPlace(project, domain);
  const { directory } = project.loaded;
  const edits = beginEdits(directory);
  await edits.append(
    place.contract,
    constant,
    `export const ${constant} = event("${name}", {
  key: "id",
  versions: { "1.0.0": z.object({ id: z.uuid() }) },
});
`,
  );
  await edits.importInto(place.contract, "polder", ["event"]);
  await edits.importInto(place.contract, "zod", ["z"]);
  await edits.importInto(place.domain, "./contract.ts", [constant]);
  await edits.putInto(place.domain, "publishes: [", constant);
  const test = join(directory, "test", `${kebabCase(name)}.test.ts`);
  const make = new Map([
    [
      test,
      `import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { standInFor, startTestHost } from "polder/testing";
import { ${constant} } from "${importPath(test, place.contract)}";
import { ${place.constant} } from "${importPath(test, place.domain)}";

test("${name} is published as its contract says", async () => {
  await using running = await startTestHost({
    from: import.meta.dirname,
    implementations: [standInFor(${place.constant})],
  });
  const data = { id: randomUUID() };
  await running.publish(${constant}, data);
  await running.settled();
  assert.deepEqual(await running.database.events("${domain}"), [{ type: "${name}", data }]);
});
`,
    ],
  ]);
  return changesOf(edits, make, [
    `publish it where it happens: tx.publish(${constant}, { … })`,
    `node --test test/${kebabCase(name)}.test.ts`,
  ]);
}

/** A subscription of a domain, `domain/name`, to an event of another one, with its test. */
export async function newSubscription(project: Project, name: string, event: string): Promise<Changes> {
  const [domain = "", subscription = "", ...rest] = name.split("/");
  refuseNames([
    ...(rest.length === 0
      ? []
      : [{ place: "name", problem: `"${name}" has more than one slash; write domain/subscription` }]),
    ...domainNameProblems(domain, "name"),
    ...subscriptionNameProblems(subscription, "name"),
    ...eventNameProblems(event, "--event"),
  ]);
  const place = await domainPlace(project, domain);
  const { publisher, published, constant } = await publishedEventPlace(project, event, "--event");
  const edits = beginEdits(project.loaded.directory);
  const run = camelCase(subscription);
  await needContract(edits, place, { publisher, published, constant });
  await edits.importInto(place.index, `./${subscription}.ts`, [run]);
  await edits.putInto(place.index, "subscriptions: [", run);
  const test = join(project.loaded.directory, "test", `${domain}-${subscription}.test.ts`);
  const cast = await testCast(project, { place, test, besides: domain === domainOf(event) ? [] : [domainOf(event)] });
  const example = codeOf(exampleOf(published));
  const make = new Map([
    [join(place.loaded.folder, `${subscription}.ts`), subscriptionHandler({ event, place, run, subscription })],
    [test, subscriptionTest({ event, place, publisher, test, cast, constant, subscription, example })],
  ]);
  return changesOf(edits, make, [
    `write what it does in ${subscription}.ts`,
    "polder provision gives the domain the right to read the event; polder dev does it by itself",
    `node --test test/${domain}-${subscription}.test.ts`,
  ]);
}

function inProject(directory: string, files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(files).map(([path, text]) => [join(directory, path), text]));
}
