#!/usr/bin/env node
import { runProgram } from "./command/program.ts";

// The one place that knows of the process: signals in, exit code out.
const soft = new AbortController();
const hard = new AbortController();
const stop = (name: NodeJS.Signals): void => {
  if (soft.signal.aborted) hard.abort(new Error(`${name} came twice`));
  soft.abort(new Error(name));
};
process.on("SIGINT", stop);
process.on("SIGTERM", stop);

process.exitCode = await runProgram(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  streams: { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
  signal: soft.signal,
  hardSignal: hard.signal,
});
process.off("SIGINT", stop);
process.off("SIGTERM", stop);
