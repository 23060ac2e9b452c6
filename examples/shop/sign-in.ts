import { type Authorize, DEV_TOKEN_PATH } from "polder";

/** A token is used for this long, in milliseconds; it holds for an hour. */
const TOKEN_MS = 30 * 60_000;

/** Signs simulated customers in at the gateway of a shop that runs for development: they order, and stock the shop as well. */
export function signIn(gateway: string): Authorize {
  let headers: Readonly<Record<string, string>> = {};
  let askAgainAtMs = 0;
  return async () => {
    if (performance.now() < askAgainAtMs) return headers;
    const body = new URLSearchParams({
      subject: "simulated-customers",
      scope: "catalog.write prices.write stock.write",
    });
    const answer = await fetch(gateway + DEV_TOKEN_PATH, { method: "POST", body, headers: { accept: "text/plain" } });
    if (!answer.ok)
      throw new Error(`the gateway at ${gateway} gives no tokens: it answered with status ${answer.status}`);
    headers = { authorization: `Bearer ${await answer.text()}` };
    askAgainAtMs = performance.now() + TOKEN_MS;
    return headers;
  };
}
