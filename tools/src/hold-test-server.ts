import { rm } from "node:fs/promises";
import { testServer } from "@polder/postgres/testing";

// Keeps the PostgreSQL of a test run alive until its standard input ends, and then removes the folder that it is told.
const [, , directory] = process.argv;
// Ctrl-C comes to all processes of a terminal; this one ends after those that need it.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => undefined);
{
  await using _server = await testServer();
  process.stdout.write("ready\n");
  for await (const _chunk of process.stdin);
}
if (directory !== undefined) await rm(directory, { recursive: true, force: true });
