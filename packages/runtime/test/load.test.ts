import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

interface Told {
  readonly code?: string;
  readonly message: string;
  readonly details: { readonly path?: string; readonly problems: readonly { place: string; problem: string }[] };
  readonly domains?: readonly object[];
}

const fixtures = join(import.meta.dirname, "fixtures");

/** What loading a project in a folder comes to, in a process of its own. */
async function load(cwd: string, file?: string): Promise<Told> {
  const program = [
    "--conditions=source",
    join(import.meta.dirname, "load-child.ts"),
    ...(file === undefined ? [] : [file]),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, program, { cwd });
  return JSON.parse(stdout) as Told;
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "polder-load-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("a configuration", () => {
  test("that is nowhere: CONFIG_NOT_FOUND says where it was looked for", async () => {
    expect(await load(folder)).toMatchObject({ code: "CONFIG_NOT_FOUND", message: expect.stringContaining(folder) });
    const named = await load(folder, "other.config.ts");
    expect(named).toMatchObject({ code: "CONFIG_NOT_FOUND", details: { path: join(folder, "other.config.ts") } });
  });

  test("that cannot be read: CONFIG_INVALID says why and where", async () => {
    const { code, details } = await load(join(fixtures, "wrong-configs"), "syntax-error.config.mts");
    expect(code).toBe("CONFIG_INVALID");
    expect(details.problems).toHaveLength(1);
    expect(details.problems[0]?.problem).toContain("syntax-error.config.mts:3");
  });

  test("that exports nothing: CONFIG_INVALID says what to write", async () => {
    const { code, details } = await load(join(fixtures, "wrong-configs"), "no-default.config.mts");
    expect(code).toBe("CONFIG_INVALID");
    expect(details.problems).toEqual([
      { place: "default export", problem: "is missing; write export default defineConfig({ … })" },
    ]);
  });

  test("that is all wrong: CONFIG_INVALID names everything at once", async () => {
    const { code, message, details } = await load(join(fixtures, "wrong-configs"), "all-wrong.config.mts");
    expect(code).toBe("CONFIG_INVALID");
    const places = details.problems.map(({ place }) => place);
    expect(places).toEqual([
      "domain",
      "domains[0]",
      "domains[1]",
      "database",
      "http.ports",
      "http.host",
      "http.port",
      "urls.order",
      "urls.payment",
      "connectionsMax",
    ]);
    for (const place of places) expect(message).toContain(place);
  });

  test("is found from any folder below it", async () => {
    await symlink(join(import.meta.dirname, "../../../node_modules"), join(folder, "node_modules"));
    await mkdir(join(folder, "domains/tea/migrations"), { recursive: true });
    await writeFile(join(folder, "polder.config.ts"), 'export default { domains: ["domains/tea"] };\n');
    await writeFile(join(folder, "domains/tea/migrations/0001-tea.sql"), "create table tea (name text);\n");
    await writeFile(
      join(folder, "domains/tea/index.ts"),
      `import { domain, implement, team } from "@polder/model";
const owner = team("Tea", { contact: "#tea" });
export default implement(domain("tea", { owner, capability: "Make tea" }), {});\n`,
    );
    expect(await load(join(folder, "domains/tea/migrations"))).toEqual({ domains: [{ name: "tea", migrations: 1 }] });
  });
});

describe("domains", () => {
  test("that are wrong: DOMAINS_INVALID names all of them at once, each with its folder", async () => {
    const { code, details } = await load(join(fixtures, "wrong-domains"));
    expect(code).toBe("DOMAINS_INVALID");
    const expected: readonly (readonly [string, string])[] = [
      ["./nowhere", "there is no index.ts"],
      ["./no-entry", "there is no index.ts"],
      ["./syntax-error", "syntax-error/index.mts:2"],
      ["./syntax-error-inside", "handle-it.mts:1"],
      ["./wrong-import", "domian"],
      ["./missing-file", "forgotten.mts"],
      ["./throws", "settings.mts:3"],
      ["./no-default", "has no default export; write export default implement("],
      ["./other-default", "exports something else by default; write export default implement("],
      ["./missing-handler", 'apis["missing-handler"].here: has no handler'],
      ["./other-twin", 'declares the domain "twin", and so does ./twin'],
    ];
    expect(details.problems.map(({ place }) => place)).toEqual(expected.map(([place]) => place));
    for (const [place, problem] of expected) {
      expect(details.problems.find((found) => found.place === place)?.problem).toContain(problem);
    }
    const missing = details.problems.find(({ place }) => place === "./missing-handler");
    expect(missing?.problem).toContain('apis["missing-handler"].there: has no handler');
  });

  test("that need what nobody publishes: DOMAINS_INVALID names each need with the folder that has it", async () => {
    const { code, details } = await load(join(fixtures, "wrong-needs"));
    expect(code).toBe("DOMAINS_INVALID");
    expect(details.problems).toEqual([
      {
        place: "./wants-unpublished",
        problem: 'needs "publisher.Unsaid", which "publisher" does not publish; add it to "publishes" there',
      },
      { place: "./wants-old-version", problem: 'needs "publisher" at 1.0.0, which "publisher" does not publish' },
      {
        place: "./wants-stranger",
        problem:
          'needs the event "stranger.Said", but this project has no domain "stranger"; add its folder to "domains" of the configuration',
      },
    ]);
  });

  test("that call each other in a circle: DOMAINS_INVALID shows it, unless one of them works without the other", async () => {
    const circles = join(fixtures, "circles");
    const { code, details } = await load(circles);
    expect(code).toBe("DOMAINS_INVALID");
    expect(details.problems).toEqual([
      {
        place: "./order",
        problem:
          "is in a circle of calls: order calls inventory calls order. Let one of them follow the events of the other, or say essential: false for a need without which its domain works",
      },
    ]);
    const loaded = await load(circles, "without-inventory.config.mts");
    expect(loaded.domains).toHaveLength(3);
  });

  test("for which the configuration has an address too many: CONFIG_INVALID names it, and the domains there are", async () => {
    const { code, details } = await load(join(fixtures, "circles"), "unknown-url.config.mts");
    expect(code).toBe("CONFIG_INVALID");
    expect(details.problems).toEqual([
      {
        place: "urls.paymnet",
        problem: "names no domain that is here or needed here; there are report, order, payment, inventory",
      },
    ]);
  });
});
