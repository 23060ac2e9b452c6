import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { polderHere } from "./polder-here.ts";
import { jsonOf, polderAlone } from "./polder-process.ts";

const here = { cwd: import.meta.dirname };

const commands = [
  "",
  "init",
  "new",
  "new domain",
  "new api",
  "new event",
  "new subscription",
  "new read-model",
  "new replica",
  "dev",
  "start",
  "provision",
  "migrate",
  "domains",
  "subscriptions",
  "contracts",
  "contracts freeze",
  "contracts list",
  "contracts can-retire",
  "contracts retire",
  "contracts check",
  "contracts diff",
  "contracts impact",
  "contracts push",
  "owners",
  "doctor",
  "trace",
  "contracts",
  "contracts docs",
  "events",
  "events tail",
  "events show",
  "events replay",
  "completion",
  "dead-letters",
  "dead-letters list",
  "dead-letters show",
  "dead-letters retry",
  "dead-letters discard",
  "sagas",
  "sagas list",
  "sagas show",
  "sagas resume",
  "sagas abort",
  "read-models",
  "read-models list",
  "read-models rebuild",
  "read-models switch",
  "read-models drop",
  "keys",
  "keys list",
  "keys rotate",
  "keys retire",
];

const words = (text: string): readonly string[] => text.split(" ").filter((word) => word !== "");

describe("help", () => {
  test.each(commands)("of polder %s is what the documentation shows", async (command) => {
    const documented = await readFile(join(import.meta.dirname, "../../../docs/command.md"), "utf8");
    const { code, out, err } = await polderHere([...words(command), "--help"], here);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(documented).toContain(`\n\`\`\`text\n${out}\`\`\`\n`);
    // Every command below this one has its help there as well.
    const below = /^Commands:\n(?<list>(?: .*\n)+)/m.exec(out)?.groups?.["list"] ?? "";
    const named = [...below.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => `${command} ${match[1]}`.trim());
    for (const name of named) if (!name.endsWith("help")) expect(commands).toContain(name);
  });
});

describe("what is no command is refused", () => {
  test.each([
    ["nope", "unknown command 'nope'"],
    ["dev --nope", "unknown option '--nope'"],
    ["--nope", "unknown option '--nope'"],
    ["events nope", "unknown command 'nope'"],
    ["events show", "missing required argument 'id'"],
    ["events show one two", "too many arguments"],
    ["events tail --count 0", "from 1 to 1000"],
    ["events tail --count many", "from 1 to 1000"],
    ["start --port 70000", "from 0 to 65535"],
    ["start --log loud", "Allowed choices are json, text"],
    ["start --domain ,", "at least one name"],
    ["new replica support/title --events ,", "at least one name"],
    ["contracts docs --server here", "Each is a URL"],
    ["keys rotate --delay 90000", "from 0 to 86400"],
    ["dead-letters retry", "missing required argument 'letter'"],
    ["sagas show", "missing required argument 'saga'"],
    ["read-models rebuild", "missing required argument 'name'"],
  ])("polder %s", async (command, reason) => {
    const ended = await polderHere(words(command), here);
    expect(ended).toMatchObject({ code: 2, out: "" });
    expect(ended.err).toContain(reason);
    expect(ended.err).toContain("USAGE, see docs/errors/USAGE.md");
    const json = await polderHere([...words(command), "--json"], here);
    expect(json).toMatchObject({ code: 2, err: "" });
    expect(jsonOf(json)).toMatchObject({
      ok: false,
      error: { code: "USAGE", message: expect.stringContaining(reason) },
    });
  });

  test.each(["", "contracts", "events", "dead-letters", "sagas", "keys"])(
    "polder %s without a command shows its help",
    async (command) => {
      const ended = await polderHere(words(command), here);
      expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining("Usage: polder") });
    },
  );

  test.each([
    ["events show nope", "is no event's id"],
    ["dead-letters show nope", "does not name a dead letter"],
    ["dead-letters retry a/b/c/d", "does not name a dead letter"],
    ["dead-letters retry a/b/c/1 --data {", "--data is not JSON"],
    ["sagas show order", "does not name a saga"],
    ["sagas abort order//key", "does not name a saga"],
  ])("polder %s: before anything is looked up", async (command, reason) => {
    const ended = await polderHere(words(command), {
      ...here,
      env: { DATABASE_URL: "postgres://127.0.0.1:1/nothing" },
    });
    expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining(reason) });
    expect(ended.err).toContain("USAGE, see docs/errors/USAGE.md");
  });
});

describe("a process of its own says the same", () => {
  test.each(["--help", "events --help", "", "events", "nope", "nope --json", "events show nope"])(
    "polder %s",
    async (command) => {
      expect(await polderAlone(words(command), here)).toEqual(await polderHere(words(command), here));
    },
  );
});
