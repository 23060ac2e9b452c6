#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Before anything else is loaded: it spares the next run the work of parsing.
enableCompileCache();
const { runProgram } = await import("./command/program.ts");

// The one place that knows of the process: signals in, exit code out.
const soft = new AbortController();
const hard = new AbortController();
const signals = ["SIGINT", "SIGTERM"] as const;
/** npm passes on what the terminal has sent to everybody already: under npm, what comes this soon is the same signal, in milliseconds. */
const SAME_SIGNAL_MS = process.env["npm_lifecycle_event"] === undefined ? 0 : 250;
let softAtMs = 0;
const stop = (name: NodeJS.Signals): void => {
  if (!soft.signal.aborted) {
    softAtMs = performance.now();
    soft.abort(new Error(name));
    return;
  }
  if (performance.now() - softAtMs < SAME_SIGNAL_MS) return;
  // The third one ends the process, whatever it is at.
  for (const signal of signals) process.off(signal, stop);
  hard.abort(new Error(`${name} came twice`));
};
for (const signal of signals) process.on(signal, stop);

// Whoever reads us, such as head(1), may have read enough. Without a reader of its log a host goes on.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  soft.abort(error);
});
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), {
  cwd: process.cwd(),
  env: process.env,
  streams: { out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text) },
  signal: soft.signal,
  hardSignal: hard.signal,
});
for (const signal of signals) process.off(signal, stop);
