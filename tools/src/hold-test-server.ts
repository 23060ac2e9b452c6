import { testServer } from "@polder/postgres/testing";

// Keeps the PostgreSQL of a test run alive until its standard input ends.
await using _server = await testServer();
process.stdout.write("ready\n");
for await (const _chunk of process.stdin);
