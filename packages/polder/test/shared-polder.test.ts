import { afterAll, beforeAll, expect, test } from "vitest";
import { polderAlone } from "./polder-process.ts";
import { copyGuestbook, type ProjectFolder } from "./project-folder.ts";
import { polder } from "./shared-polder.ts";

// Commands share a process in other tests; whether they do must make no difference.

let folder: ProjectFolder;

beforeAll(async () => {
  folder = await copyGuestbook();
});
afterAll(() => folder[Symbol.asyncDispose]());

test("a command finds the project as it is now, and what it writes is its own", async () => {
  const domains = () => polder(["domains"], { cwd: folder.path });
  expect((await domains()).out).toContain("Greet those who come");
  await folder.edit("domains/welcome/domain.ts", ["Greet those who come", "Say hello"]);
  expect((await domains()).out).toContain("Say hello");
  await folder.edit("teams.ts", ["import", 'import "./more.ts";\nimport']);
  expect(await domains()).toMatchObject({ code: 2, err: expect.stringContaining("more.ts") });
  await folder.write(
    "more.ts",
    'console.log(process.cwd(), process.env["COLOUR"]);\nprocess.emitWarning("hear, hear");\n',
  );
  const env = { COLOUR: "blue" };
  const shared = await polder(["domains"], { cwd: folder.path, env });
  expect(shared.out).toContain(`${folder.path} blue\n`);
  expect(shared.err).toContain("hear, hear");
  const alone = await polderAlone(["domains"], { cwd: folder.path, env });
  expect(alone.out.split("\n").toSorted()).toEqual(shared.out.split("\n").toSorted());
});

test("a command that would not end is a failure", async () => {
  await folder.write("more.ts", "setInterval(() => undefined, 1_000);\n");
  await expect(polder(["domains"], { cwd: folder.path })).rejects.toThrow("would not end");
});
