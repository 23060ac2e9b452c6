import { runProgram } from "../src/command/program.ts";
import type { Ended } from "./polder-process.ts";

/**
 * Runs a command inside this process: for what is answered before a project is loaded, such as help and refusals of
 * usage, many of which would otherwise start a process each. Modules of a project would stay loaded here.
 */
export async function polderHere(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string | undefined>> },
): Promise<Ended> {
  const said = { out: "", err: "" };
  const hear = (stream: keyof typeof said) => (text: string) => {
    said[stream] += text;
  };
  const never = new AbortController().signal;
  const code = await runProgram(args, {
    cwd,
    env,
    streams: { out: hear("out"), err: hear("err") },
    signal: never,
    hardSignal: never,
  });
  return { code, signal: null, ...said };
}
