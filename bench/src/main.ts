import { parseArgs } from "node:util";
import type { Benchmark } from "./benchmark.ts";
import { calls } from "./calls/calls.ts";
import { contracts } from "./contracts/contracts.ts";
import { events } from "./events/events.ts";
import { fanout } from "./fanout/fanout.ts";
import { commit, machine } from "./machine.ts";
import { observe } from "./observe/observe.ts";
import { json, page, type Result } from "./print.ts";
import { reads } from "./reads/reads.ts";
import { saga } from "./saga/saga.ts";
import { start } from "./start/start.ts";

const benchmarks: readonly Benchmark[] = [calls, contracts, events, fanout, observe, reads, saga, start];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
});
const benchmark = benchmarks.find(({ name }) => name === positionals[0]);

if (benchmark === undefined) {
  const list = benchmarks.map(({ name, purpose }) => `  ${name.padEnd(9)} ${purpose}`);
  console.error(["npm run bench -- <name> [--json] [--quick]", "", ...list].join("\n"));
  process.exitCode = 2;
} else {
  const at = new Date().toISOString();
  const interrupting = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => interrupting.abort(new Error(`${name} came before the end`)));
  }
  const { postgres, ...measured } = await benchmark.run({
    quick: values.quick,
    signal: interrupting.signal,
    progress: (text) => process.stderr.write(`${text}\n`),
  });
  const result: Result = { name: benchmark.name, at, commit: commit(), machine: machine(postgres), ...measured };
  process.stdout.write(values.json ? `${json(result)}\n` : page(result));
}
