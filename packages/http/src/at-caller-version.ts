import type { CallRequest } from "./call.ts";
import { answerTooLarge, conclude } from "./conclude.ts";
import type { Executed } from "./execute.ts";
import { jsonTextOf } from "./json.ts";
import type { ServedOperation } from "./operation-table.ts";

/** An input that is valid at the caller's major, as the handler knows it: at the newest version. */
export async function raiseInput(
  { conversion }: ServedOperation,
  input: unknown,
  { key }: Pick<CallRequest, "key">,
): Promise<unknown> {
  if (conversion === undefined) return input;
  // By the input as it came a repeated command is known, so no converter may change that.
  return await conversion.raiseInput(key === undefined ? input : structuredClone(input));
}

/** Holds what a handler answered against the newest version, and gives it at the caller's major. */
export async function concludeForCaller(
  route: ServedOperation,
  answer: unknown,
  answerBytesMax: number,
): Promise<Executed> {
  const { api, conversion, handler } = route;
  if (conversion === undefined) return await conclude(route, answer, answerBytesMax);
  const { operation, declared } = handler;
  const executed = await conclude({ api, operation, declared }, answer, answerBytesMax);
  const lowered: Executed =
    executed.kind === "answered"
      ? { kind: "answered", output: await conversion.lowerOutput(executed.output) }
      : { kind: "refused", ...(await conversion.lowerRefusal(executed)) };
  const text = jsonTextOf(lowered.kind === "answered" ? lowered.output : lowered.details, `The answer of ${api}`);
  if (Buffer.byteLength(text) > answerBytesMax) throw answerTooLarge(route, answerBytesMax);
  return lowered;
}
