import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { BankChildPlace } from "./bank-child.ts";

/** Bank in a process of its own. Disposing it kills it. */
export interface BankProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  /** Kills it without notice, and resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** Starts Bank in a process of its own; resolves when it listens. */
export async function startBankProcess(place: BankChildPlace): Promise<BankProcess> {
  const child = fork(join(import.meta.dirname, "bank-child.ts"), [JSON.stringify(place)], {
    execArgv: ["--conditions=source"],
  });
  const gone = once(child, "exit");
  const failed = gone.then(([code]): never => {
    throw new Error(`Bank ended with ${code} before it listened.`);
  });
  // Looked at only until it listens.
  failed.catch(() => undefined);
  const [message] = (await Promise.race([once(child, "message"), failed])) as [{ readonly url: string }];
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
  };
  return { child, url: message.url, port: Number(new URL(message.url).port), kill, [Symbol.asyncDispose]: kill };
}
