import type { CallTransport } from "@polder/http";
import { isPolderError } from "@polder/model";
import type { MadeCall } from "./host-metrics.ts";
import { outcomeOf } from "./outcome.ts";

/** Carries calls as another transport does, and tells how each of them ended. */
export function measuredTransport(
  transport: CallTransport,
  { caller, told }: { readonly caller: string; readonly told: (call: MadeCall) => void },
): CallTransport {
  return {
    call: async (request, options) => {
      const { api, operation, version } = request;
      const begunMs = performance.now();
      const tell = (ended: Pick<MadeCall, "outcome" | "code">): void =>
        told({ caller, api, operation, version, ...ended, seconds: (performance.now() - begunMs) / 1_000 });
      try {
        const answer = await transport.call(request, options);
        tell(outcomeOf(answer));
        return answer;
      } catch (error) {
        tell({ outcome: "failed", code: isPolderError(error) ? error.code : "UNEXPECTED" });
        throw error;
      }
    },
  };
}
