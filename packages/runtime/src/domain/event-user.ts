import type { DeliveredEvent, User } from "@polder/model";

/** The header of an event that says on whose behalf it was published; beside those of its trace. */
const USER_HEADER = "polder-user";

/** The headers of an event with the user among them, if there is one. */
export function withUser(headers: string | null, user: User | undefined): string | null {
  if (user === undefined) return headers;
  const others = headers === null ? {} : (JSON.parse(headers) as object);
  return JSON.stringify({ ...others, [USER_HEADER]: user });
}

/** The user that an event's headers name; none where they name none, or something else wrote them. */
export function userOf(headers: string | null): { readonly user?: User } {
  // Most events are on nobody's behalf: looking is cheaper than parsing.
  if (headers?.includes(USER_HEADER) !== true) return {};
  const named = (JSON.parse(headers) as Readonly<Record<string, Partial<User> | null>>)[USER_HEADER];
  const { subject, issuer } = named ?? {};
  return typeof subject === "string" && typeof issuer === "string" ? { user: { subject, issuer } } : {};
}

/** The user on whose behalf all of these were published; none where they differ. */
export function commonUser(events: readonly Pick<DeliveredEvent, "user">[]): User | undefined {
  const user = events[0]?.user;
  const isSame = events.every((event) => event.user?.subject === user?.subject && event.user?.issuer === user?.issuer);
  return isSame ? user : undefined;
}
