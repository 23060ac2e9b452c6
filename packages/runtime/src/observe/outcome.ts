import type { CallAnswer } from "@polder/http";

/** How a call ended, as metrics tell it: what its caller did wrong is `rejected`, and no failure. */
export type CallOutcome = "answered" | "refused" | "rejected" | "failed";

/** How an answer is told: its outcome, and the refusal's name or the problem's code. */
export function outcomeOf(answer: CallAnswer): { readonly outcome: CallOutcome; readonly code: string } {
  switch (answer.kind) {
    case "answered":
      return { outcome: "answered", code: "" };
    case "refused":
      return { outcome: "refused", code: answer.refusal };
    case "failed":
      return { outcome: answer.problem.status < 500 ? "rejected" : "failed", code: answer.problem.code };
  }
}
