import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { until } from "@polder/postgres/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jsonOf, polderAlone, startPolder } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";

let folder: ProjectFolder;

beforeEach(async () => {
  folder = await copyGuestbook();
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Whether the embedded server of the project runs. */
async function isServerRunning(): Promise<boolean> {
  const ours = join(folder.path, ".polder");
  const place = await readFile(join(ours, "postgres.location"), "utf8").catch(() => ours);
  return existsSync(join(place.trim(), "postgres/postmaster.pid"));
}

describe("polder dev without a database", () => {
  test("brings its own, says where all is, serves beside other commands, and leaves nothing running", async () => {
    await using dev = startPolder(["dev", "--gateway-port", "0"], { cwd: folder.path });
    const [, url = ""] = await dev.says(/gateway +(http:\S+)/);
    await dev.says(/Ctrl-C/);
    expect(dev.said().out).toMatch(
      /^\n {2}gateway {3}(http:\/\/127\.0\.0\.1:\d+)\n {2}a token {3}curl -s \1\/\.polder\/token -H accept:text\/plain -d subject=ada\n {2}APIs {6}http:\/\/127\.0\.0\.1:\d+, for domains\n {2}database {2}postgres:\/\/postgres@127\.0\.0\.1:\d+\/postgres, its password is in \.polder\/secrets\n {2}domains {3}guestbook, welcome\n\n {2}Ctrl-C stops\.\n\n$/,
    );
    const answer = await fetch(`${url}/guestbook/v1/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ guest: "Ada", words: "Hello" }),
    });
    expect(answer.status).toBe(200);
    await using tail = startPolder(["events", "tail"], { cwd: folder.path });
    await tail.says(/guestbook\.Signed@1\.0\.0 {2}key=Ada/);
    tail.child.kill("SIGINT");
    expect((await tail.ended).code).toBe(0);
    dev.child.kill("SIGINT");
    const ended = await dev.ended;
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(await isServerRunning()).toBe(false);
    const secrets = JSON.parse(await readFile(join(folder.path, ".polder/secrets"), "utf8")) as Record<string, string>;
    expect(Object.keys(secrets).length).toBeGreaterThan(2);
    for (const secret of Object.values(secrets)) expect(ended.out + ended.err).not.toContain(secret);
    for (const line of ended.err.trimEnd().split("\n")) expect(line.length).toBeLessThan(200);
    // The data is still there for the next time, also for other commands.
    const status = await polderAlone(["subscriptions", "--json"], { cwd: folder.path });
    expect(jsonOf(status)).toMatchObject({ ok: true, data: [{ subscription: "greet-guests", seq: "1", lag: 0 }] });
    expect(await isServerRunning()).toBe(false);
  });

  test("puts domains into databases of their own where the configuration says so", async () => {
    await folder.edit("polder.config.ts", ["  gateway:", '  databases: { welcome: "embedded:welcome" },\n  gateway:']);
    await using dev = startPolder(["dev", "--gateway-port", "0", "--no-watch", "--json"], { cwd: folder.path });
    const [, url = ""] = await dev.says(/"gateway":"([^"]+)"/);
    expect(dev.said().out).toMatch(/"databases":\["postgres:[^"]+\/postgres","postgres:[^"]+\/welcome"\]/);
    const body = JSON.stringify({ guest: "Ada", words: "Hello" });
    const headers = { "content-type": "application/json" };
    expect((await fetch(`${url}/guestbook/v1/entries`, { method: "POST", headers, body })).status).toBe(200);
    const greeted = async () => (await fetch(`${url}/welcome/v1/greeted`)).json();
    await until(async () => JSON.stringify(await greeted()) === '{"guests":["Ada"]}', "she is greeted");
    dev.child.kill("SIGINT");
    expect(await dev.ended).toMatchObject({ code: 0 });
    expect(await isServerRunning()).toBe(false);
  });

  test("writes one object with --json; a second SIGINT cleans up as well", async () => {
    await using dev = startPolder(["dev", "--gateway-port", "0", "--no-watch", "--json"], { cwd: folder.path });
    await dev.says(/"ok":true/);
    dev.child.kill("SIGINT");
    dev.child.kill("SIGINT");
    const ended = await dev.ended;
    expect([0, 3]).toContain(ended.code);
    expect(jsonOf(ended)).toMatchObject({
      ok: true,
      command: "dev",
      data: {
        url: expect.any(String),
        gateway: expect.any(String),
        password: ".polder/secrets",
        domains: ["guestbook", "welcome"],
      },
    });
    expect(await isServerRunning()).toBe(false);
  });

  test("that cannot start cleans up what it had started", async () => {
    await folder.write("domains/welcome/migrations/0002-wrong.sql", "alter table nothing add column x int;\n");
    const ended = await polderAlone(["dev", "--gateway-port", "0"], { cwd: folder.path });
    expect(ended).toMatchObject({ code: 3, out: "", err: expect.stringContaining("MIGRATION_FAILED, see ") });
    expect(await isServerRunning()).toBe(false);
  });
});
