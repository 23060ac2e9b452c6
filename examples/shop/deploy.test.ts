import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { validate } from "dockerfile-utils";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

const read = (path: string): Promise<string> => readFile(join(import.meta.dirname, path), "utf8");

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[];
          readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
        }[];
      };
    };
  };
}

/** The type of each kind of object, of the API of Kubernetes itself. */
const types: Readonly<Record<string, string>> = {
  Job: "batch/v1",
  Deployment: "apps/v1",
  Service: "core/v1",
  PodDisruptionBudget: "policy/v1",
};

async function manifests(): Promise<readonly Manifest[]> {
  const documents = parseAllDocuments(await read("deploy/kubernetes.yaml"));
  expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  return documents.map((document) => document.toJS() as Manifest);
}

test("the Containerfile has no mistake, and runs as somebody who is not root", async () => {
  const text = await read("deploy/Containerfile");
  expect(validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`)).toEqual([]);
  expect(/^USER (\d+):\d+$/m.exec(text)?.[1]).not.toBe("0");
  const { engines } = JSON.parse(await read("../../package.json")) as { engines: object };
  expect(engines).toBeDefined();
  expect([...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(
    Array.from({ length: 3 }, () => "docker.io/library/node:24-bookworm-slim"),
  );
  const ignored = (await read("../../.dockerignore")).split("\n");
  expect(ignored).toEqual(expect.arrayContaining([".git", "**/.polder", "**/node_modules", "**/dist"]));
});

test("the objects of Kubernetes are of their types", async () => {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "polder-kubernetes-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  await symlink(join(import.meta.dirname, "../../node_modules"), join(folder, "node_modules"));
  const lines = (await manifests()).map(
    (manifest, index) =>
      `export const o${index}: import("kubernetes-types/${types[manifest.kind]}").${manifest.kind} = ${JSON.stringify(manifest)};`,
  );
  expect(lines).toHaveLength(4);
  await writeFile(join(folder, "objects.ts"), lines.join("\n"));
  const tsc = join(import.meta.dirname, "../../node_modules/.bin/tsc");
  const options = ["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler", "--skipLibCheck"];
  await promisify(execFile)(tsc, [...options, "objects.ts"], { cwd: folder });
}, 60_000);

test("what runs is given the time to end what is under way, and every domain its password", async () => {
  const deployment = (await manifests()).find(({ kind }) => kind === "Deployment");
  const { containers, terminationGracePeriodSeconds } = deployment?.spec.template.spec ?? { containers: [] };
  const drainMs = Number(
    /STOP_MS = ([\d_]+);/
      .exec(await read("../../packages/polder/src/dev/run-until-stopped.ts"))?.[1]
      ?.replaceAll("_", ""),
  );
  const waits = containers[0]?.lifecycle.preStop.sleep.seconds ?? 0;
  expect(terminationGracePeriodSeconds).toBeGreaterThan(waits + drainMs / 1_000);
  const folders = [...(await read("polder.config.ts")).matchAll(/"\.\/domains\/(\w+)"/g)].map(([, name]) => name ?? "");
  expect(folders).toHaveLength(9);
  const names = containers[0]?.env.map(({ name }) => name) ?? [];
  expect(names).toEqual(expect.arrayContaining(folders.map((name) => `POLDER_SECRET_${name.toUpperCase()}_APP`)));
  const unit = await read("deploy/polder-shop.service");
  expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])).toBeGreaterThan(drainMs / 1_000);
});

test("no secret stands in a file", async () => {
  for (const { spec } of await manifests()) {
    for (const { env = [] } of spec.template?.spec.containers ?? []) {
      const open = env.filter(({ name, value }) => /DATABASE_URL|SECRET/.test(name) && value !== undefined);
      expect(open).toEqual([]);
    }
  }
});

test("systemd takes the unit", async (context) => {
  try {
    execFileSync("systemd-analyze", ["--version"], { stdio: "ignore" });
  } catch {
    context.skip("needs systemd-analyze");
  }
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "polder-systemd-"));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, "polder-shop.service");
  // It looks whether the program is there.
  await writeFile(path, (await read("deploy/polder-shop.service")).replace("/usr/bin/node", process.execPath));
  const { stdout, stderr } = await promisify(execFile)("systemd-analyze", ["verify", path]);
  expect(`${stdout}${stderr}`.split("\n").filter((line) => line.includes("polder-shop"))).toEqual([]);
});
