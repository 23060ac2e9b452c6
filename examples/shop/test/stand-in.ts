import {
  api,
  command,
  createClient,
  type Domain,
  domain,
  type EventInput,
  type Host,
  handler,
  type Implementation,
  implement,
} from "polder";
import { z } from "zod";

/**
 * Stands in for a domain that others listen to: it has the domain's name and its events, and does nothing but to
 * publish what it is told. So a domain is tested by itself, with news of any kind and in any order.
 */
export function standInFor(declared: Domain): Implementation {
  const events = declared.publishes.filter((contract) => contract.kind === "event");
  const told = toldApi(declared.name);
  const standIn = domain(declared.name, { ...declared, aggregates: [], publishes: [told, ...events], needs: [] });
  const publish = handler(standIn, told.publish, async ({ input, tx }) => {
    const event = events.find(({ name }) => name === input.name);
    if (event === undefined) throw new Error(`${declared.name} does not publish ${input.name}`);
    tx.publish(event, input.data);
  });
  return implement(standIn, { apis: { [told.name]: { publish } } });
}

/** Has the stand-in of its domain publish an event. */
export async function publish<E extends { readonly kind: "event"; readonly name: string }>(
  host: Host,
  event: E,
  data: EventInput<E>,
): Promise<void> {
  const [publisher = ""] = event.name.split(".", 1);
  const client = createClient(toldApi(publisher), "1.0.0", { transport: host.transport });
  await client.publish({ name: event.name, data: data as Record<string, unknown> });
}

function toldApi(domainName: string) {
  const input = z.object({ name: z.string(), data: z.record(z.string(), z.unknown()) });
  return api(`${domainName}.told`, { versions: { "1.0.0": { publish: command("POST /events", { input }) } } });
}
