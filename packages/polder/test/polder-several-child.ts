import { polderHere } from "./polder-here.ts";

// Runs commands one after the other, and writes how each has ended as a line of JSON.
const lines = JSON.parse(process.argv[2] ?? "") as readonly (readonly string[])[];
for (const args of lines) {
  const ended = await polderHere(args, { cwd: process.cwd(), env: process.env });
  process.stdout.write(`${JSON.stringify(ended)}\n`);
}
