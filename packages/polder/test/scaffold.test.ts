import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { polderHere } from "./polder-here.ts";
import { type Ended, jsonOf } from "./polder-process.ts";
import { polder, polderEach } from "./shared-polder.ts";

const modules = join(import.meta.dirname, "../../../node_modules");
let opened: AsyncDisposableStack;
let folder: string;

beforeEach(async () => {
  opened = new AsyncDisposableStack();
  folder = await mkdtemp(join(tmpdir(), "polder-scaffold-"));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
});
afterEach(() => opened.disposeAsync());

const run = (args: string): Promise<Ended> => polder(args.split(" "), { cwd: folder });

async function init(args = ""): Promise<void> {
  expect(await polderHere(`init${args}`.split(" "), { cwd: folder })).toMatchObject({ code: 0, err: "" });
  await symlink(modules, join(folder, "node_modules"));
}

/** Runs a program of the workspace on the project; what it says when it fails is in the error. */
async function program(name: string, ...args: readonly string[]): Promise<string> {
  const path = name === "node" ? process.execPath : join(modules, ".bin", name);
  const env = { ...process.env, NODE_OPTIONS: "--conditions=source" };
  try {
    return (await promisify(execFile)(path, args, { cwd: folder, env })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${name} ${args.join(" ")}\n${stdout}\n${stderr}`, { cause: error });
  }
}

async function isSound(): Promise<void> {
  await program("tsc", "--customConditions", "source", "--incremental", "false");
  await writeFile(
    join(folder, "biome.jsonc"),
    (await readFile(join(modules, "../biome.jsonc"), "utf8")).replace(
      '"enabled": true, "clientKind"',
      '"enabled": false, "clientKind"',
    ),
  );
  await program("biome", "check", "--error-on-warnings");
  await rm(join(folder, "biome.jsonc"));
}

/** Runs the project's tests; gives how many have passed. */
async function passed(...files: readonly string[]): Promise<number> {
  const said = await program("node", "--test", "--test-reporter=tap", ...files);
  return Number(/^# pass (\d+)$/m.exec(said)?.[1]);
}

/** Has the catalogue answer page by page, and tell of more, as its owner would write it. */
async function publishPages(): Promise<void> {
  const catalog = join(folder, "domains/product-catalog");
  const rewrite = async (path: string, change: (text: string) => string): Promise<void> => {
    const text = await readFile(path, "utf8");
    const changed = change(text);
    expect(changed).not.toBe(text);
    await writeFile(path, changed);
  };
  await rewrite(
    join(catalog, "contract.ts"),
    (text) => `${text.replace(
      /items: query\([\s\S]*?\n {6}\}\),/,
      `items: query("GET /items", {
        input: z.object({ from: z.string().optional() }),
        output: z.object({
          found: z.array(
            z.object({
              id: z.uuid(),
              label: z.string(),
              pieces: z.int(),
              order: z.enum(["first", "last"]).optional(),
            }),
          ),
          next: z.string().nullable(),
        }),
        pages: { after: "from", items: "found", next: "next" },
      }),`,
    )}
export const ItemRetired = event("product-catalog.ItemRetired", {
  key: "id",
  versions: { "1.0.0": z.object({ id: z.uuid(), reason: z.string() }) },
});

export const ItemPriced = event("product-catalog.ItemPriced", {
  key: "id",
  versions: {
    "1.0.0": z.object({
      id: z.uuid(),
      unitPrice: z.number(),
      order: z.enum(["first", "last"]).nullable(),
      note: z.string().optional(),
      tags: z.array(z.string()),
      pricedAt: z.iso.datetime(),
      hasDiscount: z.boolean(),
    }),
  },
});
`,
  );
  await rewrite(join(catalog, "domain.ts"), (text) =>
    text
      .replace("import { ProductCatalog, ", "import { ItemPriced, ItemRetired, ProductCatalog, ")
      .replace("publishes: [", "publishes: [ItemPriced, ItemRetired, "),
  );
  await rewrite(join(catalog, "list-items.ts"), (text) =>
    text.replace(
      "return { items: [...items] };",
      "return { found: items.map((item) => ({ ...item, pieces: 1 })), next: null };",
    ),
  );
  await rewrite(join(folder, "test/product-catalog.test.ts"), (text) =>
    text.replace('{ items: [{ id, label: "first" }] }', '{ found: [{ id, label: "first", pieces: 1 }], next: null }'),
  );
}

describe("polder init and new", () => {
  test("make a project with one of each, which compiles, lints and passes its tests at once", async () => {
    expect(await run("init")).toMatchObject({ code: 0, err: "" });
    await symlink(modules, join(folder, "node_modules"));
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining([
        ".gitignore",
        "domains",
        "package.json",
        "polder.config.ts",
        "teams.ts",
        "test",
        "tsconfig.json",
      ]),
    );
    await isSound();
    expect(await passed()).toBe(2);

    const domain = await run("new domain product-catalog --json");
    expect(domain.code).toBe(0);
    expect(jsonOf(domain)).toMatchObject({
      ok: true,
      data: {
        made: expect.arrayContaining(["domains/product-catalog/contract.ts"]),
        changed: ["polder.config.ts"],
        byHand: [],
      },
    });
    for (const args of [
      "api product-catalog.reports",
      "event product-catalog.ItemRetired",
      "subscription notes/watch-catalog --event product-catalog.ProductCatalogAdded",
      "subscription notes/watch-retired --event product-catalog.ItemRetired",
    ]) {
      const ended = await run(`new ${args}`);
      expect(ended).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^Made\n[\s\S]*\n\nNext\n/) });
      expect(ended.out).not.toContain("To do by hand");
    }
    await isSound();
    expect(await passed()).toBe(8);
    const domains = await run("domains");
    expect(domains.out).toContain("subscribes  watch-catalog, watch-retired");
    expect(domains.out).toContain("product-catalog.reports@1.0.0");
  }, 120_000);

  test("make read models and replicas, which compile, lint and pass their tests at once", async () => {
    await init();
    for (const domain of ["product-catalog", "shelf"])
      expect(await run(`new domain ${domain}`)).toMatchObject({ code: 0 });
    await publishPages();
    const events = "product-catalog.ProductCatalogAdded,product-catalog.ItemRetired";
    for (const args of [
      `read-model shelf/offers --events ${events},product-catalog.ItemPriced,shelf.ShelfAdded,notes.NotesAdded`,
      "read-model shelf/shelf --events notes.NotesAdded",
      `replica shelf/catalog-item --events ${events}`,
      `replica notes/priced-item --events product-catalog.ItemPriced --events product-catalog.ProductCatalogAdded`,
      "subscription shelf/watch-retired --event product-catalog.ItemRetired",
    ]) {
      const ended = await run(`new ${args}`);
      expect(ended, args).toMatchObject({ code: 0, err: "", out: expect.stringMatching(/^Made\n[\s\S]*\n\nNext\n/) });
      expect(ended.out, args).not.toContain("To do by hand");
    }
    const made = (name: string) => readFile(join(folder, "domains", name), "utf8");
    // Words of two domains that may mean two things stay apart.
    expect(await made("shelf/offers.ts")).toContain("      notes_label text\n");
    expect(await made("shelf/catalog-item.ts")).toContain("(data) => gone({ id: data.id })");
    // What no event tells of is not kept.
    expect(await made("shelf/catalog-item.ts")).not.toContain("pieces");
    expect(await made("notes/priced-item.ts")).toContain('columns: { label: "text", order: "text null" }');
    await isSound();
    // The tests that were there before pass without the owner of the replica.
    expect(await passed()).toBe(6 + 4 + 1 + 3 + 3 + 1);
  }, 240_000);

  test("make no replica where the owner does not give what it takes", async () => {
    await init();
    expect(await run("new domain shelf")).toMatchObject({ code: 0 });
    const before = await readFile(join(folder, "domains/shelf/domain.ts"), "utf8");
    const refused = await run("new replica shelf/note --events notes.NotesAdded");
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toContain('"notes" has no query from which the replica could be filled');
    expect(refused.err).toContain("docs/replicas.md");
    expect(await readFile(join(folder, "domains/shelf/domain.ts"), "utf8")).toBe(before);
    expect(await readdir(join(folder, "domains/shelf"))).not.toContain("note.ts");
  });

  test("take names that code keeps for itself", async () => {
    await init(" --domain event");
    expect(await run("new domain class")).toMatchObject({ code: 0 });
    expect(await run("new subscription class/new --event event.EventAdded")).toMatchObject({ code: 0 });
    await isSound();
    expect(await passed("test/class-new.test.ts")).toBe(1);
  }, 120_000);

  test("write over no file: what is there stays, and nothing else is made", async () => {
    await writeFile(join(folder, "package.json"), "{}\n");
    await writeFile(join(folder, "teams.ts"), "mine\n");
    const refused = await run("init");
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toContain("  - teams.ts\n");
    expect((await readdir(folder)).sort()).toEqual(["package.json", "teams.ts"]);
    await rm(join(folder, "teams.ts"));
    const made = await run("init");
    expect(made).toMatchObject({ code: 0, out: expect.stringContaining("package.json is there already") });
    expect(made.out).toContain('"test": "node --test"');
    expect(await readFile(join(folder, "package.json"), "utf8")).toBe("{}\n");
    await symlink(modules, join(folder, "node_modules"));
    const before = await readFile(join(folder, "domains/notes/contract.ts"), "utf8");
    expect(await run("new domain notes")).toMatchObject({
      code: 2,
      err: expect.stringContaining("domains/notes/contract.ts"),
    });
    expect(await run("new event notes.NotesAdded")).toMatchObject({
      code: 2,
      err: expect.stringContaining("has something of the name NotesAdded"),
    });
    expect(await readFile(join(folder, "domains/notes/contract.ts"), "utf8")).toBe(before);
  });

  test("say what is to be done by hand where a file is written in another way", async () => {
    await init();
    await writeFile(
      join(folder, "polder.config.ts"),
      'const domains = ["./domains/notes"];\nexport default { domains };\n',
    );
    const made = await run("new domain orders");
    expect(made.code).toBe(0);
    expect(made.out).toContain('To do by hand\n  in polder.config.ts, put "./domains/orders" into "domains: [ … "');
  });

  test("refuse names that are none", async () => {
    const mistakes = [
      ["init --domain Notes", "is not a domain's name"],
      ["init --domain public", "is reserved"],
      ["new domain pg-x", "is reserved"],
      ["new api notes", "is no API's name"],
      ["new api notes.Reports", "is no API's name"],
      ["new api nobody.reports", "DOMAIN_UNKNOWN"],
      ["new event notes.closed", "is no event's name"],
      ["new subscription notes/Watch --event notes.NotesAdded", "is no subscription's name"],
      ["new subscription notes/watch --event notes.Nothing", "publishes no event"],
      ["new read-model notes/List --events notes.NotesAdded", "is no name of a read model or replica"],
      ["new read-model notes/list --events notes.NotesAdded", "has its own tables"],
      ["new read-model notes/item --events notes.NotesAdded", 'is a table of "notes" already'],
      ["new read-model notes/list --events other.NotesAdded", "DOMAIN_UNKNOWN"],
      ["new read-model notes/list --events notes.NotesAdded,notes.NotesAdded", "twice"],
      ["new replica notes/list --events notes.NotesAdded", "has its own tables"],
      ["new replica notes/list --events notes.NotesAdded,other.NotesAdded", "holds the data of one domain"],
      [`new subscription notes/${"a".repeat(64)} --event notes.NotesAdded`, "longer than 63"],
    ] as const;
    await init();
    const all = await polderEach(
      mistakes.map(([args]) => args),
      { cwd: folder },
    );
    for (const [index, [args, reason]] of mistakes.entries()) {
      const refused = { code: 2, out: "", err: expect.stringContaining(reason) };
      expect(all[index], args).toMatchObject(refused);
    }
  });
});

test("a new project depends on the versions that Polder is tested with", async () => {
  await init();
  const read = async (path: string) => JSON.parse(await readFile(path, "utf8")) as Manifest;
  const [made, root, own] = await Promise.all([
    read(join(folder, "package.json")),
    read(join(modules, "../package.json")),
    read(join(import.meta.dirname, "../package.json")),
  ]);
  expect(made.dependencies).toEqual({ polder: own.version, zod: own.devDependencies["zod"] });
  expect(made.devDependencies).toEqual({
    "@types/node": root.devDependencies["@types/node"],
    typescript: root.devDependencies["typescript"],
  });
});

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}
