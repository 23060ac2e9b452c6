import { codeNames } from "./names.ts";

/** The files of a new domain and its first test, by path relative to the project; `owner` is a team of `teams.ts`. */
export function domainFiles(domain: string, owner: string): Readonly<Record<string, string>> {
  const { constant, pascal, name } = codeNames(domain);
  const folder = `domains/${name}`;
  const key = JSON.stringify(name);
  const member = /^[a-z][a-z0-9]*$/.test(name) ? name : key;
  return {
    [`${folder}/contract.ts`]: `import { api, command, event, query } from "polder";
import { z } from "zod";

/** Published when something was added. Name what really happens in this domain. */
export const ${pascal}Added = event("${name}.${pascal}Added", {
  key: "id",
  versions: { "1.0.0": z.object({ id: z.uuid(), label: z.string() }) },
});

/** What others may ask this domain for. */
export const ${pascal} = api(${key}, {
  versions: {
    "1.0.0": {
      add: command("POST /items", {
        input: z.object({ label: z.string().min(1).max(100) }),
        output: z.object({ id: z.uuid() }),
        refusals: { LabelTaken: z.object({ label: z.string() }) },
      }),
      items: query("GET /items", {
        output: z.object({ items: z.array(z.object({ id: z.uuid(), label: z.string() })) }),
      }),
    },
  },
});
`,
    [`${folder}/domain.ts`]: `import { aggregate, domain } from "polder";
import { ${owner} } from "../../teams.ts";
import { ${pascal}, ${pascal}Added } from "./contract.ts";

export const ${constant} = domain(${key}, {
  ${owner === "owner" ? "owner" : `owner: ${owner}`},
  capability: "Say here in a few words what the business gets from ${name}",
  aggregates: [aggregate("Item", { root: "item" })],
  publishes: [${pascal}, ${pascal}Added],
  needs: [],
});
`,
    ...handlerFiles(domain),
    [`${folder}/index.ts`]: `import { implement } from "polder";
import { addItem } from "./add-item.ts";
import { ${constant} } from "./domain.ts";
import { listItems } from "./list-items.ts";

export default implement(${constant}, {
  apis: {
    ${member}: { add: addItem, items: listItems },
  },
  subscriptions: [],
});
`,
    [`${folder}/migrations/0001-item.sql`]: `create table item (
  id uuid primary key,
  label text not null unique,
  added_at timestamptz not null default now()
);
`,
    [`test/${name}.test.ts`]: domainTest(domain),
  };
}

function handlerFiles(domain: string): Readonly<Record<string, string>> {
  const { constant, pascal, name } = codeNames(domain);
  const folder = `domains/${name}`;
  return {
    [`${folder}/add-item.ts`]: `import { randomUUID } from "node:crypto";
import { handler } from "polder";
import { ${pascal}, ${pascal}Added } from "./contract.ts";
import { ${constant} } from "./domain.ts";

export const addItem = handler(${constant}, ${pascal}.add, async ({ input, tx, refuse }) => {
  const { label } = input;
  const id = randomUUID();
  const { count } = await tx.sql\`
    insert into item (id, label)
    values (\${id}, \${label})
    on conflict (label) do nothing
  \`;
  if (count === 0) return refuse("LabelTaken", { label });
  tx.publish(${pascal}Added, { id, label });
  return { id };
});
`,
    [`${folder}/list-items.ts`]: `import { handler } from "polder";
import { ${pascal} } from "./contract.ts";
import { ${constant} } from "./domain.ts";

export const listItems = handler(${constant}, ${pascal}.items, async ({ tx }) => {
  const items = await tx.sql<{ id: string; label: string }>\`
    select id, label
    from item
    order by label
    limit 1000
  \`;
  return { items: [...items] };
});
`,
  };
}

function domainTest(domain: string): string {
  const { constant, pascal, name } = codeNames(domain);
  return `import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { answerOf, startTestHost, type TestHost } from "polder/testing";
import { ${pascal} } from "../domains/${name}/contract.ts";
import ${constant} from "../domains/${name}/index.ts";

let running: TestHost;
before(async () => {
  running = await startTestHost({ from: import.meta.dirname, implementations: [${constant}] });
});
after(() => running[Symbol.asyncDispose]());

test("what is added is there, and is told once", async () => {
  const client = running.client(${pascal}, "1.0.0");
  const { id } = answerOf(await client.add({ label: "first" }));
  assert.deepEqual(answerOf(await client.items({})), { items: [{ id, label: "first" }] });
  await running.settled();
  assert.deepEqual(await running.database.events("${name}"), [
    { type: "${name}.${pascal}Added", data: { id, label: "first" } },
  ]);
});

test("what is there already is refused", async () => {
  const again = await running.client(${pascal}, "1.0.0").add({ label: "first" });
  assert.deepEqual(again, { ok: false, refusal: "LabelTaken", details: { label: "first" } });
});
`;
}
