/** The answer to a call that must not be refused; throws with the refusal when it is. */
export function answerOf<Value>(outcome: { readonly ok: true; readonly value: Value } | RefusedCall): Value {
  if (outcome.ok) return outcome.value;
  throw new Error(`refused: ${outcome.refusal} ${JSON.stringify(outcome.details)}`);
}

interface RefusedCall {
  readonly ok: false;
  readonly refusal: string;
  readonly details: unknown;
}
