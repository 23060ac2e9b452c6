import { conversionFailed } from "@polder/contracts";
import type { CallRequest } from "./call.ts";
import { answerTooLarge, conclude } from "./conclude.ts";
import type { Executed } from "./execute.ts";
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
  const { api, version, conversion, handler } = route;
  if (conversion === undefined) return await conclude(route, answer, answerBytesMax);
  const { operation, declared } = handler;
  const executed = await conclude({ api, operation, declared }, answer, answerBytesMax);
  const isAnswered = executed.kind === "answered";
  const lowered: Executed = isAnswered
    ? { kind: "answered", output: await conversion.lowerOutput(executed.output) }
    : { kind: "refused", ...(await conversion.lowerRefusal(executed)) };
  const converter = `${conversion.last}.${isAnswered ? "output" : "refusals"}`;
  const bytes = bytesOf(lowered.kind === "answered" ? lowered.output : lowered.details, { converter, version });
  if (bytes > answerBytesMax) throw answerTooLarge(route, answerBytesMax);
  return lowered;
}

/** How long a converted answer is as JSON. What was converted was JSON, so what is none any more comes from the converter. */
function bytesOf(
  value: unknown,
  { converter, version }: { readonly converter: string; readonly version: string },
): number {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? "null");
  } catch (cause) {
    throw conversionFailed(converter, version, [{ pointer: "", problem: "cannot be written as JSON" }], cause);
  }
}
