import type { Team } from "@polder/model";

/** A team as documents name whom to ask: by address where its contact is one, otherwise in words. */
export function contactOf({ name, contact }: Team): Readonly<Record<string, string>> {
  if (/^https?:\/\/\S+$/.test(contact)) return { name, url: contact };
  if (/^[^\s@]+@[^\s@]+$/.test(contact)) return { name, email: contact };
  return { name: `${name} (${contact})` };
}
