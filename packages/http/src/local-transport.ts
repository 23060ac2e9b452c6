import { bodyTooLarge } from "./body-too-large.ts";
import type { CallAnswer, CallTransport } from "./call.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { jsonTextOf } from "./json.ts";
import { problemOf } from "./problem.ts";

/**
 * Carries calls inside one process, as the wire would: input and answer are copied through JSON, so
 * that caller and handler share no object, limits hold, and errors are the same problem documents.
 * What a caller can do here it can do when the two are parted.
 */
export function localTransport(dispatcher: Dispatcher): CallTransport {
  const { inputBytesMax } = dispatcher.limits;
  return {
    call: async (request, { deadlineMs, signal }) => {
      const input = jsonTextOf(request.input, `The input of ${request.api}.${request.operation}`);
      if (Buffer.byteLength(input) > inputBytesMax)
        return { kind: "failed", problem: problemOf(bodyTooLarge(inputBytesMax)) };
      const travelling = { ...request, input: JSON.parse(input) as unknown, headers: { ...request.headers } };
      const answer = await dispatcher.dispatch(travelling, { deadlineMs, signal });
      return JSON.parse(JSON.stringify(answer)) as CallAnswer;
    },
  };
}
